"""Pages about an import: what to look at, and what is still missing."""

from __future__ import annotations

from matcher.files.cqc import ImportedHomes, LookAlikes
from matcher.model import Book
from matcher.report.missing import missing
from matcher.report.register import cautions, register_document, register_page
from matcher.vocabulary import ClientGroup, CqcRating, ServiceType
from tests import builders
from tests.matcher.report.printed import one_line


def homes(**changes: object) -> ImportedHomes:
    """Return an import of one home, rated and without anything to look at."""
    usual: dict[str, object] = {
        "layout": "a layout",
        "read": 1,
        "elsewhere": 0,
        "providers": (builders.home(cqc_rating=CqcRating.GOOD),),
        "left_out": (),
        "registered_beds": {},
        "rated_by": "a layout",
    }
    return ImportedHomes(**(usual | changes))  # type: ignore[arg-type]


def test_an_import_that_is_whole_needs_no_caution() -> None:
    """Rated, each place once and everything taken: nothing to say."""
    assert cautions(homes()) == []


def test_ratings_that_nobody_told_are_said() -> None:
    """A register without ratings says how to add them; one with them counts the gaps."""
    unrated = builders.home(cqc_rating=CqcRating.NOT_YET_RATED)
    (none,) = cautions(homes(providers=(unrated,), rated_by=""))
    assert "tells no ratings" in none
    assert "--ratings" in none
    (some,) = cautions(homes(providers=(unrated,)))
    assert some == "No rating is published of 1 of 1 places kept."


def test_look_alikes_are_named_up_to_a_few() -> None:
    """Three are named, the others counted; the document has all."""
    pairs = tuple(
        LookAlikes((f"1-{n}", f"2-{n}"), ("Elm Court", "Elm Court"), "DT1 1XJ") for n in range(5)
    )
    found = homes(look_alikes=pairs)
    told = cautions(found)
    assert "Two registrations of one building? 1-0 and 2-0, Elm Court, DT1 1XJ" in told[0]
    assert told[3] == "So may be 2 other pairs; --json lists them."
    assert len(told) == 4
    document = register_document(found, builders.book(), "out")
    assert len(document["look_alikes"]) == 5
    assert document["cautions"] == told


def test_what_is_not_taken_is_said() -> None:
    """Whose rating it was, homecare of homes, vacancies told twice and of other kinds."""
    told = cautions(
        homes(
            inherited=("1-9",),
            homecare_dropped=("1-1", "1-2", "1-3", "1-4"),
            vacancies_twice=2,
            vacancies_other={"mental health residential": 5},
        )
    )
    assert told == [
        "Ratings of an earlier registration: of 1 place, 1-9.",
        "Of 4 homes only the home is taken, not its homecare: 1-1, 1-2, 1-3 and 1 more.",
        "2 rows of vacancies told of a second registration: not counted twice.",
        "5 vacancies not taken, of kinds that no book tells apart: mental health residential.",
    ]


def test_an_empty_book_lacks_everything() -> None:
    """Who offers care and who waits for it come first."""
    book = Book(title="New", council="E06000059", as_of=builders.AS_OF)
    assert [(each.file, each.found) for each in missing(book)] == [
        ("providers.csv", "none"),
        ("requests.csv", "nobody"),
        ("framework_rates.csv", "none"),
    ]


def test_what_is_missing_is_counted() -> None:
    """Homes and agencies without capacity, fees, groups and ratings, by file and column."""
    book = builders.book(
        builders.provider(cqc_rating=CqcRating.GOOD),
        builders.home("H-2", services=("nursing",), cqc_rating=CqcRating.NOT_YET_RATED),
        builders.home("H-3", services=("nursing",), client_groups=(ClientGroup.DEMENTIA,)),
        builders.home("H-4", status="closed"),
        builders.placement_request(),
    )
    found = {(each.file, each.column): each.found for each in missing(book)}
    assert found["bed_capacity.csv", "beds"] == "all 2 without"
    assert found["homecare_capacity.csv", "carers"] == "1 of 1 without"
    assert found["rates.csv", "amount_gbp"] == "all 4 without"
    assert found["zones.csv", "postcodes"] == "none"
    assert found["providers.csv", "services"] == "no home sells respite"
    assert found["providers.csv", "client_groups"] == "3 of 4"
    assert found["requests.csv", "client_groups"] == "1 of 1 say nothing"


def test_a_whole_book_lacks_nothing() -> None:
    """Once everything is there the page has no such section."""
    groups = (ClientGroup.OLDER_PEOPLE,)
    services = (ServiceType.NURSING, ServiceType.RESPITE)
    home = builders.home(services=services, client_groups=groups, cqc_rating=CqcRating.GOOD)
    book = builders.book(
        home,
        builders.beds(),
        builders.weekly(),
        builders.ceiling(),
        builders.placement_request(client_groups=groups),
    )
    assert missing(book) == []
    text = one_line(register_page(homes(contract_assumed=False), book, "out"))
    assert "Still missing" not in text
    assert "Assumed" not in text
