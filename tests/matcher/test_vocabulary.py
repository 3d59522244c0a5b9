"""How days, times, money and distances are written, and which free text is refused."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.vocabulary import (
    LONG_TERM_SERVICES,
    PANEL_SERVICES,
    CareType,
    Day,
    ServiceType,
    days_text,
    in_force,
    km_text,
    minute_text,
    plain_text,
    pounds_text,
    words_text,
)


def test_days_are_numbered_from_monday_as_dates_are() -> None:
    """The first of April 2026 is a Wednesday for both."""
    assert [day.number for day in Day] == list(range(7))
    assert Day.WED.number == date(2026, 4, 1).weekday()


def test_every_kind_of_bed_is_a_service_and_panels_are_none_of_them() -> None:
    """A bed for good is sold under its care type's own name."""
    assert {service.value for service in LONG_TERM_SERVICES} == {t.value for t in CareType}
    assert not LONG_TERM_SERVICES & PANEL_SERVICES
    assert ServiceType.RESPITE not in LONG_TERM_SERVICES


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (("mon",), "mon"),
        (("mon", "tue"), "mon, tue"),  # two days are no range
        (("mon", "tue", "wed", "thu", "fri"), "mon-fri"),
        (("fri", "sat", "sun"), "fri-sun"),
        (("mon", "wed", "fri"), "mon, wed, fri"),
        (tuple(Day), "every day"),
        ((), ""),
    ],
)
def test_days_read_as_a_broker_writes_them(names: tuple[str, ...], text: str) -> None:
    """Runs of three days or more are ranges."""
    assert days_text([Day(name) for name in names]) == text


@pytest.mark.parametrize(
    ("pence", "text"),
    [(0, "£0.00"), (5, "£0.05"), (108_900, "£1,089.00"), (-150, "-£1.50"), (-5, "-£0.05")],
)
def test_pounds_have_two_decimals_and_one_sign(pence: int, text: str) -> None:
    """A saving is written as a negative amount, not as a pound less some pence."""
    assert pounds_text(pence) == text


def test_minutes_kilometres_and_words() -> None:
    """The day ends at 24:00; underscores are for files."""
    assert [minute_text(minute) for minute in (0, 450, 1_440)] == ["00:00", "07:30", "24:00"]
    assert [km_text(metres) for metres in (0, 1_449, 24_140)] == ["0.0 km", "1.4 km", "24.1 km"]
    assert words_text(["nursing_dementia", CareType.NURSING]) == "nursing dementia, nursing"
    assert words_text([]) == "none"


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "covers"),
    [
        (None, None, True),
        (date(2026, 4, 1), date(2026, 4, 1), True),
        (date(2026, 4, 2), None, False),  # begins tomorrow
        (None, date(2026, 3, 31), False),  # ended yesterday
    ],
)
def test_periods_include_both_ends(
    valid_from: date | None, valid_to: date | None, covers: bool
) -> None:
    """Either end may be open."""
    assert in_force(valid_from, valid_to, date(2026, 4, 1)) == covers


@pytest.mark.parametrize(
    "text",
    [
        "insulin before breakfast",
        "needs 2 carers for 30 minutes",
        "Postcode 1234 Ltd",  # a postcode is no code to a door
        "unit 12, key worker visits 3 times",
        "code of conduct since 99",  # two digits open nothing
        "Café Zoë – £5",
        "",
    ],
)
def test_ordinary_text_is_kept_stripped(text: str) -> None:
    """What is kept is what was typed, without the spaces around it."""
    assert plain_text(f"  {text}\t") == text


@pytest.mark.parametrize("text", ["=1+1", "+44", "-5", "@SUM(A1)", "  =cmd"])
def test_text_that_a_spreadsheet_would_run_is_refused(text: str) -> None:
    """Formulas begin with one of four signs."""
    with pytest.raises(ValueError, match="does not start like a formula"):
        plain_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "two\nlines",
        "a\x00b",  # ends a text in other programs
        "a\x1b[31m",  # colours a terminal
        "a\x7fb",
        "a\x9bb",  # a control character beyond ASCII
        "a\u2028b",  # a line break that few see
        "a\u202eb",  # turns what follows back to front
        "a\u200bb",  # a space of no width
    ],
)
def test_characters_that_are_not_shown_are_refused(text: str) -> None:
    """A name stands on one line and does nothing."""
    with pytest.raises(ValueError, match="without control characters"):
        plain_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "key safe 1234",
        "Keysafe: 4821",
        "KEY-SAFE number is 12345",
        "key box by the door, 9876",
        "door code 2580",
        "use pin 1234",
        "1234 is the key safe",
        "code 445566",
    ],
)
def test_codes_to_somebodys_door_are_refused(text: str) -> None:
    """H8: such codes have no field and are refused in every text."""
    with pytest.raises(ValueError, match="H8"):
        plain_text(text)


@given(st.text(max_size=40))
def test_text_once_kept_is_kept_again_unchanged(text: str) -> None:
    """Reading what was written gives the same text."""
    try:
        kept = plain_text(text)
    except ValueError:
        return
    assert plain_text(kept) == kept == text.strip()
