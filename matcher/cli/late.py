"""Commands read in when they are called, so that help and each command load only what they use."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from importlib import import_module
from typing import Any, ClassVar, Literal, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from matcher.cli.starting import ended_by_interrupt

MARKUP: Literal["rich"] = "rich"


class Late(NamedTuple):
    """Where a command is, and the first sentence of what it does, as the list of commands says it.

    The function has the name of the command, with underscores for hyphens.
    """

    module: str
    sentence: str


class LateCommand(TyperCommand):
    """A command of which only the name and one sentence are known until it is called.

    Parameters
    ----------
    name
        Its name on the command line.
    late
        Where it is.
    """

    def __init__(self, name: str, late: Late) -> None:
        super().__init__(name, help=late.sentence, rich_markup_mode=MARKUP)
        self._known_as, self._late = name, late

    @cached_property
    def loaded(self) -> Any:
        """The command itself, with its arguments and options."""
        with ended_by_interrupt():
            module = import_module(self._late.module)
        alone = typer.Typer(
            add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=MARKUP
        )
        alone.command(self._known_as)(getattr(module, self._known_as.replace("-", "_")))
        return typer.main.get_command(alone)

    def make_context(self, *words: Any, **more: Any) -> Any:
        """Return what the command itself makes of its arguments."""
        return self.loaded.make_context(*words, **more)


class LateGroup(TyperGroup):
    """All commands of one entry point."""

    late: ClassVar[Mapping[str, Late]] = {}

    def __init__(self, *, commands: Any = None, **more: Any) -> None:
        known = {name: LateCommand(name, late) for name, late in self.late.items()}
        super().__init__(commands={**known, **(commands or {})}, **more)


def group_of(commands: Mapping[str, Late]) -> type[LateGroup]:
    """Return the kind of group that has these commands, by name."""
    return type("Commands", (LateGroup,), {"late": commands})
