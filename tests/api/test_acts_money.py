"""Tests of money: one budget for a family, whoever asks, whatever is asked for beside what runs."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from api.storage.books import dump, night_book
from api.storage.requests import request_row
from api.tables import BookingRow, OfferRow
from tests.api.desk import Desk, ok, refused
from tests.api.family import (
    HOUR_EACH_DAY,
    again,
    arranged,
    book,
    elsewhere,
    left,
    more,
    offer,
    referral,
    week_of,
    widen,
)
from tests.api.offering import (
    HOLDER,
    agreed,
    approved,
    bed_terms,
    booked,
    change_provider,
    chosen,
    faults,
    recorded,
)

WORKER = {"role": "key_worker", "holder": "worker-7"}
BUDGET = 26_000
"""Pence a week: two hours each day and a little more."""
REST = BUDGET - HOUR_EACH_DAY


# -- one budget for all ------------------------------------------------------------------------


def test_of_two_increases_the_second_is_told_what_the_first_leaves(desk: Desk) -> None:
    """Neither is chosen yet, and the first alone may have the rest of the budget."""
    arranged(desk, BUDGET)
    more(desk, "M-1")
    more(desk, "M-2")
    assert (left(desk, "M-1"), left(desk, "M-2")) == (REST, REST - HOUR_EACH_DAY)
    assert not offer(desk, "M-1")["needs_approval"]
    told = offer(desk, "M-2")
    assert told["needs_approval"]
    assert "£115.75 a week above the personal budget" in told["approval_reasons"][0]
    chosen(desk, offer(desk, "M-1"))
    late = chosen(desk, told)
    assert late["needs_approval"]
    refused(book(desk, late), 409, "conflict")
    assert faults(desk) == []


def test_the_budget_is_spent_once(desk: Desk) -> None:
    """What is booked for the one is gone for the other, which is told so and needs an approval."""
    arranged(desk, BUDGET)
    for name in ("M-1", "M-2"):
        more(desk, name)
    second = chosen(desk, offer(desk, "M-2"))
    first = chosen(desk, offer(desk, "M-1"))
    assert first["needs_approval"]  # chosen later than the other
    ok(book(desk, approved(desk, second)))
    told = again(desk, first)
    assert told["needs_approval"]
    refused(book(desk, told), 409, "conflict")
    assert week_of(desk, "N-1", "M-1", "M-2") == 2 * HOUR_EACH_DAY
    assert faults(desk) == []


def test_a_shortlist_knows_what_else_is_paid_for(sqlite_desk: Desk) -> None:
    """An option of it is flagged like an offer; and one shown before is not booked after."""
    desk = sqlite_desk
    arranged(desk, BUDGET)
    more(desk, "M-1")
    more(desk, "M-2")
    for name in ("M-1", "M-2"):
        decline_first(desk, name)
    shown = {name: desk.post(f"/v1/requests/{name}/shortlists", {}) for name in ("M-1", "M-2")}
    options = {name: cheapest(each) for name, each in shown.items()}
    assert not options["M-1"]["needs_approval"]
    assert options["M-2"]["needs_approval"]
    take = {"shortlist_id": shown["M-1"]["shortlist_id"], "chosen_by": "person"}
    agreed(desk, "N-1", personal_budget_pence_per_week=BUDGET - 1)
    body = {**take, "provider_id": options["M-1"]["provider_id"]}
    told = refused(desk.call("POST", "/v1/requests/M-1/bookings", body), 409, "conflict")
    assert "what is left for it, was changed since" in told["detail"]


def decline_first(desk: Desk, request_id: str) -> None:
    """Let the current provider decline, so that the market may be asked (H17)."""
    body = {"provider_ids": ["maiden"]}
    enquiry = desk.post(f"/v1/requests/{request_id}/enquiries", body)
    path = f"/v1/enquiries/{enquiry['enquiry_id']}/decline"
    who = {"role": "provider", "holder": "maiden office", "provider_id": "maiden"}
    ok(desk.call("POST", path, {"reason": "No carers then"}, **who))


def cheapest(record: Any) -> Any:
    """Return the cheapest option of a shortlist."""
    return min(record["shortlist"]["options"], key=lambda each: each["weekly_cost_pence"])


def test_a_change_of_provider_leaves_the_increases_their_part(desk: Desk) -> None:
    """The old care is replaced and frees its money; what goes on beside it does not."""
    arranged(desk, 13_777, pence=2300)
    more(desk, "M-1", days=1, minutes=30)
    booked(desk, chosen(desk, offer(desk, "M-1")))
    beside = week_of(desk, "M-1")
    elsewhere(desk, "C-1")
    assert left(desk, "C-1") == 13_777 - beside == HOUR_EACH_DAY - 1
    told = chosen(desk, offer(desk, "C-1", "frome"))
    assert told["needs_approval"]
    refused(book(desk, told), 409, "conflict")
    agreed(desk, "C-1", personal_budget_pence_per_week=13_778)
    ok(book(desk, told))
    assert week_of(desk, "C-1", "M-1") == HOUR_EACH_DAY + beside == 13_778
    assert week_of(desk, "N-1") == 0
    assert faults(desk) == []


def test_a_change_and_an_increase_do_not_share_the_rest(desk: Desk) -> None:
    """What other care will cost above the old is not for more of it."""
    arranged(desk, 14_000, pence=2300)
    elsewhere(desk, "C-1")
    more(desk, "M-1", days=1)
    assert left(desk, "M-1") == 14_000 - HOUR_EACH_DAY
    assert left(desk, "C-1") == 14_000
    assert offer(desk, "M-1")["needs_approval"]
    booked(desk, chosen(desk, offer(desk, "C-1", "frome", 2300)))
    assert left(desk, "M-1") == 14_000 - 11_500


def test_what_has_ended_is_free_for_other_care(desk: Desk) -> None:
    """Care that runs out its notice is paid for until then, and not a day longer."""
    arranged(desk, BUDGET)
    more(desk, "M-1")
    order = booked(desk, chosen(desk, offer(desk, "M-1")))
    more(desk, "M-2")
    assert left(desk, "M-2") == REST - HOUR_EACH_DAY
    body = {"ends_on": "2026-04-20", "reason": "no_longer_needed"}
    desk.post(f"/v1/bookings/{order['order_ref']}/end", body)
    assert left(desk, "M-2") == REST - HOUR_EACH_DAY
    told = {"rate": {"unit": "hour", "amount_pence": 2505}, "start_date": "2026-04-21"}
    visits = [{"visit_no": 1, "at_minute": 540}]
    assert not recorded(desk, "maiden", {**told, "visits": visits}, "M-2")["needs_approval"]
    early = {**told, "start_date": "2026-04-20", "visits": visits}
    assert recorded(desk, "maiden", early, "M-2")["needs_approval"]


def test_care_that_ran_before_the_record_counts_by_its_rates(sqlite_desk: Desk) -> None:
    """And where nobody knows its price, nothing is left for more."""
    sqlite_desk.post(
        "/v1/requests/R-100/increases",
        {"request_id": "M-1", "package": one_visit(), "reason": "More"},
    )
    assert left(sqlite_desk, "M-1") == 20_000 - 8_771
    change_provider(sqlite_desk, "maiden", rates=[])
    assert left(sqlite_desk, "M-1") == 0


def one_visit() -> dict[str, Any]:
    """Return a package of one visit a week."""
    return {"visits": [{"visit_no": 1, "days": ["mon"], "band": "morning", "minutes": 30}]}


def test_the_person_pays_her_part_once(sqlite_desk: Desk) -> None:
    """Her contribution is of all her care, not of each request."""
    desk = sqlite_desk
    widen(desk)
    referral(desk, personal_budget_pence_per_week=BUDGET, own_contribution_pence_per_week=10_000)
    agreed(desk, "N-1")
    booked(desk, chosen(desk, offer(desk, "N-1")))
    more(desk, "M-1")
    offer(desk, "M-1")
    (compared,) = desk.get("/v1/requests/M-1/offers")["items"]
    assert compared["comparison"]["paid_by"]["own_pence"] == 0


def test_a_stay_elsewhere_has_the_nights_that_are_left(sqlite_desk: Desk) -> None:
    """What of the allowance the first home had is not had again (H13)."""
    desk = sqlite_desk
    agreed(desk, "R-204", respite_nights_left=14)
    nights = desk.get("/v1/requests/R-204")["request"]["placement"]["nights"]
    start = {"start_date": "2026-04-13"}
    booked(desk, chosen(desk, recorded(desk, "grange", bed_terms(**start), "R-204")))
    with desk.record.bare_writing() as session:
        session.scalars(select(BookingRow).where(BookingRow.request_id == "R-204")).one()
        row = request_row(session, "R-204")
        row.document = {**row.document, "respite_nights_left": nights}
        booking = session.scalars(select(BookingRow).where(BookingRow.request_id == "R-204")).one()
        booking.starts_on = booking.starts_on.replace(month=3, day=30)
    answered = desk.call("POST", "/v1/requests/R-204/changes-of-provider", change_body("C-1"))
    assert ok(answered)["may_be_searched"] is False
    told = desk.call("POST", "/v1/requests/C-1/shortlists", {})
    assert f"the allowance has {nights - 2} left" in told.text


def change_body(request_id: str) -> dict[str, Any]:
    """Return a change of provider as it is asked for."""
    reasons = dict.fromkeys(("why_not_times", "why_not_carer", "why_not_tasks", "reason"), "Tried")
    return {"request_id": request_id, "care_team_agrees": True, **reasons}


# -- the night and the book --------------------------------------------------------------------


def test_the_night_plans_with_what_is_left(desk: Desk) -> None:
    """Each increase is in the night's book with its own part; the sum is no more than the rest."""
    arranged(desk, BUDGET)
    for name in ("M-1", "M-2", "M-3"):
        more(desk, name, days=2)
    clock = desk.record.clock
    with desk.record.snapshot() as session:
        night = night_book(session, clock.now(), clock.today())
    budgets = {each.request_id: each.personal_budget_pence_per_week for each in night.requests}
    day = HOUR_EACH_DAY // 5
    assert [budgets[name] for name in ("M-1", "M-2", "M-3")] == [
        REST,
        REST - 2 * day,
        REST - 4 * day,
    ]


