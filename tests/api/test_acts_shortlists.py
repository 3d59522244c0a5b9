"""Tests of shortlists: ranked for anybody, kept as decision records, held, and evidenced."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from api.clocks import Clock
from api.tables import AuditRow, Base, CommitmentRow, ReplayRow, ShortlistRow
from matcher.files import BookFolder
from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.shortlist import make_shortlist
from tests.api.desk import Desk, ok, refused
from tests.api.offering import faults, holds, own, recorded, terms

WORKER = {"role": "key_worker", "holder": "worker-7"}
ASK = "/v1/shortlists"


def body_of(desk: Desk, like: str, **other: Any) -> dict[str, Any]:
    """Return a request of the record as an ad-hoc one."""
    found = desk.get(f"/v1/requests/{like}")["request"]
    return {**found, **other}


def made(desk: Desk, request_id: str = "R-101", body: Any = None, **who: Any) -> Any:
    """Return a shortlist made for a request of the record."""
    return desk.post(f"/v1/requests/{request_id}/shortlists", body or {}, **who)


def shown(record: Any) -> list[str]:
    """Return who is shown by a shortlist, in rank order."""
    return [option["provider_id"] for option in record["shortlist"]["options"]]


def tried(desk: Desk, like: str, **other: Any) -> list[str]:
    """Return whom an ad-hoc shortlist shows for a request of the record."""
    found = desk.post(ASK, {"request": body_of(desk, like, **other)})
    return [option["provider_id"] for option in found["options"]]


def counts(desk: Desk) -> dict[str, int]:
    """Return how many rows each table has."""
    with desk.record.reading() as session:
        return {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }


def hours_later(monkeypatch: pytest.MonkeyPatch, hours: float) -> None:
    """Let it be later for the service from now on."""
    earlier = Clock.now
    monkeypatch.setattr(Clock, "now", lambda self: earlier(self) + timedelta(hours=hours))


# -- for any request ---------------------------------------------------------------------------


@pytest.mark.parametrize("request_id", ["R-101", "R-104", "R-202", "R-203", "R-204"])
def test_the_answer_is_the_matchers_own(
    sqlite_desk: Desk, sample: BookFolder, gazetteer: Gazetteer, request_id: str
) -> None:
    """What the route answers is, to the letter, what the matcher makes of the book."""
    market = Market(sample.book, sample.policy, gazetteer)
    expected = make_shortlist(market, request_id).shortlist.model_dump(mode="json")
    answered = sqlite_desk.call("POST", ASK, {"request": body_of(sqlite_desk, request_id)})
    assert answered.headers["content-type"] == "application/json"
    assert ok(answered) == expected


def test_trying_writes_nothing_and_holds_nothing(desk: Desk) -> None:
    """An ad-hoc shortlist leaves no row behind, not even an audit line."""
    body = body_of(desk, "R-103")
    desk.post(ASK, {"request": body})  # makes the key
    before = counts(desk)
    first = desk.post(ASK, {"request": body})
    assert desk.post(ASK, {"request": body}) == first
    assert counts(desk) == before


def test_a_request_that_the_record_lacks_can_be_tried(sqlite_desk: Desk) -> None:
    """Whatever is asked for can be tried before anybody takes it in."""
    assert tried(sqlite_desk, "R-101", request_id="NEW-1") == ["maiden", "frome"]
    refused(sqlite_desk.call("GET", "/v1/requests/NEW-1"), 404, "not-found")


@pytest.mark.parametrize("role", ["key_worker", "commissioner"])
def test_key_workers_and_commissioners_may_try(sqlite_desk: Desk, role: str) -> None:
    """A key worker sees what there is before she refers; a commissioner where it is short."""
    body = {"request": body_of(sqlite_desk, "R-101")}
    assert sqlite_desk.post(ASK, body, role=role)["considered"] == 8


@pytest.mark.parametrize(
    "who",
    [{"role": "budget_holder"}, {"role": "administrator"}, own("maiden")],
)
def test_others_may_not_try(sqlite_desk: Desk, who: dict[str, str]) -> None:
    """A provider must not learn how it ranks, and the others have no need to."""
    body = {"request": body_of(sqlite_desk, "R-101")}
    refused(sqlite_desk.call("POST", ASK, body, **who), 403, "not-allowed")


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"options": 0}, 422),  # a shortlist of nobody
        ({"options": 1}, 200),
        ({"options": 20}, 200),
        ({"options": 21}, 422),  # longer than anybody reads
        ({"seed": -1}, 422),  # seeds count from 0
        ({"seed": 0}, 200),
        ({"seed": 2**31}, 422),  # more than a seed may be
        ({"colour": "red"}, 422),  # no such field
    ],
)
def test_how_many_options_may_be_asked_for(
    sqlite_desk: Desk, asked: dict[str, Any], status: int
) -> None:
    """One to twenty options, and a seed that is no less than 0."""
    body = {"request": body_of(sqlite_desk, "R-101"), **asked}
    assert sqlite_desk.call("POST", ASK, body).status_code == status


def test_no_more_options_than_asked_for(sqlite_desk: Desk) -> None:
    """The first of the ranked options are shown, and the rest left out."""
    body = {"request": body_of(sqlite_desk, "R-101"), "options": 1, "seed": 7}
    answered = sqlite_desk.post(ASK, body)
    assert [option["provider_id"] for option in answered["options"]] == ["maiden"]
    assert (answered["wanted"], answered["seed"]) == (1, 7)


def test_what_is_not_agreed_is_not_searched_for(sqlite_desk: Desk) -> None:
    """Every rule against the request is told at once (H1, H2)."""
    body = body_of(sqlite_desk, "R-101", plan_signed_off=False, risk=None)
    told = refused(sqlite_desk.call("POST", ASK, {"request": body}), 409, "request-refused")
    assert [each["rule_id"] for each in told["refusals"]] == ["NOT_AGREED", "INCOMPLETE"]
    assert told["missing"] == ["risk"]


def test_an_unknown_postcode_is_told(sqlite_desk: Desk) -> None:
    """A postcode that is nowhere is the caller's fault, not the service's."""
    body = body_of(sqlite_desk, "R-101", postcode="DT99 9ZZ")
    refused(sqlite_desk.call("POST", ASK, {"request": body}), 400, "bad-postcode")


# -- kept and held -----------------------------------------------------------------------------


def test_a_shortlist_is_kept_with_what_it_rests_on(desk: Desk) -> None:
    """The record has the options, who made it when, and a hash of everything that went in."""
    answered = desk.call("POST", "/v1/requests/R-101/shortlists", {})
    assert answered.status_code == 201
    record = ok(answered)
    assert answered.headers["Location"] == f"/v1/shortlists/{record['shortlist_id']}"
    assert shown(record) == ["maiden", "frome"]
    assert record["made_by"] == "the broker"
    assert desk.get(f"/v1/shortlists/{record['shortlist_id']}") == record
    with desk.record.reading() as session:
        row = session.get(ShortlistRow, record["shortlist_id"])
        query = select(AuditRow).where(AuditRow.subject == record["shortlist_id"])
        line = session.scalars(query).one()
    assert row is not None
    assert row.inputs_sha256 == record["inputs_sha256"]
    assert (line.action, line.actor, line.role) == ("shortlist.made", "the broker", "broker")
    assert line.detail["shown"] == ["maiden", "frome"]


def test_each_option_is_held_for_its_visits_and_the_way_to_them(desk: Desk) -> None:
    """Held are the carers from when they set out until the visit ends, for as many hours."""
    record = made(desk)
    with desk.record.reading() as session:
        rows = session.scalars(select(CommitmentRow)).all()
    assert {row.provider_id: row.kind for row in rows} == {"maiden": "hold", "frome": "hold"}
    every_day = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    for row in rows:
        assert row.document["busy"] == [
            {"days": every_day, "from_minute": 505, "to_minute": 9 * 60 + 15, "carers": 1},
            {"days": every_day, "from_minute": 1225, "to_minute": 21 * 60, "carers": 1},
        ]
        assert row.expires_at == row.made_at + timedelta(hours=desk.settings.hold_hours)
    assert [(h["rank"], h["provider_id"], h["state"]) for h in record["holds"]] == [
        (1, "maiden", "held"),
        (2, "frome", "held"),
    ]
    assert record["holds"][0]["promised"] == (
        "1 carer every day from 08:25 to 09:15; 1 carer every day from 20:25 to 21:00"
    )


@pytest.mark.parametrize(
    ("request_id", "promised"),
    [
        ("R-201", "a residential bed from 2026-04-08 for good"),
        ("R-204", "a residential bed from 2026-04-13 to 2026-04-26"),  # 14 nights of respite
    ],
)
def test_a_bed_is_held_for_good_or_for_the_nights(
    sqlite_desk: Desk, request_id: str, promised: str
) -> None:
    """A long-term bed has no last night; a respite stay has as many nights as are asked for."""
    assert [h["promised"] for h in made(sqlite_desk, request_id)["holds"]] == [promised]


def test_what_is_held_is_not_shown_to_the_next(desk: Desk) -> None:
    """The last carer at lunch is shown to one person, and to another only once it is free."""
    assert tried(desk, "R-104") == ["chesil"]
    assert shown(made(desk, "R-103")) == ["chesil"]
    assert tried(desk, "R-104") == []
    second = made(desk, "R-104")
    assert shown(second) == []
    assert second["holds"] == []
    ok(desk.call("POST", "/v1/requests/R-103/end", {"reason": "died"}))
    assert shown(made(desk, "R-104")) == ["chesil"]
    assert faults(desk) == []


def test_nobody_stands_in_her_own_way(desk: Desk) -> None:
    """A second shortlist gives back what the first holds, and so shows the same again."""
    first = made(desk, "R-103")
    second = made(desk, "R-103")
    assert shown(second) == shown(first) == ["chesil"]
    assert holds(desk, "R-103") == ["chesil"]
    again = desk.get(f"/v1/shortlists/{first['shortlist_id']}")
    assert [h["state"] for h in again["holds"]] == ["released"]
    assert [h["state"] for h in second["holds"]] == ["held"]


def test_fewer_options_hold_less(sqlite_desk: Desk) -> None:
    """Only what is shown is held."""
    assert shown(made(sqlite_desk, body={"options": 1})) == ["maiden"]
    assert holds(sqlite_desk) == ["maiden"]


def test_a_hold_ends_by_itself(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its hours the capacity is everybody's again, though nobody did anything."""
    record = made(desk, "R-103")
    hours_later(monkeypatch, desk.settings.hold_hours - 0.1)
    assert tried(desk, "R-104") == []
    hours_later(monkeypatch, 0.2)
    assert tried(desk, "R-104") == ["chesil"]
    again = desk.get(f"/v1/shortlists/{record['shortlist_id']}")
    assert [h["state"] for h in again["holds"]] == ["expired"]


