"""Tests of who may call what: every route, every role, its own and another's and nobody's."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from sqlalchemy import select

from api.app import UnruledRouteError, create_app, rules_of
from api.jobs import Worker
from api.security import OPEN, OWNERS, Reach, Role, Rule
from api.tables import ProposalRow, RequestRow
from matcher.geography import Gazetteer
from tests.api.conftest import settings_at
from tests.api.desk import Desk
from tests.api.offering import booked, chosen, enquire, reply, terms
from tests.builders import minute

OWN, OTHERS, NOBODYS = "own", "another's", "nobody's"
WORKER, COLLEAGUE = "worker-7", "worker-8"
MINE, THEIRS = "maiden", "chesil"
ROUTES = [(route, rule) for route, rule in rules_of(create_app(settings_at("sqlite://")))]
RULED = [(route, rule) for route, rule in ROUTES if isinstance(rule, Rule)]


class World:
    """A desk on which each thing is there twice: the caller's own, and another's.

    Parameters
    ----------
    desk
        With the sample book.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        owners = {"R-100": WORKER, "R-101": WORKER, "R-103": COLLEAGUE}
        with desk.record.bare_writing() as session:
            for request_id, worker in owners.items():
                session.get_one(RequestRow, request_id).key_worker = worker
        self.run_id = desk.post("/v1/allocations", {"deterministic_time": 0.05})["run_id"]
        assert Worker(desk.record, desk.gazetteer, desk.settings).work_one()
        self.ids = {
            OWN: {**self._things(MINE, "R-101"), "order_ref": "RUN-000001"},
            OTHERS: self._things(THEIRS, "R-103"),
            NOBODYS: {**dict.fromkeys(OWNERS, "nothing-of-the-kind"), **self._shared()},
        }
        self.ids[OTHERS]["order_ref"] = booked(desk, self.offer)["order_ref"]

    def _shared(self) -> dict[str, str]:
        return {"run_id": self.run_id, "name": "summary.json", "prefix": "none"}

    def _things(self, provider_id: str, request_id: str) -> dict[str, str]:
        desk = self.desk
        listed = desk.post(f"/v1/requests/{request_id}/shortlists", {})
        option = next(o for o in listed["shortlist"]["options"] if o["provider_id"] == provider_id)
        visits = [
            {"visit_no": visit["visit_no"], "at_minute": minute(visit["start"])}
            for visit in option["visits"]
        ]
        enquiry = enquire(desk, provider_id, request_id=request_id)
        self.offer = chosen(desk, reply(desk, enquiry, provider_id, terms(2400, visits=visits)))
        return {
            "request_id": request_id,
            "provider_id": provider_id,
            "shortlist_id": listed["shortlist_id"],
            "enquiry_id": enquiry["enquiry_id"],
            "offer_id": self.offer["offer_id"],
            "proposal_id": self._proposal(request_id, provider_id),
            **self._shared(),
        }

    def _proposal(self, request_id: str, provider_id: str) -> str:
        """Return a proposal for a request: a line of the run's, given to it."""
        with self.desk.record.bare_writing() as session:
            row = session.scalars(select(ProposalRow).limit(1)).one()
            copied = {c.name: getattr(row, c.name) for c in ProposalRow.__table__.columns}
            copied |= {
                "proposal_id": f"prp-{request_id}",
                "request_id": request_id,
                "provider_id": provider_id,
            }
            session.add(ProposalRow(**copied))
        return f"prp-{request_id}"

    def status(self, route: APIRoute, role: Role | None, whose: str) -> int:
        """Return how a call without a body is answered, by a role or without any key."""
        path = route.path.format(**self.ids[whose])
        method = sorted(route.methods)[0]
        if role is None:
            return self.desk.client.request(method, path).status_code
        holder = {Role.KEY_WORKER: WORKER}.get(role)
        provider_id = MINE if role is Role.PROVIDER else None
        called = self.desk.call(
            method, path, role=role, holder=holder, provider_id=provider_id, version=1
        )
        return called.status_code


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory, loaded_file: Path, gazetteer: Gazetteer
) -> Iterator[World]:
    """Give a world that all the calls below are made in, whatever they change in it."""
    path = tmp_path_factory.mktemp("access") / "book.db"
    shutil.copy(loaded_file, path)
    desk = Desk(settings_at(f"sqlite:///{path}"), gazetteer)
    yield World(desk)
    desk.close()