def test_a_dumped_book_spends_no_budget_twice(sqlite_desk: Desk) -> None:
    """Whoever loads it knows no families: each request has its own care and the rest, no more."""
    desk = sqlite_desk
    arranged(desk, BUDGET)
    more(desk, "M-1", days=2)
    booked(desk, chosen(desk, offer(desk, "M-1")))
    clock = desk.record.clock
    with desk.record.snapshot() as session:
        out, _ = dump(session, clock.now(), clock.today())
    budgets = {each.request_id: each.personal_budget_pence_per_week for each in out.requests}
    for name in ("N-1", "M-1"):
        budget = budgets[name]
        assert budget is not None
        assert budget - week_of(desk, name) == BUDGET - week_of(desk, "N-1", "M-1")


# -- approvals ---------------------------------------------------------------------------------


def test_an_approval_covers_no_more_than_it_was_given_for(desk: Desk) -> None:
    """What was approved when less ran is approved anew, by whoever may decide on all of it."""
    arranged(desk, HOUR_EACH_DAY)
    more(desk, "M-1")
    more(desk, "M-2", days=1)
    first = approved(desk, chosen(desk, offer(desk, "M-1")))
    assert first["approved_family_pence"] == 2 * HOUR_EACH_DAY
    other = chosen(desk, offer(desk, "M-2"))
    booked(desk, approved(desk, other, limit=30_000))
    told = refused(book(desk, first), 409, "conflict")
    assert "was approved for less than the £275.55" in told["detail"]
    assert approved(desk, again(desk, first))["approved_family_pence"] == 27_555
    ok(book(desk, first))
    path = f"/v1/offers/{first['offer_id']}/approval"
    version = again(desk, first)["version"]
    body = {"approve": True, "note": "Once more"}
    refused(desk.call("PUT", path, body, version=version, **HOLDER), 409, "conflict")
    assert faults(desk) == []


