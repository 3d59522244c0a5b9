"""Whole books: read, written and read again, from files as spreadsheets save them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.errors import BadInputError
from matcher.files import datapackage_text, read_book, write_book
from matcher.files.columns import FILES
from matcher.geography import Gazetteer
from matcher.model import Book, CareRequest, Visit
from matcher.policy import default_policy, parse_policy
from matcher.vocabulary import Day, ServiceType, TimeNeed
from tests.breaking import SAMPLE, copy_of_sample, recode, row, swap
from tests.strategies import books, policy_texts

ROOT = SAMPLE.parents[1]


@pytest.fixture(scope="module")
def sample() -> Book:
    """Return the sample book, every postcode checked."""
    return read_book(SAMPLE, gazetteer=Gazetteer()).book


@given(book=books(), policy_text=st.none() | policy_texts())
@settings(max_examples=30, deadline=None)
def test_written_book_reads_as_itself(book: Book, policy_text: str | None) -> None:
    """What is written is read back unchanged, and writing that again gives the same bytes."""
    # Waiting for the disk to settle would take most of the test's time and prove nothing here.
    with tempfile.TemporaryDirectory() as folder, mock.patch("matcher.files.folders.os.fsync"):
        first, second = Path(folder, "first"), Path(folder, "second")
        write_book(first, book, policy_text=policy_text)
        read = read_book(first)
        assert read.book == book
        assert read.policy_text == policy_text
        assert read.policy == parse_policy(policy_text or "")
        write_book(second, read.book, policy_text=read.policy_text)
        assert _contents(first) == _contents(second)


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_sample_is_written_as_it_stands(tmp_path: Path, sample: Book) -> None:
    """The sample is in the form that is written, so differences in it show what was changed."""
    write_book(tmp_path / "copy", sample)
    kept = _contents(SAMPLE)
    del kept["README.md"]
    assert _contents(tmp_path / "copy") == kept


def test_sample_holds_what_its_files_say(sample: Book) -> None:
    """Units and lists arrive inside as the files say."""
    assert sample.as_of == date(2026, 4, 1)
    maiden, chesil, _, portland, *_ = sample.providers
    assert maiden.specialisms == ("dementia", "diabetes")
    assert chesil.languages == ("english", "polish")
    assert (portland.min_weekly_minutes, portland.max_distance_metres) == (600, 12_500)
    assert sample.rates[0].amount_pence == 2505
    assert sample.homecare_capacity[0].start_minute == 7 * 60
    assert sample.homecare_capacity[0].days == tuple(Day)


def test_sample_requests_carry_their_visits_and_beds(sample: Book) -> None:
    """Visits and placements are put together with the requests they belong to."""
    by_id = {request.request_id: request for request in sample.requests}
    critical, tea = by_id["R-102"].package.visits
    assert critical == Visit(
        visit_no=1,
        days=tuple(Day),
        band="morning",
        time_need=TimeNeed.CRITICAL,
        at_minute=480,
        reason="Insulin before breakfast",
        minutes=30,
    )
    assert tea.band == "tea"
    assert by_id["R-107"].package.visits == ()
    assert by_id["R-101"].placement is None
    assert by_id["R-201"].care_type == "residential"  # its service implies it
    assert by_id["R-204"].placement is not None
    assert by_id["R-204"].placement.nights == 14
    assert [r.request_id for r in sample.waiting] == sorted(set(by_id) - {"R-100"})


def test_request_with_gaps_is_read(tmp_path: Path) -> None:
    """A request needs only its id and service: it waits, and what is missing is judged later."""
    folder = copy_of_sample(tmp_path)
    row("requests.csv", request_id="R-900", service_type="extra_care")(folder)
    row("requests.csv", request_id="R-901", service_type="homecare")(folder)
    bare = read_book(folder).book.requests[-1]
    assert bare == CareRequest(request_id="R-901", service_type=ServiceType.HOMECARE)


def test_visits_are_ordered_by_number(tmp_path: Path) -> None:
    """A package is in the order of its visit numbers, wherever its rows stand."""
    folder = copy_of_sample(tmp_path)
    swap("visits.csv", "R-102,1,", "R-102,7,")(folder)
    request = read_book(folder).book.requests[2]
    assert [visit.visit_no for visit in request.package.visits] == [2, 7]


VARIANTS: dict[str, Callable[[str], bytes]] = {
    "mark and CRLF": lambda text: text.replace("\n", "\r\n").encode("utf-8-sig"),
    "CR alone": lambda text: text.replace("\n", "\r").encode(),
    "semicolons": lambda text: text.replace(",", ";").encode(),
    "tabs": lambda text: text.replace(",", "\t").encode(),
    "trailing empty rows": lambda text: (text + _commas(text) + "\n\n" + _commas(text)).encode(),
    "empty row between": lambda text: text.replace("\n", "\n" + _commas(text), 1).encode(),
    "trailing empty columns": lambda text: text.replace("\n", ",,\n").encode(),
    "spelt headings": lambda text: text.replace(text.split("\n")[0], _spelt(text), 1).encode(),
    "no last line end": lambda text: text.rstrip("\n").encode(),
    "quoted headings": lambda text: text.replace(
        text.split("\n")[0], ",".join(f'"{name}"' for name in text.split("\n")[0].split(",")), 1
    ).encode(),
}


def _commas(text: str) -> str:
    return "," * text.split("\n", maxsplit=1)[0].count(",") + "\n"


def _spelt(text: str) -> str:
    return text.split("\n", maxsplit=1)[0].replace("_", " ").title()


@pytest.mark.parametrize("variant", VARIANTS)
def test_spreadsheets_save_the_same_book(tmp_path: Path, sample: Book, variant: str) -> None:
    """Every way in which spreadsheets save a table is read as the same book."""
    folder = copy_of_sample(tmp_path)
    for spec in FILES:
        recode(spec.file, VARIANTS[variant])(folder)
    assert read_book(folder).book == sample


def _long_history(tmp_path: Path, cut: Callable[[int], bool]) -> Path:
    """Return a book with 40 offers from row 2 on, the cut rows without their last two cells."""
    folder = copy_of_sample(tmp_path)
    lines = ["provider_id,offered_on,outcome,request_id,"]
    for number in range(2, 42):
        lines.append("maiden,2026-03-01,declined" + ("" if cut(number) else ",R-101,"))
    (folder / "history.csv").write_text("\n".join(lines))
    return folder


def test_blocks_of_short_rows_are_accepted(tmp_path: Path) -> None:
    """Excel drops the separators of empty last columns, 16 rows at a time: rows 17 to 32 here."""
    folder = _long_history(tmp_path, lambda number: 17 <= number <= 32)
    assert [line.request_id for line in read_book(folder).book.history].count(None) == 16


@pytest.mark.parametrize(
    "cut",
    [
        lambda number: number == 20,  # why: one short row in a block is a lost separator
        lambda number: 17 <= number <= 31,  # why: row 32 says that the column is in use
        lambda number: number <= 16,  # why: Excel takes the first block's width from the header
    ],
)
def test_other_short_rows_are_faults(tmp_path: Path, cut: Callable[[int], bool]) -> None:
    """A short row that Excel would not have written may have lost a separator anywhere."""
    with pytest.raises(BadInputError) as caught:
        read_book(_long_history(tmp_path, cut))
    assert [fault.row for fault in caught.value.faults] == [n for n in range(2, 42) if cut(n)]


def test_rows_count_as_a_spreadsheet_counts(tmp_path: Path) -> None:
    """A cell with a line break is one row, so a fault below it has the spreadsheet's number."""
    folder = copy_of_sample(tmp_path)
    (folder / "zones.csv").write_text('zone,postcodes\n"dorchester","DT1|\nDT2"\nweymouth,?\n')
    with pytest.raises(BadInputError) as caught:
        read_book(folder)
    assert [(fault.row, fault.column) for fault in caught.value.faults] == [(3, "postcodes")]


