"""Providers that left the register: in the record they are closed, and nothing is lost of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from api.storage.books import dump, load
from api.storage.migrating import migrate
from api.storage.record import Record
from matcher.files import BookFolder, read_book, write_book
from matcher.geography import Gazetteer
from matcher.market import Market
from tests.api.conftest import settings_at
from tests.api.desk import Desk, ok, refused
from tests.breaking import cell, copy_of_sample

COMMISSIONER = {"role": "commissioner"}


@pytest.fixture
def folder(tmp_path: Path) -> BookFolder:
    """Give the sample with two ids of the register changed since."""
    path = copy_of_sample(tmp_path)
    cell("running.csv", 2, "provider_id", "old-branch")(path)
    cell("history.csv", 2, "provider_id", "old-home")(path)
    cell("bed_capacity.csv", 2, "provider_id", "old-home")(path)
    cell("rates.csv", 2, "provider_id", "old-branch")(path)
    return read_book(path)


@pytest.fixture
def record(empty_url: str, folder: BookFolder, gazetteer: Gazetteer) -> Record:
    """Give a record of it, on SQLite and on PostgreSQL."""
    record = Record(settings_at(empty_url))
    migrate(record.engine)
    load(record, folder, Market(folder.book, folder.policy, gazetteer))
    return record


def test_former_providers_go_in_and_out(record: Record, folder: BookFolder, tmp_path: Path) -> None:
    """The care that runs with them, their rates, beds and ledger come out as they went in."""
    with record.snapshot() as session:
        book, _ = dump(session, record.clock.now(), record.clock.today())
    record.close()
    assert book == folder.book
    write_book(tmp_path / "again", book)
    assert read_book(tmp_path / "again").book == book


def _terms(desk: Desk, provider_id: str, **changes: Any) -> Any:
    told = desk.get(f"/v1/providers/{provider_id}", **COMMISSIONER)
    return {**told["provider"], **changes}


def test_a_former_provider_is_opened_once_it_is_somewhere(
    record: Record, empty_url: str, gazetteer: Gazetteer
) -> None:
    """Without a postcode it stays closed; with one it is a provider as any other."""
    record.close()
    desk = Desk(settings_at(empty_url), gazetteer)
    path = "/v1/providers/old-branch"
    lines = desk.get("/v1/providers?status=closed", **COMMISSIONER)["items"]
    assert {line["provider_id"]: line["postcode"] for line in lines} == {
        "old-branch": None,
        "old-home": None,
    }
    opened = {"status": "open", "reason": "Registered again"}
    answered = desk.call("PUT", f"{path}/status", opened, **COMMISSIONER)
    refused(answered, 400, "bad-call")
    assert "no postcode" in answered.text
    closed = {"status": "closed", "reason": "Left the register"}
    ok(desk.call("PUT", f"{path}/status", closed, **COMMISSIONER))
    version = desk.get(path, **COMMISSIONER)["version"]
    body = _terms(desk, "old-branch", postcode="DT1 1XJ")
    ok(desk.call("PUT", f"{path}/terms", body, version=version, **COMMISSIONER))
    told = ok(desk.call("PUT", f"{path}/status", opened, **COMMISSIONER))
    assert told["provider"]["status"] == "open"
    desk.close()


def test_the_waiting_list_opens_with_whom_a_closure_displaces(
    record: Record, empty_url: str, gazetteer: Gazetteer
) -> None:
    """Named on its first page, narrowed as the list is, and beside no other list."""
    record.close()
    desk = Desk(settings_at(empty_url), gazetteer)
    told = {
        "request_id": "R-100",
        "provider_id": "old-branch",
        "sentence": "R-100 has care from Former provider (old-branch), which is closed",
    }
    first = desk.get("/v1/requests?limit=2")
    assert first["displaced"] == [told]
    assert desk.get(f"/v1/requests?limit=2&cursor={first['next']}")["displaced"] == []
    assert desk.get("/v1/requests?service_type=homecare")["displaced"] == [told]
    for query in ("service_type=residential", "state=arranged", "state=ended"):
        assert desk.get(f"/v1/requests?{query}")["displaced"] == [], query
    assert desk.get("/v1/requests", role="key_worker")["displaced"] == []  # not her own
    ok(desk.call("POST", "/v1/requests/R-100/end", {"reason": "moved_away"}))
    assert desk.get("/v1/requests")["displaced"] == []  # nobody to place any more
    desk.close()


def test_closing_a_provider_displaces_those_it_serves(desk: Desk) -> None:
    """Under an embargo what runs goes on; once closed, its people are named."""
    path = "/v1/providers/maiden/status"
    for status, displaced in (("embargoed", []), ("closed", ["R-100"]), ("open", [])):
        body = {"status": status, "reason": "Told by the regulator"}
        ok(desk.call("PUT", path, body, **COMMISSIONER))
        listed = desk.get("/v1/requests")["displaced"]
        assert [line["request_id"] for line in listed] == displaced