def test_a_limit_is_of_all_of_a_persons_care(desk: Desk) -> None:
    """Who may decide on £300 a week does not decide on £375.75 in three parts."""
    arranged(desk, BUDGET)
    more(desk, "M-1")
    booked(desk, chosen(desk, offer(desk, "M-1")))
    more(desk, "M-2")
    made = chosen(desk, offer(desk, "M-2"))
    path, body = f"/v1/offers/{made['offer_id']}/approval", {"approve": True, "note": "Scarce"}
    small = {**HOLDER, "limit": 30_000, "version": made["version"]}
    told = refused(desk.call("PUT", path, body, **small), 403, "not-allowed")
    assert "all of the person's care £375.75 a week" in told["detail"]
    booked(desk, approved(desk, made, limit=3 * HOUR_EACH_DAY))
    assert faults(desk) == []


def test_nothing_is_booked_before_the_money_is_agreed(desk: Desk) -> None:
    """A budget that the asker wrote down is what she asks for; somebody else agrees to it (H1)."""
    widen(desk)
    referral(desk, personal_budget_pence_per_week=9_000_000)
    made = chosen(desk, offer(desk, "N-1"))
    assert made["needs_approval"]
    assert "agreed the money" in made["approval_reasons"][0]
    assert "H9" in refused(book(desk, made), 409, "conflict")["detail"]
    agreed(desk, "N-1", personal_budget_pence_per_week=BUDGET)
    told = again(desk, made)
    assert (told["needs_approval"], told["approval_reasons"]) == (False, [])
    ok(book(desk, made))
    assert faults(desk) == []