def test_book_brings_its_policy(tmp_path: Path) -> None:
    """A book's policy is laid over the default one; without it the default one holds."""
    folder = copy_of_sample(tmp_path)
    assert read_book(folder).policy == default_policy()
    assert read_book(folder).policy_text is None
    text = '\ufefftitle = "Ours"\r\n'
    (folder / "policy.toml").write_bytes(text.encode())
    assert read_book(folder).policy.title == "Ours"
    assert read_book(folder).policy_text == text[1:]


def test_day_may_be_written_as_text(tmp_path: Path) -> None:
    """The day in book.toml may stand in quotation marks, as a British date."""
    folder = copy_of_sample(tmp_path)
    swap("book.toml", "2026-04-01", '"01/04/2026"')(folder)
    assert read_book(folder).book.as_of == date(2026, 4, 1)


@given(
    st.sampled_from([spec.file for spec in FILES] + ["book.toml", "policy.toml"]),
    st.binary(max_size=200) | st.text(max_size=200).map(str.encode),
    st.integers(0, 400),
    st.booleans(),
)
@settings(max_examples=100, deadline=None)
def test_rubbish_is_refused_or_read(file: str, rubbish: bytes, place: int, whole: bool) -> None:
    """Rubbish in place of a file, or in the midst of it, gives a book or a list of faults."""
    with tempfile.TemporaryDirectory() as parent:
        folder = copy_of_sample(Path(parent))
        path = folder / file
        before = path.read_bytes() if path.exists() and not whole else b""
        path.write_bytes(before[:place] + rubbish + before[place:])
        try:
            assert read_book(folder).book.providers
        except BadInputError as error:
            assert all(fault.file and fault.expected for fault in error.faults)  # noqa: PT017


def test_description_is_up_to_date() -> None:
    """The published description is the one that the columns give."""
    assert (ROOT / "data/schema/datapackage.json").read_text("utf-8") == datapackage_text()


def test_description_tells_every_column() -> None:
    """Each column is described with its meaning, its limits and what it refers to."""
    resources = {
        item["path"]: item["schema"] for item in json.loads(datapackage_text())["resources"]
    }
    for spec in FILES:
        fields = resources[spec.file]["fields"]
        assert [field["name"] for field in fields] == [column.name for column in spec.columns]
        assert all(field["title"] and field["description"] for field in fields)
    providers = {field["name"]: field for field in resources["providers.csv"]["fields"]}
    # Limits are the model's own, in the unit of the file: 2,000,000 metres and 10,080 minutes.
    assert providers["max_distance_km"]["constraints"] == {"minimum": 0, "maximum": 2000}
    assert providers["min_weekly_hours"]["constraints"] == {"minimum": 0, "maximum": 168}
    assert providers["tier"]["constraints"] == {"minimum": 1, "maximum": 9}
    nights = {field["name"]: field for field in resources["requests.csv"]["fields"]}["nights"]
    assert nights["constraints"] == {"minimum": 1, "maximum": 365}
    assert resources["requests.csv"]["foreignKeys"] == [
        {
            "fields": "current_provider_id",
            "reference": {"resource": "providers", "fields": "provider_id"},
        }
    ]
