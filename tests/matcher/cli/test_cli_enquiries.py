"""The commands that ask one book: check, shortlist and explain."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from matcher.cli.allocating import place_everyone
from matcher.cli.books import open_book
from matcher.eligibility import RULES
from matcher.files import read_book
from matcher.result import Limits, Method
from matcher.shortlist import NO_AFFORDABLE_OPTION
from tests.breaking import SAMPLE, cell, copy_of_sample
from tests.matcher.cli.conftest import Command

SUM = re.compile(r"([\d,]+\.\d\d) / (\d+) = (\d+\.\d\d)")


# -- check -------------------------------------------------------------------------------------


def test_a_sound_book_is_summed_up(carematch: Command) -> None:
    """A book without faults gives its counts, what is assumed, and exit code 0."""
    ran = carematch("check", SAMPLE)
    assert ran.code == 0
    assert "4 homecare agencies, 4 care homes" in ran.out
    assert "No faults" in ran.out
    assert "Default policy" in ran.out
    assert "weights" in ran.out
    assert "cost_spread" not in ran.out
    assert "cost_spread" in carematch("check", SAMPLE, "--why").out


def test_the_summary_counts_what_the_book_holds(carematch: Command) -> None:
    """The JSON document's counts are those of the book itself."""
    book = read_book(SAMPLE).book
    document = carematch("check", SAMPLE, "--json").document
    assert document["waiting"] == len(book.waiting)
    assert document["running"] == len(book.running)
    assert sum(document["beds_free"].values()) == sum(line.beds for line in book.bed_capacity)
    assert sum(document["waiting_by_service"].values()) == document["waiting"]
    assert document["faults"] == []


def test_every_fault_is_listed_with_its_place(carematch: Command, tmp_path: Path) -> None:
    """Bad input gives exit code 2 and each fault with file, row, column, value and expectation."""
    folder = copy_of_sample(tmp_path)
    cell("providers.csv", 2, "postcode", "NOWHERE")(folder)  # no postcode
    cell("requests.csv", 3, "risk", "purple")(folder)  # no rating of risk
    ran = carematch("check", folder)
    assert ran.code == 2
    assert ran.out == ""
    for told in ("2 faults", "providers.csv", "NOWHERE", "requests.csv", "purple", "red, amber"):
        assert told in ran.err
    assert "Traceback" not in ran.err


def test_faults_are_a_document_too(carematch: Command, tmp_path: Path) -> None:
    """With --json a failure is one JSON document on standard output."""
    folder = copy_of_sample(tmp_path)
    cell("requests.csv", 3, "risk", "purple")(folder)  # no rating of risk
    ran = carematch("check", folder, "--json")
    assert ran.code == 2
    error = ran.document["error"]
    assert error["kind"] == "bad_input"
    (fault,) = error["faults"]
    assert (fault["file"], fault["row"], fault["column"]) == ("requests.csv", 3, "risk")
    assert fault["value"] == "purple"


def test_a_postcode_that_is_nowhere_is_a_fault(carematch: Command, tmp_path: Path) -> None:
    """Check finds postcodes that look right and do not exist."""
    folder = copy_of_sample(tmp_path)
    cell("requests.csv", 3, "postcode", "DT1 1ZZ")(folder)  # well formed, given to nobody
    assert carematch("check", folder).code == 2


def test_a_missing_folder_is_bad_input(carematch: Command, tmp_path: Path) -> None:
    """A folder that is not there is named."""
    ran = carematch("check", tmp_path / "nothing")
    assert ran.code == 2
    assert "no such folder" in ran.err


def test_warnings_do_not_stop_anybody(carematch: Command, tmp_path: Path) -> None:
    """A book with warnings can be used, and shows them with their place."""
    folder = copy_of_sample(tmp_path)
    before = len(carematch("check", folder, "--json").document["warnings"])
    cell("visits.csv", 2, "minutes", "20")(folder)  # shorter than half an hour (L3)
    ran = carematch("check", folder)
    assert ran.code == 0
    assert "Expected visits of at least 30 minutes: visits.csv" in " ".join(ran.out.split())
    assert len(carematch("check", folder, "--json").document["warnings"]) == before + 1


