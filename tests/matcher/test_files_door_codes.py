"""Codes to somebody's door are refused in every text, and are never shown in refusing them (H8)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from matcher.files.cells import DoorCodeError, read_trait, shown
from matcher.vocabulary import WITHHELD, holds_door_code, printable
from tests.breaking import Step, cell, copy_of_sample, faults_after, holding, recode, swap
from tests.matcher.cli.conftest import Command, carematch

__all__ = ["carematch"]

CODES = [
    *("keysafe 12 34", "key_safe_4471", "keypad 1 2 3 4", "key safe １２３４", "key\nsafe\n4471"),
    *("K/S 4471", "KS 4471C", "KS4471", "k s 4471", "K.S. 4471", "k/s by back door 4471"),
    *("let yourself in with 4471#", "let themselves in: 4471", "press 4471#", "doorcode4471"),
    *("combination 4471", "combination lock: 4471", "combination is 4471", "key no. 4471"),
    *("gate code 12 34", "access_code_2580", "entry code: C1234", "4471 is the gate code"),
    *("key safe on door 2, 4471", "key safe fitted 2024-05-01, 4471", "1945 for the key safe"),
    *("pin1234", "KS code 4471", "lockbox 4471", "the code may be 4471"),
]  # fmt: skip
HARMLESS = [
    *("insulin at 8", "insulin at 0800", "NG21", "2 carers", "room 12", "room 101", "KS2 school"),
    *("pin site care", "pin site care since 2024", "pins and needles since 2019"),
    *("01/04/2026", "2026-04-01", "Key safe fitted 12 March 2026", "key safe from 2026-04-01"),
    *("code of practice 2014", "code of practice (2005)", "Code of Conduct 1999"),
    *("combination therapy 500 mg", "combination 1000mg", "combination inhaler 100/6"),
    *("post code DT11 1XJ", "key safe in place, 2 carers 30 minutes", "key worker, 120 minutes"),
    *("key safe, visits 09:00 and 17:30", "PIN site, 125 ml saline", "ward 204"),
]  # fmt: skip


@pytest.mark.parametrize("text", CODES)
def test_codes_are_found_however_written(text: str) -> None:
    """Underscores, spaced digits and the trade's own short forms hide no code."""
    assert holds_door_code(text)
    assert printable(text) == shown(text) == WITHHELD


@pytest.mark.parametrize("text", HARMLESS)
def test_numbers_that_open_nothing_are_kept(text: str) -> None:
    """Dates, doses, rooms, postcodes and codes of practice are no codes to a door."""
    assert not holds_door_code(text)
    assert printable(text) == text


@pytest.mark.parametrize(
    ("step", "column"),
    [
        (cell("visits.csv", 5, "reason", "Key safe 4471"), "reason"),
        (cell("requests.csv", 3, "urgent_reason", "KS 4471C"), "urgent_reason"),
        (cell("requests.csv", 3, "needs", "diabetes|key safe 4471"), "needs"),
        (cell("requests.csv", 3, "needs", "keysafe_44_71"), "needs"),
        (cell("requests.csv", 3, "languages", "polish|door 4471"), "languages"),  # any long number
        (cell("providers.csv", 2, "specialisms", "peg 4 4 7 1"), "specialisms"),
        (cell("visits.csv", 5, "band", "gate code 4471"), "band"),
        # why: the trade of a number is told in the cell before it
        (swap("visits.csv", "Insulin before breakfast,30", "Key safe,4471x"), "minutes"),
        (swap("visits.csv", "Insulin before breakfast,30,", "Key safe,30,1,4471"), "with_visit"),
        (swap("visits.csv", "Insulin before breakfast,30,1,,,,,", "Key safe,30,1,,,,,,4471"), ""),
        (swap("book.toml", "Sample:", "Key safe 4471:"), "title"),
        (holding("policy.toml", b"key_safe = 4471\n"), "key_safe"),
        (recode("providers.csv", lambda text: text.replace("Bay", "Baÿ safe 4471", 1)
                .encode("latin-1")), ""),
    ],
)  # fmt: skip
def test_a_refused_code_is_not_repeated(tmp_path: Path, step: Step, column: str) -> None:
    """The fault names the place and not the code, alone or with what stands around it."""
    faults = faults_after(tmp_path, step)
    assert column in [fault.column for fault in faults]
    told = " ".join(f"{fault.value} {fault.expected}" for fault in faults)
    assert "4471" not in told.replace(" ", "")
    assert "44_71" not in told


def test_words_may_have_short_numbers() -> None:
    """Two digits open nothing; three in a row may."""
    assert read_trait("NG 21") == "ng_21"
    with pytest.raises(DoorCodeError, match="H8"):
        read_trait("NG 214")


def test_neither_page_nor_document_repeats_a_code(carematch: Command, tmp_path: Path) -> None:
    """On the screen and with --json the value is withheld."""
    folder = copy_of_sample(tmp_path)
    cell("visits.csv", 5, "reason", "Key safe 4471")(folder)
    page, document = carematch("check", folder), carematch("check", folder, "--json")
    assert (page.code, document.code) == (2, 2)
    for printed in (page.err, document.out, document.err):
        assert WITHHELD in printed
        assert "4471" not in printed
    (fault,) = json.loads(document.out)["error"]["faults"]
    assert (fault["row"], fault["column"], fault["value"]) == (5, "reason", WITHHELD)


def test_a_refused_cell_does_nothing_to_the_terminal(carematch: Command, tmp_path: Path) -> None:
    """Control characters of a refused cell are replaced before they are shown."""
    folder = copy_of_sample(tmp_path)
    cell("providers.csv", 2, "name", "Red \x1b[31m\x07 House")(folder)
    cell("requests.csv", 3, "risk", "am\x9bber")(folder)
    (folder / "running\x1b[2J.csv").write_text("x")
    printed = carematch("check", folder).err + carematch("check", folder, "--json").out
    assert not {"\x1b", "\x07", "\x9b"} & set(printed)
    assert "\N{REPLACEMENT CHARACTER}" in printed
    assert "\x1b" not in carematch("shortlist", folder, "R", "--options", "\x1b[31m").err