def test_an_approval_of_the_price_is_an_agreement_too(sqlite_desk: Desk) -> None:
    """One price may be agreed without a budget; more care beside it needs another."""
    widen(sqlite_desk)
    referral(sqlite_desk)
    ok(book(sqlite_desk, approved(sqlite_desk, chosen(sqlite_desk, offer(sqlite_desk, "N-1")))))
    more(sqlite_desk, "M-1")
    assert offer(sqlite_desk, "M-1")["needs_approval"]
    assert faults(sqlite_desk) == []


# -- what the record says ----------------------------------------------------------------------


def test_the_ledger_notices_what_nobody_agreed_to(desk: Desk) -> None:
    """A budget lowered, an approval cut down or taken away behind the service's back."""
    arranged(desk, BUDGET)
    more(desk, "M-1")
    booked(desk, chosen(desk, offer(desk, "M-1")))
    more(desk, "M-2")
    made = approved(desk, chosen(desk, offer(desk, "M-2")))
    booked(desk, made)
    assert faults(desk) == []
    for column, value in (("approved_family_pence", 3 * HOUR_EACH_DAY - 1), ("approved", None)):
        with desk.record.bare_writing() as session:
            setattr(session.get_one(OfferRow, made["offer_id"]), column, value)
        assert any("M-1, M-2, N-1 comes to £375.75" in fault for fault in faults(desk))
    assert any("without the approval that it needs" in fault for fault in faults(desk))


def test_the_ledger_notices_one_request_above_its_budget(sqlite_desk: Desk) -> None:
    """A family of one is a family."""
    arranged(sqlite_desk, BUDGET)
    assert faults(sqlite_desk) == []
    with sqlite_desk.record.bare_writing() as session:
        row = request_row(session, "N-1")
        row.document = {**row.document, "personal_budget_pence_per_week": HOUR_EACH_DAY - 1}
    (fault,) = faults(sqlite_desk)
    assert "£125.25 is held against £125.24 agreed" in fault


# -- as it was attacked ------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["booked", "chosen", "offered"])
def test_a_budget_is_not_spent_in_parts(desk: Desk, first: str) -> None:
    """R-100 has £200 a week, of which £87.71 runs: two times £100.20 more is once too much."""
    widen(desk)
    for name in ("M-1", "M-2"):
        more(desk, name, "R-100", days=4)
    one = offer(desk, "M-1")
    if first != "offered":
        one = chosen(desk, one)
    if first == "booked":
        booked(desk, one)
    other = chosen(desk, offer(desk, "M-2"))
    answers = [
        book(desk, other),
        book(desk, one if first != "offered" else chosen(desk, again(desk, one))),
    ]
    running = week_of(desk, "M-1", "M-2") + 8_771
    assert running <= 20_000
    assert {each.status_code for each in answers} <= {201, 409}
    assert faults(desk) == []
