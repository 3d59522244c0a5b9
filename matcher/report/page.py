"""The few building blocks that every page is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich import box
from rich.console import Group, JustifyMethod, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

HEADING = "bold"
QUIET = "dim"
GOOD = "green"
ALERT = "bold yellow"
WRONG = "bold red"
INDENT = 2
BLANK = Text("")


def heading(text: str) -> Text:
    """Return a line that opens a section."""
    return Text(text, style=HEADING)


def note(text: str, style: str = "") -> Padding:
    """Return a paragraph, indented."""
    return Padding(Text(text, style=style), (0, 0, 0, INDENT))


def notes(texts: Iterable[str], style: str = "") -> Group:
    """Return paragraphs as a list with dashes."""
    grid = Table.grid(padding=(0, 1))
    for text in texts:
        grid.add_row(Text("-", style=style), Text(text, style=style))
    return Group(Padding(grid, (0, 0, 0, INDENT)))


def facts(pairs: Iterable[tuple[str, str | Text]]) -> Padding:
    """Return names with their values, one a line."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style=QUIET, no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in pairs:
        grid.add_row(name, value)
    return Padding(grid, (0, 0, 0, INDENT))


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str | Text]],
    *,
    right: Sequence[str] = (),
    whole: Sequence[str] = (),
    narrow: Mapping[str, int] | None = None,
) -> Padding:
    """Return a table, indented.

    Parameters
    ----------
    columns
        Headings.
    rows
        Cells of each row, one a column.
    right
        Columns of figures: set to the right and never broken.
    whole
        Columns of words that are never broken.
    narrow
        Columns that take no more than so many characters.
    """
    grid = Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        header_style=QUIET,
        padding=(0, 1, 0, 0),
    )
    for column in columns:
        grid.add_column(
            column,
            justify="right" if column in right else "left",
            no_wrap=column in right or column in whole,
            max_width=(narrow or {}).get(column),
        )
    for row in rows:
        grid.add_row(*row)
    return Padding(grid, (0, 0, 0, INDENT))


def listing(rows: Iterable[Sequence[str | Text]], *, right: Sequence[int] = ()) -> Padding:
    """Return rows without headings, indented; only the last cell of a row is ever broken.

    Parameters
    ----------
    rows
        Cells of each row.
    right
        Columns, by number, of figures, set to the right.
    """
    lines = list(rows)
    grid = Table.grid(padding=(0, 2))
    last = len(lines[0]) - 1 if lines else -1
    for column in range(last + 1):
        justify: JustifyMethod = "right" if column in right else "left"
        grid.add_column(justify=justify, no_wrap=column < last)
    for row in lines:
        grid.add_row(*row)
    return Padding(grid, (0, 0, 0, INDENT))


def cut(text: str, style: str = "") -> Text:
    """Return a text that ends in an ellipsis where its line does."""
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")


def section(title: str, *parts: RenderableType) -> Group:
    """Return a heading and what stands under it, with a blank line after."""
    return Group(heading(title), *parts, BLANK)


def page(parts: Iterable[RenderableType]) -> Group:
    """Return parts one under another."""
    return Group(*parts)