def name_of(route: APIRoute) -> str:
    """Return how a route is told from others."""
    return f"{sorted(route.methods)[0]} {route.path}"


def expected(rule: Rule, role: Role | None, whose: str, *, is_named: bool) -> set[int]:
    """Return the statuses of the guard that a call must be answered with; none: let through."""
    if role is None:
        return {401}
    reach = rule.reach.get(role)
    if reach is None:
        return {403}
    return {404} if reach is Reach.OWN and is_named and whose != OWN else set()


@pytest.mark.parametrize(("route", "rule"), RULED, ids=[name_of(route) for route, _ in RULED])
def test_every_route_lets_in_whom_its_rule_says(route: APIRoute, rule: Rule, world: World) -> None:
    """Each role reaches what the rule gives it: anybody's, its own only, or nothing at all."""
    is_named = bool(OWNERS.keys() & route.param_convertors.keys())
    for role in (*Role, None):
        for whose in (OWN, OTHERS, NOBODYS):
            status, wanted = (
                world.status(route, role, whose),
                expected(rule, role, whose, is_named=is_named),
            )
            told = f"{name_of(route)} by {role} on {whose}: {status}"
            if wanted:
                assert status in wanted, told
            else:
                assert status not in {401, 403, 500}, told
                assert status != 404 or whose == NOBODYS or "prefix" in route.path, told


def test_every_role_reaches_something_and_no_role_everything() -> None:
    """The rules tell the roles apart."""
    reached = {role: {name_of(r) for r, rule in RULED if role in rule.reach} for role in Role}
    assert all(reached.values())
    everything = {name_of(route) for route, _ in RULED}
    assert everything not in reached.values()
    assert len({frozenset(each) for each in reached.values()}) == len(Role)


def test_only_health_is_open() -> None:
    """What needs no key is how it is called and whether it lives and is ready, and no more."""
    paths = [route.path for route, rule in ROUTES if rule == OPEN]
    assert paths == ["/v1/openapi.json", "/healthz", "/readyz"]


def test_a_provider_reaches_only_its_own() -> None:
    """No rule gives a provider anybody's, and a key worker only makes what is new."""
    assert {rule.reach[Role.PROVIDER] for _, rule in RULED if Role.PROVIDER in rule.reach} == {
        Reach.OWN
    }


def test_only_a_budget_holder_approves_and_only_a_key_worker_rates() -> None:
    """Two decisions are one role's alone (H9, H20)."""
    rules = {name_of(route): set(rule.reach) for route, rule in RULED}
    assert rules["PUT /v1/offers/{offer_id}/approval"] == {Role.BUDGET_HOLDER}
    assert rules["PUT /v1/requests/{request_id}/risk"] == {Role.KEY_WORKER}


def test_every_parameter_has_an_owner_or_a_reason() -> None:
    """What a role may reach as its own can be told from the path's parameters."""
    for route, rule in RULED:
        unknown = route.param_convertors.keys() - OWNERS.keys() - {"run_id", "name", "prefix"}
        assert unknown == set(), name_of(route)
        if Reach.OWN in rule.reach.values() and route.param_convertors:
            assert OWNERS.keys() & route.param_convertors.keys(), name_of(route)


def test_a_route_without_a_rule_stops_the_service() -> None:
    """A route that nobody thought about is open to nobody: the app does not even start."""
    router = APIRouter(prefix="/v1/forgotten")

    @router.get("")
    def forgotten() -> None:
        """Show everything."""

    app = FastAPI()
    app.include_router(router)
    with pytest.raises(UnruledRouteError, match="/v1/forgotten"):
        list(rules_of(app))
