"""Zones that rates may name."""

from __future__ import annotations

from tests.api.desk import Desk, ok, refused

COMMISSIONER = {"role": "commissioner"}


def test_a_rate_names_a_zone_of_the_framework(desk: Desk) -> None:
    """A zone that there is makes a rate its own; one that there is not is refused."""
    line = {"service_type": "homecare", "unit": "visit", "amount_pence": "framework"}
    path = "/v1/providers/maiden/rates"
    stray = {"rates": [{**line, "zone": "nowhere"}]}
    refused(desk.call("PUT", path, stray, version=1, **COMMISSIONER), 400, "bad-call")
    told = ok(desk.call("PUT", path, {"rates": [line]}, version=1, **COMMISSIONER))
    assert told["rates"][0]["amount_pence"] == "framework"


def test_two_rates_of_one_day_are_refused(desk: Desk) -> None:
    """Weekend and any day may stand side by side, two for Saturday may not."""
    line = {"service_type": "homecare", "unit": "hour", "amount_pence": 2_600}
    path, weekend = "/v1/providers/maiden/rates", {**line, "days": ["sat", "sun"]}
    twice = {"rates": [weekend, {**line, "days": ["sat"]}]}
    refused(desk.call("PUT", path, twice, version=1, **COMMISSIONER), 422, "bad-shape")
    ok(desk.call("PUT", path, {"rates": [line, weekend]}, version=1, **COMMISSIONER))