# -- shortlist ---------------------------------------------------------------------------------


def test_totals_can_be_recomputed_from_the_page(carematch: Command) -> None:
    """Each option's page shows products, weights and a total that follow from one another."""
    ran = carematch("shortlist", SAMPLE, "R-101", "--why")
    assert ran.code == 0
    sums = SUM.findall(ran.out)
    assert sums
    for points, weight, total in sums:
        assert round(float(points.replace(",", "")) / int(weight), 2) == pytest.approx(float(total))
    assert f"{sums[0][2]} of 100" in ran.out


def test_a_shortlist_shows_times_prices_and_refusals(carematch: Command) -> None:
    """The page holds what a broker needs: cost, approval, times that can move, who is out."""
    out = carematch("shortlist", SAMPLE, "R-101").out
    for told in ("A week", "2  approval: £2.34", "08:30, 20:30", "people decide"):
        assert told in out
    assert "Chesil Homecare    11.3 km  serves weymouth" in out
    behind = carematch("shortlist", SAMPLE, "R-101", "--why").out
    assert behind.startswith(out)
    for told in ("NEEDS APPROVAL", "07:05 to 10:15", "SERVICE", "do if Chesil Homecare also"):
        assert told in " ".join(behind.split())


def test_the_document_holds_evidence_of_every_provider(carematch: Command) -> None:
    """Nobody is left out of the evidence, and only the eligible have a total."""
    document = carematch("shortlist", SAMPLE, "R-101", "--json").document
    assert len(document["evidence"]) == document["considered"] == 8
    scored = [line for line in document["evidence"] if line["total"] is not None]
    assert len(scored) == document["eligible"]
    assert all(line["refusals"] for line in document["evidence"] if not line["eligible"])


def test_the_number_of_options_can_be_chosen(carematch: Command) -> None:
    """--options gives that many and no more."""
    document = carematch("shortlist", SAMPLE, "R-101", "--options", 1, "--json").document
    assert [option["rank"] for option in document["options"]] == [1]


@pytest.mark.parametrize(
    "meant",
    [
        "r-101",  # wrong case
        "R101",  # a character lost
    ],
)
def test_an_id_nearly_right_is_asked_about(carematch: Command, meant: str) -> None:
    """An unknown request gives exit code 2 and the ids it may have been meant for."""
    ran = carematch("shortlist", SAMPLE, meant)
    assert ran.code == 2
    assert f"no request '{meant}'. Did you mean" in ran.err
    assert "R-101" in ran.err


def test_an_id_like_no_other_gets_an_example(carematch: Command) -> None:
    """Where nothing is close, one id shows what they look like."""
    assert "Its ids look like R-100" in carematch("shortlist", SAMPLE, "xyz").err


def test_a_request_that_may_not_be_searched_for_says_why(carematch: Command) -> None:
    """An incomplete request gives exit code 2 and every missing field."""
    ran = carematch("shortlist", SAMPLE, "R-107", "--json")
    assert ran.code == 2
    error = ran.document["error"]
    assert error["kind"] == "refused"
    assert error["refusals"][0]["rule_id"] == "INCOMPLETE"
    for field in ("start", "funding", "plan_signed_off"):
        assert field in error["message"] or field == "start"
    assert "funding" in ran.err


def test_no_affordable_home_is_said_plainly(carematch: Command, tmp_path: Path) -> None:
    """Where every home is above the budget the page says NO_AFFORDABLE_OPTION (L1)."""
    folder = copy_of_sample(tmp_path)
    requests = read_book(folder).book.requests
    row = 2 + [request.request_id for request in requests].index("R-202")
    cell("requests.csv", row, "personal_budget_gbp_per_week", "100.00")(folder)  # below any fee
    ran = carematch("shortlist", folder, "R-202")
    assert ran.code == 0
    assert NO_AFFORDABLE_OPTION in ran.out


