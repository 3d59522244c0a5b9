"""Exit codes, failures in words, and output that somebody stops reading."""

from __future__ import annotations

import io
import json
import runpy
import sys
from pathlib import Path

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from matcher import __version__
from matcher.cli import app, enquiries, entry, main, screen
from matcher.cli.books import close_ids, suggesting
from matcher.cli.failures import explain_failure
from matcher.cli.progress import ShownProgress, stopping_gently
from matcher.errors import BadInputError, DataSourceError, Fault, UnknownIdError
from matcher.model import Book
from matcher.report import faults
from matcher.result import Progress, Report, Stage
from tests.breaking import SAMPLE
from tests.builders import AS_OF
from tests.matcher.cli.conftest import Command


class _Closed(io.StringIO):
    """A stream whose reader has gone."""

    def write(self, text: str) -> int:
        """Fail as a pipe does that nobody reads."""
        if text:
            raise BrokenPipeError(32, "Broken pipe")
        return 0


# -- entry -------------------------------------------------------------------------------------


def test_the_version_is_the_package_version(carematch: Command) -> None:
    """--version prints one line and is done."""
    ran = carematch("--version")
    assert (ran.code, ran.out) == (0, f"carematch {__version__}\n")


def test_nothing_at_all_shows_the_help(carematch: Command) -> None:
    """Without arguments every command is listed."""
    ran = carematch()
    assert ran.code == 0
    assert all(name in ran.out for name in entry.COMMANDS)


@pytest.mark.parametrize("name", sorted(entry.COMMANDS))
def test_every_command_explains_itself(name: str) -> None:
    """Each command has a help page that says what it does and knows --json."""
    told = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "120"})
    assert told.exit_code == 0
    assert "--json" in told.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["shortlist", str(SAMPLE)], "REQUEST"),  # an argument is missing
        (["shortlst"], "shortlist"),  # no such command, but one is close
        (["check", str(SAMPLE), "--colour"], "--colour"),  # no such option
        (["allocate", str(SAMPLE), "--out", "x", "--method", "magic"], "exact"),  # no such method
        (["allocate", str(SAMPLE), "--out", "x", "--seconds", "0"], "0.1"),  # no time at all
    ],
)
def test_usage_errors_say_what_is_wrong(
    carematch: Command, arguments: list[str], told: str
) -> None:
    """A command that cannot be understood gives exit code 2, its usage and no traceback."""
    ran = carematch(*arguments)
    assert ran.code == 2
    assert told in ran.err
    assert "Usage: carematch" in ran.err
    assert ran.out == ""


def test_usage_errors_are_documents_too(carematch: Command) -> None:
    """With --json a usage error is a document."""
    ran = carematch("shortlist", SAMPLE, "--json")
    assert ran.document["error"]["kind"] == "usage"


# -- our own faults ----------------------------------------------------------------------------


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let reading a book fail as only our own mistakes do."""

    def fail(folder: Path, **options: object) -> None:
        raise ZeroDivisionError("division\nby zero")

    monkeypatch.setattr("matcher.cli.books.read_book", fail)


@pytest.mark.usefixtures("broken")
def test_our_fault_is_one_apology(carematch: Command) -> None:
    """An unexpected error gives exit code 1 and says how to report it, without a traceback."""
    ran = carematch("check", SAMPLE)
    assert ran.code == 1
    assert "Sorry" in ran.err
    assert "ZeroDivisionError: division by zero" in " ".join(ran.err.split())
    assert "Traceback" not in ran.err
    assert ran.out == ""


@pytest.mark.usefixtures("broken")
def test_details_are_shown_when_asked_for(
    carematch: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CAREMATCH_DEBUG=1 adds the traceback."""
    monkeypatch.setenv("CAREMATCH_DEBUG", "1")
    ran = carematch("check", SAMPLE, "--json")
    assert ran.code == 1
    assert "Traceback" in ran.err
    assert ran.document["error"]["kind"] == "our_fault"


def test_a_missing_data_package_is_no_bad_input() -> None:
    """A broken installation is not blamed on the book."""
    failure = explain_failure(DataSourceError("The postcode data package is not installed."))
    assert failure.code == 1
    assert "not installed" in failure.message


