"""Tests of whole books: what goes in comes out, and what is promised since is subtracted."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from api.errors import ConflictError, NotReadyError
from api.storage import books
from api.storage.books import dump, holds_book, load, night_book
from api.storage.chain import verify_chain
from api.storage.migrating import migrate
from api.storage.record import Record
from api.storage.supply import takes_capacity
from api.tables import Base, CommitmentRow
from matcher.files import BookFolder, read_book, write_book
from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.model import Book
from matcher.policy import parse_policy
from matcher.synthetic import CountySpec, generate
from tests.api.conftest import SAMPLE, settings_at
from tests.api.desk import Desk, ok
from tests.api.life import Slot, nights, slots_of
from tests.api.offering import bed_terms, booked, chosen, own, recorded, terms
from tests.serving_books import serving_books
from tests.strategies import books as any_books
from tests.strategies import policy_texts

SMALL = CountySpec(
    seed=3,
    agencies=5,
    homes=6,
    waiting_homecare=7,
    waiting_placements=6,
    running=9,
    zones=3,
    history_days=20,
)
POLICY = (
    'title = "Drawn up by hand"  \r\n'
    "# Überlegungen – 'quoted', \"twice\", and a tab:\t.\r\n\r\n"
    'times.homecare_lead_days = { value = 2, unit = "days", from = 2026-04-01, assumed = true }\n'
    "\n"
)
"""A policy that no writer of policies would write like that."""
Loader = Callable[..., Record]


def folder_of(book: Book, policy_text: str | None = None) -> BookFolder:
    """Return a book as if it had been read."""
    policy = parse_policy(policy_text) if policy_text is not None else None
    return BookFolder(book, policy or parse_policy(""), policy_text, ())


def fill(record: Record, folder: BookFolder, gazetteer: Gazetteer) -> None:
    """Load a book."""
    load(record, folder, Market(folder.book, folder.policy, gazetteer))


def dumped(record: Record) -> tuple[Book, str | None]:
    """Return the record as a book, and its policy's text."""
    with record.snapshot() as session:
        return dump(session, record.clock.now(), record.clock.today())


def written(record: Record, folder: Path) -> BookFolder:
    """Return the record as a book that was written and read again."""
    book, policy_text = dumped(record)
    write_book(folder, book, policy_text=policy_text)
    return read_book(folder)


def rows_in(record: Record) -> dict[str, int]:
    """Return how many rows each table has that has any."""
    with record.reading() as session:
        counts = {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
        }
    return {name: count for name, count in counts.items() if count}


@pytest.fixture
def empty(empty_url: str) -> Iterator[Record]:
    """Give a record that is migrated and empty, on SQLite and on PostgreSQL."""
    record = Record(settings_at(empty_url))
    migrate(record.engine)
    yield record
    record.close()


@pytest.fixture(scope="module")
def county(gazetteer: Gazetteer) -> Book:
    """Give a small invented county."""
    return generate(SMALL, gazetteer)


# -- in and out --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bare_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a SQLite file that is migrated and empty, to be copied."""
    path = tmp_path_factory.mktemp("bare") / "bare.db"
    record = Record(settings_at(f"sqlite:///{path}"))
    migrate(record.engine)
    record.close()
    return path


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    book=st.one_of(any_books(), any_books(gaps=False), serving_books()),
    policy_text=st.none() | policy_texts(),
)
def test_any_book_comes_out_as_it_went_in(
    bare_file: Path, gazetteer: Gazetteer, book: Book, policy_text: str | None
) -> None:
    """Every row of every file, in its order, with all that a row may leave out or hold."""
    path = bare_file.with_name("filled.db")
    shutil.copy(bare_file, path)
    record = Record(settings_at(f"sqlite:///{path}"))
    fill(record, folder_of(book, policy_text), gazetteer)
    out = dumped(record)
    record.close()
    assert out == (book, policy_text)


@pytest.mark.parametrize("name", ["sample", "county"])
def test_a_book_comes_out_on_both_databases(
    request: pytest.FixtureRequest, name: str, empty: Record, gazetteer: Gazetteer, tmp_path: Path
) -> None:
    """The sample and an invented county: the same nouns, and the same again as files."""
    found = request.getfixturevalue(name)
    folder = found if isinstance(found, BookFolder) else folder_of(found)
    fill(empty, folder, gazetteer)
    assert dumped(empty) == (folder.book, folder.policy_text)
    assert written(empty, tmp_path / "out").book == folder.book
    assert rows_in(empty)["requests"] == len(folder.book.requests)


def test_what_came_out_goes_in_again(county: Book, tmp_path: Path, gazetteer: Gazetteer) -> None:
    """A council can move to another database by a dump, and to a third."""
    book = county
    for number in range(3):
        record = Record(settings_at(f"sqlite:///{tmp_path / f'{number}.db'}"))
        migrate(record.engine)
        fill(record, folder_of(book), gazetteer)
        book = written(record, tmp_path / f"out-{number}").book
        record.close()
    assert book == county