# -- explain -----------------------------------------------------------------------------------


def test_explaining_an_eligible_pair(carematch: Command) -> None:
    """Every rule is kept, and the option with its rank and score follows."""
    out = carematch("explain", SAMPLE, "R-101", "frome").out
    answer = r"Frome Valley Homecare could take R-101 from \w+ \d+ Apr, 2nd of 2, once its price is"
    assert re.match(answer, " ".join(out.split()))
    behind = carematch("explain", SAMPLE, "R-101", "frome", "--why").out
    assert behind.startswith(out)
    assert "it could start" in behind
    assert SUM.search(behind)
    assert "NEEDS APPROVAL" in behind


def test_explaining_a_refused_pair(carematch: Command) -> None:
    """The answer is one sentence; each refusal has its sentence and the smallest change."""
    ran = carematch("explain", SAMPLE, "R-105", "frome")
    assert ran.code == 0
    words = " ".join(ran.out.split())
    assert words.startswith("Frome Valley Homecare cannot take R-105: it serves dorchester; R-105")
    assert "and 1 more reason." in words
    assert "Would do if Frome Valley Homecare also serves weymouth." in words
    behind = carematch("explain", SAMPLE, "R-105", "frome", "--why").out
    assert f"2 of {len(RULES)} rules refuse it" in behind
    assert "Apart from that it has room" in behind
    document = carematch("explain", SAMPLE, "R-105", "frome", "--json").document
    refused = {rule["rule_id"] for rule in document["rules"] if not rule["passes"]}
    assert refused == {"ZONE", "LANGUAGE"}
    assert all(rule["citation"] for rule in document["rules"])


def test_explaining_a_pair_without_room(carematch: Command) -> None:
    """A provider without capacity has no offer to show, only the reason."""
    document = carematch("explain", SAMPLE, "R-201", "frome", "--json").document
    assert document["eligible"] is False
    assert document["offer"] is None
    assert "Apart from that" not in carematch("explain", SAMPLE, "R-201", "frome", "--why").out


def test_explain_and_shortlist_agree(carematch: Command, county: Path) -> None:
    """Whoever the evidence calls eligible, every rule admits, and the other way round."""
    request = next(
        each.request_id
        for each in read_book(county).book.waiting
        if carematch("shortlist", county, each.request_id).code == 0
    )
    for line in carematch("shortlist", county, request, "--json").document["evidence"]:
        pair = carematch("explain", county, request, line["provider_id"], "--json").document
        assert pair["eligible"] == line["eligible"]


def test_an_unknown_provider_is_asked_about(carematch: Command) -> None:
    """An unknown provider gives exit code 2 and a suggestion."""
    ran = carematch("explain", SAMPLE, "R-101", "from")
    assert ran.code == 2
    assert "Did you mean frome?" in ran.err


# -- explain an allocation -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of an allocation of the sample book."""
    folder = tmp_path_factory.mktemp("night") / "night"
    limits = Limits.reproducible()
    place_everyone(open_book(SAMPLE).market, folder, Method.EXACT, limits=limits, seed=0)
    return folder


def test_why_somebody_is_there(carematch: Command, night: Path) -> None:
    """Of somebody placed: the provider, its standing, and each other with the reason against."""
    ran = carematch("explain", SAMPLE, "R-101", "--allocation", night)
    assert ran.code == 0, ran.err
    words = " ".join(ran.out.split())
    for told in (
        "R-101 is proposed to Maiden Castle Homecare from ",
        "£219.24 a week, 0.5 km away, CQC good 05/2024.",
        "Frome Valley Homecare needs approval before it may be offered",
        "nobody is booked",
    ):
        assert told in words