def test_a_call_sent_twice_makes_one_shortlist(desk: Desk) -> None:
    """With an idempotency key the second answer is the first, and nothing is held twice."""
    who = {"headers": {"Idempotency-Key": "shortlist-1"}}
    first = made(desk, "R-103", **who)
    assert made(desk, "R-103", **who) == first
    found = counts(desk)
    assert (found["shortlists"], found["commitments"], found[ReplayRow.__tablename__]) == (1, 1, 1)


def test_a_shortlist_that_cannot_be_held_is_not_kept(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should market and ledger ever disagree, it is our fault, and nothing of it stays."""
    with desk.record.reading() as session:
        stale = desk.app.state.service.supply.market(session)
    made(desk, "R-103")
    before = counts(desk)
    monkeypatch.setattr("api.supply.Supply.market_within", lambda self, *_: stale)
    refused(desk.call("POST", "/v1/requests/R-104/shortlists", {}), 500, "our-fault")
    assert counts(desk) == before


# -- for whom ----------------------------------------------------------------------------------


def test_only_who_waits_gets_a_shortlist(desk: Desk) -> None:
    """Neither for care that is arranged nor for a request that has ended."""
    path = "/v1/requests/{}/shortlists"
    told = refused(desk.call("POST", path.format("R-100"), {}), 409, "conflict")
    assert (told["value"], told["expected"]) == ("arranged", "a request that is waiting")
    ok(desk.call("POST", "/v1/requests/R-103/end", {"reason": "moved_away"}))
    refused(desk.call("POST", path.format("R-103"), {}), 409, "conflict")
    refused(desk.call("POST", path.format("R-999"), {}), 404, "not-found")


@pytest.mark.parametrize(
    ("suspended_from", "restarts_on", "status"),
    [
        ("2026-04-02", None, 201),  # suspended only from tomorrow on
        ("2026-04-01", None, 409),  # suspended from today on
        ("2026-03-20", "2026-04-02", 409),  # restarts only tomorrow
        ("2026-03-20", "2026-04-01", 201),  # restarts today
    ],
)
def test_nobody_searches_while_care_is_suspended(
    sqlite_desk: Desk, suspended_from: str, restarts_on: str | None, status: int
) -> None:
    """A suspended request gets no shortlist until it restarts (H19)."""
    body = {"suspended_from": suspended_from, "restarts_on": restarts_on, "reason": "In hospital"}
    sqlite_desk.post("/v1/requests/R-101/suspension", body)
    answered = sqlite_desk.call("POST", "/v1/requests/R-101/shortlists", {})
    assert answered.status_code == status
    assert bool(holds(sqlite_desk)) is (status == 201)


def test_an_incomplete_request_gets_none(sqlite_desk: Desk) -> None:
    """R-107 of the book waits without a plan: every missing field is told (H2)."""
    told = refused(
        sqlite_desk.call("POST", "/v1/requests/R-107/shortlists", {}), 409, "request-refused"
    )
    assert [each["rule_id"] for each in told["refusals"]] == ["INCOMPLETE"]
    assert "plan_signed_off" in told["missing"]


def test_a_key_worker_makes_and_reads_her_own(sqlite_desk: Desk) -> None:
    """Another worker's requests and shortlists are, to her, not there."""
    body = body_of(sqlite_desk, "R-101", request_id="N-1", waiting_since=None)
    sqlite_desk.post("/v1/requests", body, **WORKER)
    record = made(sqlite_desk, "N-1", **WORKER)
    mine, others = f"/v1/shortlists/{record['shortlist_id']}", {**WORKER, "holder": "worker-8"}
    assert sqlite_desk.get(mine, **WORKER) == record
    for path in (mine, f"{mine}/evidence", "/v1/requests/N-1/shortlists"):
        sqlite_desk.get(path, **WORKER)
        refused(sqlite_desk.call("GET", path, **others), 404, "not-found")
    answered = sqlite_desk.call("POST", "/v1/requests/N-1/shortlists", {}, **others)
    refused(answered, 404, "not-found")


# -- rules of the matcher that show ------------------------------------------------------------


def test_homes_that_the_person_names_are_considered(sqlite_desk: Desk) -> None:
    """A nominated home is considered even far away, for this shortlist only (L2)."""
    changes = {"waiting_since": None, "preferred_providers": ["poundbury"]}
    far = body_of(sqlite_desk, "R-203", request_id="N-2", **changes)
    sqlite_desk.post("/v1/requests", far)
    assert "grange" not in shown(made(sqlite_desk, "N-2"))
    record = made(sqlite_desk, "N-2", {"nominated_provider_ids": ["grange", "poundbury"]})
    grange = next(o for o in record["shortlist"]["options"] if o["provider_id"] == "grange")
    assert grange["nominated"]
    pack = sqlite_desk.get(f"/v1/shortlists/{record['shortlist_id']}/evidence")
    assert pack["request"]["preferred_providers"] == ["grange", "poundbury"]
    assert body_of(sqlite_desk, "N-2")["preferred_providers"] == ["poundbury"]


def test_a_nominated_provider_must_be_known(sqlite_desk: Desk) -> None:
    """A name that is not in the record is told, and nothing is held."""
    body = {"nominated_provider_ids": ["grange", "nowhere"]}
    answered = sqlite_desk.call("POST", "/v1/requests/R-201/shortlists", body)
    assert refused(answered, 400, "bad-call")["value"] == "nowhere"
    assert holds(sqlite_desk, "R-201") == []


def test_no_affordable_home_is_said_plainly(sqlite_desk: Desk) -> None:
    """Where every home costs more than the budget, the shortlist says so (L1, H13)."""
    record = made(sqlite_desk, "R-202")
    assert record["shortlist"]["affordability"] == "NO_AFFORDABLE_OPTION"
    assert any("(L1)" in note for note in record["shortlist"]["notes"])
    listed = sqlite_desk.get("/v1/requests/R-202/shortlists")["items"]
    assert [line["affordability"] for line in listed] == ["NO_AFFORDABLE_OPTION"]


def test_an_unsuitable_home_is_left_out_next_time(desk: Desk) -> None:
    """Once a home finds the person unsuitable, the next shortlist is without it (H15)."""
    assert shown(made(desk)) == ["maiden", "frome"]
    offer = recorded(desk, "maiden", terms())
    path = f"/v1/offers/{offer['offer_id']}/unsuitable"
    ok(desk.call("POST", path, {"reason": "Two carers needed at night"}))
    record = made(desk)
    assert shown(record) == ["frome"]
    pack = desk.get(f"/v1/shortlists/{record['shortlist_id']}/evidence")
    maiden = next(each for each in pack["considered"] if each["provider_id"] == "maiden")
    assert maiden["refusals"] == ["R-101 excludes Maiden Castle Homecare."]


# -- read --------------------------------------------------------------------------------------


def test_shortlists_are_listed_page_by_page(desk: Desk) -> None:
    """The newest comes first, and every one exactly once."""
    ids = [made(desk)["shortlist_id"] for _ in range(3)]
    path, found = "/v1/requests/R-101/shortlists", []
    first = desk.get(f"{path}?limit=2")
    second = desk.get(f"{path}?limit=2&cursor={first['next']}")
    found = [line["shortlist_id"] for line in first["items"] + second["items"]]
    assert sorted(found) == sorted(ids)
    assert found == sorted(ids, reverse=True)
    assert second["next"] is None
    assert first["items"][0]["provider_ids"] == ["maiden", "frome"]
    refused(desk.call("GET", "/v1/requests/R-999/shortlists"), 404, "not-found")


@pytest.mark.parametrize("cursor", ["WzFd", "W10", "nonsense", "bnVsbA"])
def test_a_cursor_of_no_page_is_told(sqlite_desk: Desk, cursor: str) -> None:
    """A cursor that no page gave is the caller's fault."""
    path = f"/v1/requests/R-101/shortlists?cursor={cursor}"
    refused(sqlite_desk.call("GET", path), 400, "bad-call")
