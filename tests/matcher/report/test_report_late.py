"""What a page says of late starts, of several prices at one home, and of who is out."""

from __future__ import annotations

from pathlib import Path

from matcher.geography import Gazetteer
from matcher.report.shortlist import shortlist_page
from matcher.report.why import explain_place
from matcher.report.why_page import why_page
from matcher.shortlist import make_shortlist
from tests import builders
from tests.builders import day
from tests.matcher.report.printed import one_line
from tests.matcher.report.test_report_why import night_of

NAMES = ("R-1", "R-2")


def test_a_home_with_several_prices_is_one_home(gazetteer: Gazetteer, tmp_path: Path) -> None:
    """A stay across a rise may cost several totals at one home, which is no other to itself.

    Somebody else might take the first days, so that later ones may have to do.
    """
    by_night = {"service_type": "respite", "unit": "night"}
    before = builders.weekly(pence=12_000, valid_to=day(12), **by_night)
    risen = builders.weekly(pence=14_000, valid_from=day(13), **by_night)
    stay, other = builders.respite_request(), builders.respite_request(request_id="R-2")
    things = (builders.home(), builders.beds(), before, risen, stay, other)
    night = night_of(gazetteer, tmp_path, *things)
    seat = night.seat(stay.request_id)
    assert seat is not None
    assert len(seat.options) > 1
    why = explain_place(night, stay.request_id)
    assert (why.could_serve, why.others) == (1, ())


def test_a_start_after_the_day_wanted_is_said(gazetteer: Gazetteer, tmp_path: Path) -> None:
    """Care that starts later than wanted says so beside the day, on both pages; else nothing."""
    late, soon = (
        builders.placement_request(request_id=name, start_by=by)
        for name, by in (("R-1", day(1)), ("R-2", day(60)))
    )
    things = (builders.home(), builders.beds(count=2), builders.weekly(), late, soon)
    night = night_of(gazetteer, tmp_path, *things)
    told = {name: one_line(why_page(night.market, explain_place(night, name))) for name in NAMES}
    assert "(wanted by Thu 2 Apr)" in told["R-1"]
    assert "rated Good" not in told["R-1"]  # once, in the sentence before
    assert "wanted by" not in told["R-2"]
    shown = {
        n: one_line(shortlist_page(night.market, make_shortlist(night.market, n))) for n in NAMES
    }
    assert "starts later than wanted" in shown["R-1"]
    assert "starts later than wanted" not in shown["R-2"]


def test_who_is_asked_for_and_out_stands_first(gazetteer: Gazetteer) -> None:
    """A home asked for is told before nearer ones, with its reason to the end where none starts."""
    homes = [
        builders.home(f"H-{n}", name=f"Home {n}", services=("nursing_dementia",)) for n in "123"
    ]
    asked = builders.placement_request(preferred_providers=("H-3",))
    market = builders.market(gazetteer, *homes, asked)
    text = one_line(shortlist_page(market, make_shortlist(market, "R-1")))
    assert "Not offered: those asked for, those that a small change would let in" in text
    assert text.index("Home 3 0.8 km") < text.index("Home 1 0.8 km")
    assert "…" not in text