def test_a_policy_survives_byte_for_byte(
    empty: Record, sample: BookFolder, gazetteer: Gazetteer, tmp_path: Path
) -> None:
    """Comments, blanks, line ends and all: whoever wrote it finds it again."""
    shutil.copytree(SAMPLE, tmp_path / "in")
    (tmp_path / "in" / "policy.toml").write_bytes(POLICY.encode())
    folder = read_book(tmp_path / "in")
    fill(empty, folder, gazetteer)
    written(empty, tmp_path / "out")
    assert (tmp_path / "out" / "policy.toml").read_bytes() == POLICY.encode()


# -- not twice, and not half -------------------------------------------------------------------


def test_an_empty_record_has_no_book(empty: Record) -> None:
    """It says so, and how to fill it."""
    with pytest.raises(NotReadyError, match="carematch load"):
        dumped(empty)
    assert not holds_book(empty)


def test_nothing_is_loaded_twice(
    empty: Record, sample: BookFolder, county: Book, gazetteer: Gazetteer
) -> None:
    """Neither the same book nor another one, and the first stays whole."""
    fill(empty, sample, gazetteer)
    before = rows_in(empty)
    for folder in (sample, folder_of(county)):
        with pytest.raises(ConflictError, match="holds a book already"):
            fill(empty, folder, gazetteer)
    assert rows_in(empty) == before
    assert dumped(empty)[0] == sample.book


