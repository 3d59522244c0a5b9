"""Tests of the one law of proposals: what a night proposes is what may be accepted, and only that.

Each record is made by acts that people do between two nights; then every proposal of a fresh run,
on a record that nobody has changed since, must be accepted.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from api.storage.lines import kept, read
from api.storage.record import SOFTWARE
from api.tables import CommitmentRow, ProviderRow
from matcher.model import Rate
from matcher.vocabulary import AT_FRAMEWORK
from tests.api.conftest import settings_at
from tests.api.desk import Desk, ok
from tests.api.life import clear
from tests.api.offering import bed_terms, enquire, faults, recorded, terms
from tests.api.test_acts_increases import MORE
from tests.api.test_acts_proposals import accept, proposed, put
from tests.api.working import solving

Act = Callable[[Desk], Any]


def lapse(desk: Desk) -> None:
    """Let every hold be over."""
    with desk.record.writing(SOFTWARE) as writing:
        for row in writing.session.scalars(select(CommitmentRow)):
            if row.kind == "hold":
                row.expires_at = writing.now - timedelta(minutes=1)
                writing.supply_changed(writing.session.get_one(ProviderRow, row.provider_id))


def choose(desk: Desk, where: str, body: dict[str, Any], request_id: str = "R-101") -> None:
    """Let a person choose a provider, if it has room."""
    offer = recorded(desk, where, body, request_id)
    path = f"/v1/offers/{offer['offer_id']}/choice"
    clear(desk.call("PUT", path, {"chosen_by": "person"}, version=offer["version"]))


def choose_bed(desk: Desk) -> None:
    """Let a person choose the one bed of her home, and let the hold of it lapse."""
    choose(desk, "poundbury", bed_terms(start_date="2026-04-12"), "R-201")
    lapse(desk)


def choose_agency(desk: Desk, where: str = "maiden") -> None:
    """Let a person choose an agency, and let the hold of its carers lapse."""
    choose(desk, where, terms())
    lapse(desk)


def without_rates(desk: Desk, *provider_ids: str, **kept_where: Any) -> None:
    """Take rates off a provider's file: all, or those that are not as said."""
    with desk.record.reading() as session:
        rows = {name: session.get_one(ProviderRow, name).rates for name in provider_ids}
    for name, rates in rows.items():
        left = [
            rate
            for rate in read(Rate, rates)
            if kept_where and all(getattr(rate, k) == v for k, v in kept_where.items())
        ]
        put(desk, name, rates=kept(left))


def rates_as(desk: Desk, provider_id: str, **changes: Any) -> None:
    """Change every rate of a provider."""
    with desk.record.reading() as session:
        rates = read(Rate, session.get_one(ProviderRow, provider_id).rates)
    put(desk, provider_id, rates=kept(rate.model_copy(update=changes) for rate in rates))


def all_accepted(desk: Desk) -> dict[str, str]:
    """Return at whom each person of a fresh run is proposed, all of it accepted one by one."""
    found = proposed(desk)
    for each in found.values():
        assert each["state"] == "open"
        assert each["placed"]["weekly_cost_pence"] is not None
        ok(accept(desk, each))
    assert faults(desk) == []
    return {name: each["provider_id"] for name, each in found.items()}


# -- what acceptance refused -------------------------------------------------------------------


def test_whom_the_person_chose_already_is_not_proposed_again(desk: Desk) -> None:
    """The hold of the choice has lapsed; it is booked or chosen anew, and others are proposed."""
    before = {name: each["provider_id"] for name, each in proposed(desk).items()}
    choose_agency(desk, before["R-101"])
    assert all_accepted(desk).get("R-101") != before["R-101"]


def test_a_lapsed_choice_of_the_only_home_leaves_nothing_to_propose(desk: Desk) -> None:
    """Nobody is told of a place that the person has chosen long since."""
    choose_bed(desk)
    for other in ("grange", "radipole"):
        put(desk, other, bed_capacity=[])
    assert "R-201" not in all_accepted(desk)


def test_who_has_no_rate_on_file_is_not_proposed(desk: Desk) -> None:
    """A proposal says what it costs (H16); the market still shows whom one may ask for a price."""
    before = {name: each["provider_id"] for name, each in proposed(desk).items()}
    without_rates(desk, before["R-201"])
    assert all_accepted(desk).get("R-201") != before["R-201"]


