"""Books that still name a provider which left the register: read, with the provider closed."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from matcher.files import read_book, write_book
from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.model import Provider
from matcher.shortlist import RequestRefusedError, make_shortlist
from matcher.vocabulary import ProviderKind, ProviderStatus, ServiceType
from tests.breaking import Step, cell, copy_of_sample, faults_after, heading, row

Place = tuple[str, int, str]
NAMINGS: list[tuple[str, Step, Place, str]] = [
    ("rate", cell("rates.csv", 2, "provider_id", "maidn"),
     ("rates.csv", 2, "provider_id"), "maidn"),
    ("carers", cell("homecare_capacity.csv", 2, "provider_id", "x-1"),
     ("homecare_capacity.csv", 2, "provider_id"), "x-1"),
    ("beds", cell("bed_capacity.csv", 2, "provider_id", "x-1"),
     ("bed_capacity.csv", 2, "provider_id"), "x-1"),
    ("ledger", cell("history.csv", 2, "provider_id", "x-1"),
     ("history.csv", 2, "provider_id"), "x-1"),
    ("running care", cell("running.csv", 2, "provider_id", "x-1"),
     ("running.csv", 2, "provider_id"), "x-1"),
    ("preferred", cell("requests.csv", 3, "preferred_providers", "chesil|freme"),
     ("requests.csv", 3, "preferred_providers"), "freme"),
    ("excluded", cell("requests.csv", 3, "excluded_providers", "zz"),
     ("requests.csv", 3, "excluded_providers"), "zz"),
    ("current", cell("requests.csv", 2, "current_provider_id", "zz"),
     ("requests.csv", 2, "current_provider_id"), "zz"),
]  # fmt: skip


def _no_option_of(provider_id: str, market: Market, request_id: str) -> None:
    with suppress(RequestRefusedError):
        options = make_shortlist(market, request_id).shortlist.options
        assert provider_id not in {option.provider_id for option in options}


@pytest.mark.parametrize(
    ("step", "place", "provider_id"), [case[1:] for case in NAMINGS], ids=[c[0] for c in NAMINGS]
)
def test_whoever_is_named_but_not_listed_is_closed(
    tmp_path: Path, gazetteer: Gazetteer, step: Step, place: Place, provider_id: str
) -> None:
    """The book can be used and searched; a caution names the id on its line, and it is no place."""
    folder = copy_of_sample(tmp_path)
    step(folder)
    found = read_book(folder, gazetteer=gazetteer)
    caution = found.warnings[0]
    assert (caution.file, caution.row, caution.column) == place
    assert f"{provider_id} is read as closed" in caution.expected
    former = found.book.providers[-1]
    assert (former.provider_id, former.status) == (provider_id, ProviderStatus.CLOSED)
    assert former.postcode is None
    market = Market(found.book, found.policy, gazetteer)
    for request in found.book.waiting:
        _no_option_of(provider_id, market, request.request_id)


def test_an_id_that_is_nearly_right_is_suggested(tmp_path: Path) -> None:
    """A slip of the pen is not taken for a closure without a word."""
    folder = copy_of_sample(tmp_path)
    cell("running.csv", 2, "provider_id", "portlnd")(folder)
    assert "did you mean portland?" in read_book(folder).warnings[0].expected


def test_one_caution_names_all_lines_of_a_former_provider(tmp_path: Path) -> None:
    """Running care first; a few lines are named and the rest counted."""
    folder = copy_of_sample(tmp_path)
    cell("running.csv", 2, "provider_id", "gone")(folder)
    for number in range(1, 7):
        offer = {"offered_on": f"2026-03-0{number}", "outcome": "declined"}
        row("history.csv", provider_id="gone", **offer)(folder)
    told = [w for w in read_book(folder).warnings if "gone is read as closed" in w.expected]
    (caution,) = told
    assert caution.file == "running.csv"
    assert "it stands in history.csv row" in caution.expected
    assert caution.expected.endswith("and 1 more too")


def test_care_with_a_former_provider_still_runs(tmp_path: Path) -> None:
    """Whoever is served waits for nobody, and what the provider sold is told by the request."""
    folder = copy_of_sample(tmp_path)
    before = read_book(folder).book
    cell("running.csv", 2, "provider_id", "gone")(folder)
    after = read_book(folder).book
    assert after.waiting == before.waiting
    assert after.providers[-1].services == (ServiceType.HOMECARE,)
    assert after.providers[-1].kind is ProviderKind.HOMECARE


def test_a_book_with_former_providers_is_written_whole(tmp_path: Path) -> None:
    """Written and read again it is the same book, and then they are on record."""
    folder = copy_of_sample(tmp_path)
    for _, step, _, _ in NAMINGS[1:]:
        step(folder)
    book = read_book(folder).book
    write_book(tmp_path / "again", book)
    again = read_book(tmp_path / "again")
    assert again.book == book
    assert not [w for w in again.warnings if "read as closed" in w.expected]


def test_nobody_is_former_where_providers_cannot_be_read(tmp_path: Path) -> None:
    """A fault in providers.csv is told alone: its ids may be any."""
    faults = faults_after(
        tmp_path,
        heading("providers.csv", "provider_id", "branch"),
        cell("running.csv", 2, "provider_id", "gone"),
    )
    assert {fault.file for fault in faults} == {"providers.csv"}


def test_only_a_closed_provider_may_be_nowhere(tmp_path: Path) -> None:
    """A row without a postcode is a fault of that cell, unless its status is closed."""
    folder = copy_of_sample(tmp_path)
    cell("providers.csv", 5, "postcode", "")(folder)
    cell("providers.csv", 5, "status", "closed")(folder)
    assert read_book(folder).book.providers[3].postcode is None
    for status in ("open", "embargoed"):
        (fault,) = faults_after(
            tmp_path / status,
            cell("providers.csv", 5, "postcode", ""),
            cell("providers.csv", 5, "status", status),
        )
        assert (fault.row, fault.column) == (5, "postcode")
    with pytest.raises(ValueError, match="postcode"):
        Provider(
            provider_id="x", name="X", kind="homecare", services=("homecare",), contract="spot"
        )