@pytest.mark.parametrize(
    "where", ["_load_providers", "_load_requests", "_history_row", "document_of", "Writing"]
)
def test_a_book_is_loaded_whole_or_not_at_all(
    empty: Record,
    sample: BookFolder,
    gazetteer: Gazetteer,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    """Wherever loading breaks off the record is as empty as before, and can be filled then."""
    real, calls = getattr(books, where), iter(range(1000))

    def breaks_off(*arguments: Any, **named: Any) -> Any:
        if where == "document_of" and next(calls) < 20:  # in the midst of the rows
            return real(*arguments, **named)
        if where.startswith("_load"):
            real(*arguments, **named)
        raise RuntimeError("the power is off")

    with monkeypatch.context() as patch:
        patch.setattr(books, where, breaks_off)
        with pytest.raises(RuntimeError, match="power"):
            fill(empty, sample, gazetteer)
    assert rows_in(empty) == {}
    assert not holds_book(empty)
    fill(empty, sample, gazetteer)
    assert dumped(empty)[0] == sample.book


# -- what was promised since -------------------------------------------------------------------


def busy(desk: Desk) -> Any:
    """Return the first of the bookings of a desk on which much is booked, held and ended."""
    order = booked(desk, chosen(desk, recorded(desk, "maiden")))
    booked(desk, chosen(desk, recorded(desk, "poundbury", bed_terms(), "R-201")))
    desk.post("/v1/requests/R-103/shortlists", {})
    desk.post("/v1/requests/R-105/shortlists", {})
    chosen(desk, recorded(desk, "grange", respite_terms(), "R-204"))
    desk.post("/v1/requests/R-106/end", {"reason": "died"})
    return order


def respite_terms() -> dict[str, Any]:
    """Return an offer of respite, whose end is known."""
    return {"start_date": "2026-04-14", "rate": {"unit": "night", "amount_pence": 14_500}}


def slots(book: Book) -> dict[str, Counter[Slot]]:
    """Return what each provider of a book has free, five minutes and nights one by one."""
    text = book.model_dump_json(include={"homecare_capacity", "bed_capacity"})
    capacity = json.loads(text)
    return {
        provider.provider_id: slots_of(
            {
                kind: [line for line in lines if line["provider_id"] == provider.provider_id]
                for kind, lines in (
                    ("homecare", capacity["homecare_capacity"]),
                    ("beds", capacity["bed_capacity"]),
                )
            }
        )
        for provider in book.providers
    }


def tonights(desk: Desk) -> Book:
    """Return the book that a night's run is given."""
    clock = desk.record.clock
    with desk.record.snapshot() as session:
        return night_book(session, clock.now(), clock.today())


def promised(desk: Desk, *kinds: str) -> dict[str, Counter[Slot]]:
    """Return what each provider has promised, five minutes and nights one by one."""
    found: dict[str, Counter[Slot]] = {}
    with desk.record.reading() as session:
        rows = session.scalars(
            select(CommitmentRow).where(takes_capacity(desk.record.clock.now()))
        ).all()
    for row in (each for each in rows if each.kind in kinds):
        taken, told = found.setdefault(row.provider_id, Counter()), row.document
        sign = told.get("sign", 1)
        for each in told.get("busy", ()):
            for slot in range(each["from_minute"] // 5, -(-each["to_minute"] // 5)):
                for day in each["days"]:
                    taken[day, slot] += sign * each.get("carers", 1)
        if told.get("care_type") is not None:
            first, last = told["first_night"], told.get("last_night") or "9999"
            for night in nights():
                taken[told["care_type"], night] += sign * (first <= night <= last)
    return found


def difference(stated: Counter[Slot], taken: Counter[Slot]) -> dict[Slot, int]:
    """Return what is left, where anything is."""
    left = {slot: stated[slot] - taken[slot] for slot in stated.keys() | taken.keys()}
    return {slot: count for slot, count in left.items() if count > 0}


@pytest.mark.parametrize("is_night", [False, True])
def test_capacity_is_what_was_stated_less_what_was_promised(
    desk: Desk, sample: BookFolder, is_night: bool
) -> None:
    """At every five minutes and in every night; what is only held is taken for a night's run."""
    busy(desk)
    kinds = ("booking", "return", "hold") if is_night else ("booking", "return")
    book = tonights(desk) if is_night else dumped(desk.record)[0]
    before, after, taken = slots(sample.book), slots(book), promised(desk, *kinds)
    assert {"maiden", "poundbury"} <= taken.keys()
    assert ("chesil" in taken) is is_night
    for name, stated in before.items():
        left = {slot: count for slot, count in after[name].items() if count > 0}
        assert left == difference(stated, taken.get(name, Counter())), name


def test_what_came_back_is_added(desk: Desk) -> None:
    """A bed that its home had counted as taken is free in the book as soon as it is."""
    busy(desk)
    version = desk.get("/v1/providers/poundbury")["version"]
    path = "/v1/providers/poundbury/capacity"
    ok(desk.call("PUT", path, {"beds": []}, version=version, **own("poundbury")))
    assert +slots(dumped(desk.record)[0])["poundbury"] == Counter()
    desk.post("/v1/requests/R-201/end", {"reason": "died"})
    left = +slots(dumped(desk.record)[0])["poundbury"]
    assert left == +promised_back(desk)
    assert left[("residential", "2026-04-06")] == 1


def promised_back(desk: Desk) -> Counter[Slot]:
    """Return what came back at poundbury."""
    taken = promised(desk, "return")["poundbury"]
    return Counter({slot: -count for slot, count in taken.items()})


def test_a_busy_record_is_a_book_without_faults(desk: Desk, tmp_path: Path) -> None:
    """It can be read again, has today's bookings running, and is of today."""
    order = busy(desk)
    book = written(desk.record, tmp_path / "out").book
    assert book == dumped(desk.record)[0]
    running = {line.request_id: (line.provider_id, str(line.started_on)) for line in book.running}
    assert running == {
        "R-100": ("maiden", "2025-11-03"),
        "R-101": ("maiden", order["starts_on"]),
        "R-201": ("poundbury", "2026-04-06"),
    }
    assert str(book.as_of) == "2026-04-01"


def test_who_has_ended_is_gone(desk: Desk) -> None:
    """With the care that ran for them; the ledger of who was offered what stays."""
    busy(desk)
    for name in ("R-100", "R-201"):
        desk.post(f"/v1/requests/{name}/end", {"reason": "moved_away"})
    book = dumped(desk.record)[0]
    names = {request.request_id for request in book.requests}
    assert not {"R-100", "R-106", "R-201"} & names
    assert {line.request_id for line in book.running} == {"R-101"}
    assert ("poundbury", "R-201", "accepted") in {
        (line.provider_id, line.request_id, str(line.outcome)) for line in book.history
    }


def test_somebody_unsuitable_is_excluded_and_not_preferred(desk: Desk, tmp_path: Path) -> None:
    """R-201 prefers poundbury, which finds the person unsuitable: no book holds both (H15)."""
    offer = recorded(desk, "poundbury", bed_terms(), "R-201")
    desk.post(f"/v1/offers/{offer['offer_id']}/unsuitable", {"reason": "Needs nursing"})
    book = written(desk.record, tmp_path / "out").book
    (request,) = (each for each in book.requests if each.request_id == "R-201")
    assert (request.preferred_providers, request.excluded_providers) == ((), ("poundbury",))


def test_an_expired_hold_takes_nothing(sqlite_desk: Desk, sample: BookFolder) -> None:
    """Not even while nobody has cleared it up."""
    chosen(sqlite_desk, recorded(sqlite_desk, "maiden", terms()))
    assert slots(tonights(sqlite_desk)) != slots(sample.book)
    with sqlite_desk.record.bare_writing() as session:
        (row,) = session.scalars(select(CommitmentRow))
        row.expires_at = sqlite_desk.record.clock.now() - timedelta(seconds=1)
    assert slots(tonights(sqlite_desk)) == slots(sample.book)


def test_the_night_leaves_out_who_is_suspended(desk: Desk) -> None:
    """Who waits and is suspended is not looked for; who is served stays where she is (H19)."""
    body = {"suspended_from": "2026-04-01", "reason": "Hospital"}
    for name in ("R-100", "R-101"):
        desk.post(f"/v1/requests/{name}/suspension", body)
    with desk.record.reading() as session:
        book = night_book(session, desk.record.clock.now(), date(2026, 4, 1))
        later = night_book(session, desk.record.clock.now(), date(2026, 3, 31))
    assert {each.request_id for each in book.requests} & {"R-100", "R-101"} == {"R-100"}
    assert {"R-100", "R-101"} <= {each.request_id for each in later.requests}
    with desk.record.snapshot() as session:
        assert verify_chain(session)[1] == []