def test_who_took_the_capacity_and_at_what_price(carematch: Command, night: Path) -> None:
    """Of somebody unplaced: who holds the hour at lunch, and that it is worth a green person."""
    ran = carematch("explain", SAMPLE, "R-103", "--allocation", night)
    words = " ".join(ran.out.split())
    for told in ("taken by R-104", "R-104 amber, waited 16 days: every day 1"):
        assert told in words
    assert "1.00" not in words
    behind = carematch("explain", SAMPLE, "R-103", "--allocation", night, "--why").out
    assert "1.00" in behind
    document = carematch("explain", SAMPLE, "R-103", "--allocation", night, "--json").document
    (other,) = document["others"]
    assert (other["provider_id"], other["scarcity_points"]) == ("chesil", 1.0)
    assert [holder["request_id"] for holder in other["holders"]] == ["R-104"]
    assert document["unplaced"]["reason"] == "capacity_taken"


def test_a_pair_and_its_place_in_a_plan(carematch: Command, night: Path) -> None:
    """With a provider and a plan, the rules of the pair come first, and the rest keeps to it."""
    arguments = ("explain", SAMPLE, "R-101", "frome", "--allocation", night)
    words = " ".join(carematch(*arguments).out.split())
    assert words.index("could take R-101") < words.index("Why not the others")
    document = carematch(*arguments, "--json").document
    assert document["provider_id"] == "frome"
    assert [other["provider_id"] for other in document["allocation"]["others"]] == ["frome"]


def test_a_question_without_an_object_is_a_usage_error(carematch: Command) -> None:
    """Neither a provider nor a plan: what could be given is said, with exit code 2."""
    ran = carematch("explain", SAMPLE, "R-101", "--json")
    assert ran.code == 2
    assert ran.document["error"]["kind"] == "usage"
    assert "--allocation" in ran.document["error"]["message"]
    assert "[PROVIDER]" in ran.err


def test_a_plan_of_another_book_is_refused(carematch: Command, night: Path, tmp_path: Path) -> None:
    """A book changed since is not the one the plan was made of: exit code 2, and why."""
    folder = copy_of_sample(tmp_path)
    cell("requests.csv", 3, "risk", "red")(folder)  # another risk than when it was planned
    ran = carematch("explain", folder, "R-101", "--allocation", night)
    assert ran.code == 2
    assert "inputs_sha256" in ran.err


@pytest.mark.parametrize(
    ("request_id", "told"),
    [
        ("R-100", "already runs with Maiden"),  # nobody who waits
        ("R-1O1", "Did you mean"),  # a letter for a digit
    ],
)
def test_whom_no_plan_speaks_of(
    request_id: str, told: str, carematch: Command, night: Path
) -> None:
    """Whoever does not wait, or is unknown, gives exit code 2 and a plain sentence."""
    ran = carematch("explain", SAMPLE, request_id, "--allocation", night)
    assert ran.code == 2
    assert told in " ".join(ran.err.split())


def test_a_folder_that_is_no_plan_is_refused(carematch: Command, tmp_path: Path) -> None:
    """A folder without a summary is bad input that names the file."""
    ran = carematch("explain", SAMPLE, "R-101", "--allocation", tmp_path)
    assert ran.code == 2
    assert "summary.json" in ran.err


def test_pages_about_a_plan_fit_eighty_columns(carematch: Command, night: Path) -> None:
    """Everybody who waits in the sample has a page, and no line of it is longer than 80."""
    for request in read_book(SAMPLE).book.waiting:
        ran = carematch("explain", SAMPLE, request.request_id, "--allocation", night)
        assert ran.code == 0, ran.err
        assert all(len(line) <= 80 for line in ran.out.splitlines())
        behind = carematch("explain", SAMPLE, request.request_id, "--allocation", night, "--why")
        assert behind.out.startswith(ran.out)
        assert all(len(line) <= 80 for line in behind.out.splitlines())


# -- every page --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [("check", SAMPLE), ("shortlist", SAMPLE, "R-101"), ("explain", SAMPLE, "R-105", "frome")],
)
def test_pages_fit_eighty_columns_without_colour(
    carematch: Command, arguments: tuple[object, ...]
) -> None:
    """Where there is no terminal, no line is longer than 80 and none holds a control code."""
    out = carematch(*arguments).out
    assert "\x1b" not in out
    for line in out.splitlines():
        assert len(line) <= 80
        assert line == line.rstrip()