def test_a_rate_for_other_care_is_no_rate(sqlite_desk: Desk) -> None:
    """Of another time, place or day: whatever is proposed all the same is accepted."""
    rates_as(sqlite_desk, "maiden", valid_to=date(2026, 4, 2))  # over before the care begins
    rates_as(sqlite_desk, "frome", zone="nowhere")
    rates_as(sqlite_desk, "portland", visit_minutes=5)
    rates_as(sqlite_desk, "chesil", valid_from=date(2026, 12, 1))
    rates_as(sqlite_desk, "poundbury", amount_pence=AT_FRAMEWORK)
    placed = all_accepted(sqlite_desk)
    assert not {"maiden", "frome", "portland", "chesil"} & set(placed.values())


def test_a_rate_that_is_over_before_care_can_begin_is_no_rate(sqlite_desk: Desk) -> None:
    """Without a day by which to start: what counts is the week in which care can start."""
    for name in ("R-101", "R-102", "R-103", "R-104"):
        path = f"/v1/requests/{name}"
        body = {"changes": {"start_by": None}, "reason": "Any day will do"}
        version = sqlite_desk.get(path)["version"]
        ok(sqlite_desk.call("PATCH", path, body, version=version))
    rates_as(sqlite_desk, "maiden", valid_to=date(2026, 4, 2))
    assert "maiden" not in all_accepted(sqlite_desk).values()


def test_what_changed_while_the_run_went_on_is_stale_from_the_first(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody was suspended, somebody chose: what the run found for them is not open."""
    before = proposed(desk)
    name, other = "R-101", "R-102"

    def meanwhile(real: Callable[[], Any], _progress: Any) -> Any:
        found = real()
        choose_agency(desk, before[name]["provider_id"])
        suspended = {"suspended_from": "2026-03-30", "reason": "Hospital"}
        desk.post(f"/v1/requests/{other}/suspension", suspended)
        return found

    with solving(monkeypatch, meanwhile):
        found = proposed(desk)
    assert {found[each]["state"] for each in (name, other)} == {"stale"}
    rest = [each for each in found.values() if each["request_id"] not in {name, other}]
    assert {each["state"] for each in rest} == {"open"}


# -- whatever people do ------------------------------------------------------------------------

ACTS: dict[str, Act] = {
    "choose a bed": choose_bed,
    "choose maiden": choose_agency,
    "choose frome": lambda desk: choose_agency(desk, "frome"),
    "no rate at maiden": lambda desk: without_rates(desk, "maiden"),
    "no rate at homes": lambda desk: without_rates(desk, "poundbury", "grange"),
    "only the week at radipole": lambda desk: without_rates(desk, "radipole", unit="week"),
    "rates of another day": lambda desk: rates_as(desk, "frome", valid_to=None, valid_from=None),
    "hold a choice": lambda desk: choose(desk, "frome", terms()),
    "hold a shortlist": lambda desk: desk.post("/v1/requests/R-203/shortlists", {}),
    "let a shortlist lapse": lambda desk: (
        desk.post("/v1/requests/R-103/shortlists", {}),
        lapse(desk),
    ),
    "ask for more": lambda desk: desk.post("/v1/requests/R-100/increases", MORE),
    "ask": lambda desk: enquire(desk, "maiden", request_id="R-104"),
    "suspend": lambda desk: desk.post(
        "/v1/requests/R-102/suspension", {"suspended_from": "2026-04-01", "reason": "Hospital"}
    ),
    "embargo": lambda desk: desk.post("/v1/requests/R-106/end", {"reason": "no_longer_needed"}),
    "a night before": proposed,
    "a night accepted": lambda desk: [accept(desk, each) for each in proposed(desk).values()],
}


@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(names=st.lists(st.sampled_from(sorted(ACTS)), max_size=4, unique=True))
def test_every_open_proposal_of_a_fresh_run_is_accepted(
    loaded_file: Any, tmp_path: Any, gazetteer: Any, names: list[str]
) -> None:
    """Whatever people did before the night, in whatever order."""
    path = tmp_path / f"{'-'.join(names) or 'none'}.db".replace(" ", "_")
    path.write_bytes(loaded_file.read_bytes())
    desk = Desk(settings_at(f"sqlite:///{path}"), gazetteer)
    try:
        for name in names:
            ACTS[name](desk)
        all_accepted(desk)
    finally:
        desk.close()