def test_stopping_a_question_gives_130(carematch: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C on a command that finds nothing step by step stops it at once."""

    def stop(folder: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(enquiries, "open_book", stop)
    ran = carematch("check", SAMPLE)
    assert ran.code == 130
    assert "Stopped" in ran.err


def test_many_faults_are_cut_short_on_the_page_only() -> None:
    """A page lists so many faults, the document all of them."""
    many = [Fault("requests.csv", row, "risk", "x", "red") for row in range(2, 300)]
    failure = explain_failure(BadInputError(many))
    assert len(failure.document()["error"]["faults"]) == 298
    page = io.StringIO()
    Console(file=page, width=80).print(failure.page)
    assert f"and {298 - faults.SHOWN} more" in page.getvalue()


def test_a_usage_error_without_a_command_is_told_plainly() -> None:
    """Where there is no command to show the usage of, the message stands alone."""
    failure = explain_failure(typer.TyperException("No way"))
    assert failure.code == 2
    assert str(failure.page) == "No way."


# -- output nobody reads -----------------------------------------------------------------------


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_reader_that_leaves_is_no_error(
    monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    """When a reader has had enough the command ends without a word."""
    monkeypatch.setattr(sys, "stdout", _Closed())
    assert entry.run(["check", str(SAMPLE), *options]) == 0


def test_a_failure_that_nobody_reads_keeps_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault still gives exit code 2 when nobody reads the document."""
    monkeypatch.setattr(sys, "stdout", _Closed())
    assert entry.run(["check", "nowhere at all", "--json"]) == 2


def test_progress_that_nobody_reads_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work goes on when only progress and errors are unheard."""
    monkeypatch.setattr(sys, "stderr", _Closed())
    assert entry.run(["check", str(SAMPLE)]) == 0
    assert entry.run(["check", "nowhere at all"]) == 2


# -- the process -------------------------------------------------------------------------------


def test_main_exits_with_the_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The entry point hands the exit code to the shell."""
    monkeypatch.setattr(sys, "argv", ["carematch", "--version"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert __version__ in capsys.readouterr().out


def test_the_package_runs_as_a_module(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``python -m matcher`` is the same as ``carematch``; merely importing it runs nothing."""
    monkeypatch.setattr(sys, "argv", ["carematch", "--version"])
    runpy.run_module("matcher.__main__", run_name="imported")
    assert capsys.readouterr().out == ""
    with pytest.raises(SystemExit):
        runpy.run_module("matcher", run_name="__main__")
    assert __version__ in capsys.readouterr().out


def test_output_may_be_no_file_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where somebody put another stream in place of standard output, that one is used."""
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setattr(sys, "argv", ["carematch", "--version"])
    with pytest.raises(SystemExit):
        main()
    assert sys.stdout.getvalue() == f"carematch {__version__}\n"


def test_signs_a_terminal_lacks_do_not_stop_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal without a pound sign gets a question mark."""
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    monkeypatch.setattr(sys, "argv", ["carematch", "shortlist", str(SAMPLE), "R-101"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert b"?219.24" in raw.getvalue()


def test_wide_windows_do_not_make_long_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """However wide the window, lines stay readable."""
    monkeypatch.setenv("COLUMNS", "300")
    assert screen.answers().width == screen.MOST_COLUMNS


# -- ids and progress --------------------------------------------------------------------------


def test_a_book_without_anybody_has_no_ids_to_suggest() -> None:
    """Where there are no ids at all, that is what is said."""
    assert close_ids("R-1", []) == "It has none at all."
    book = Book(title="Empty", council="E06000059", as_of=AS_OF)
    with pytest.raises(UnknownIdError, match="It has none at all"), suggesting(book):
        raise UnknownIdError("The book has no zone 'x'.", thing="zone", value="x")


@pytest.mark.parametrize("seconds", [5.0, None])
@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_told_with_and_without_a_terminal(
    terminal: bool, seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal gets a live line; elsewhere lines come with the time gone, not too often."""
    monkeypatch.setattr("matcher.cli.progress.SECONDS_BETWEEN_LINES", 0.0)
    text = io.StringIO()
    console = Console(file=text, force_terminal=terminal, width=110, highlight=False)
    with ShownProgress(console, seconds) as progress:
        progress.started(12, 34, 2)
        progress.part_started(1, 12)
        progress.reported(_report(3, 1))
        progress.reported(_report(1, 1))
        progress.reported(_report(1, None))
        progress.part_done(1, 12, 7)
        progress._bars.refresh()
    told = text.getvalue()
    assert "Placing 12 people: 34 possible offers to weigh up." in told
    assert "7 people with an offer so far" in told
    assert ("7 people placed; red risk, not placed: 3, at best 1" in told) == (not terminal)


def _report(value: int, bound: int | None) -> Report:
    red = Stage(name="unplaced_red", unit="people", value=value, bound=bound)
    return Report(stages=(red,), placed=7, seconds=1.0)


def test_a_run_away_from_the_main_thread_leaves_signals_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only the main thread may change what Ctrl-C does."""
    monkeypatch.setattr("matcher.cli.progress.threading.main_thread", lambda: None)
    with stopping_gently(progress := Progress(), Console(file=io.StringIO())):
        assert not progress.cancelled


def test_documents_are_readable_json(capsys: pytest.CaptureFixture[str]) -> None:
    """A document keeps its letters and ends with a line break."""
    screen.show_document({"price": "£1"})
    out = capsys.readouterr().out
    assert out.endswith("}\n")
    assert json.loads(out) == {"price": "£1"}
    assert "£" in out
