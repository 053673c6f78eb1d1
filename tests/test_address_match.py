"""Addresses are found as dispatch spells them, or not at all.

What is only similar stays a suggestion.
"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis_export.fire.dispatch.address_match import (
    AddressBook,
    Match,
    match_addresses,
    normal_address,
    read_addresses,
)
from gis_export.table.settings import DispatchSettings
from imagery.errors import InputError


def match(text: str, *spelled: str) -> Match:
    """Return the match of a text in a list of addresses without aliases."""
    book = AddressBook(spelled=spelled, aliases=((),) * len(spelled))
    return match_addresses([text], book)[0]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("0302 North Gilmor Street, Apt. 2", "302 N GILMOR ST"),
        ("302 n gilmor st #3", "302 N GILMOR ST"),
        ("302 W. North Ave.", "302 W NORTH AVE"),
        ("302 West North Avenue", "302 W NORTH AVE"),
        ("302 North Avenue", "302 NORTH AVE"),
        ("705 North Mount Street", "705 N MT ST"),
        ("705 N MOUNT ST", "705 N MT ST"),
        ("12 O'Donnell St", "12 ODONNELL ST"),
        ("12 Peña Réunion Terrace", "12 PENA REUNION TER"),
        ("302-304 E 5th Str", "302-304 E 5TH ST"),
        ("5th Ave", "5TH AVE"),
        ("302 1/2 Main St", "302 1/2 MAIN ST"),
        ("302A Main St", "302A MAIN ST"),
        ("1 Saint Paul Place", "1 ST PAUL PL"),
        ("1 Main Street South", "1 MAIN ST S"),
        ("1 Floor St", "1 FLOOR ST"),
        ("1 Main St Floor 2", "1 MAIN ST"),
        ("1 MAIN ST\nUNIT B", "1 MAIN ST"),
    ],
)
def test_normal_form(text: str, form: str) -> None:
    assert normal_address(text).text == form
    assert normal_address(form).text == form


@given(st.text())
def test_normal_form_takes_any_text_and_is_stable(text: str) -> None:
    form = normal_address(text).text
    assert normal_address(form.lower()).text == normal_address(form).text


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("302 N GILMOR ST", "EXACT"),
        ("302 North Gilmor Street", "NORMALIZED"),
        ("302 n. gilmor st", "NORMALIZED"),
        ("302 GILMOR ST", "NO"),
        ("302 S GILMOR ST", "NO"),
    ],
)
def test_found_exactly_or_in_normal_form(text: str, kind: str) -> None:
    found = match(text, "300 N GILMOR ST", "302 N GILMOR ST")
    assert (found.kind, found.spelled) == (kind, "302 N GILMOR ST" if kind != "NO" else "")


def test_found_by_alias() -> None:
    book = AddressBook(
        spelled=("300-304 N GILMOR ST", "1 MAIN ST"),
        aliases=(("302 N GILMOR ST", "OLD SCHOOL"), ()),
    )
    found = match_addresses(["302 North Gilmor St", "Old School"], book)
    assert {match.kind for match in found} == {"ALIAS"}
    assert [match.spelled for match in found] == ["300-304 N GILMOR ST"] * 2
    assert found[0].aliases == ("302 N GILMOR ST", "OLD SCHOOL")


def test_an_alias_that_two_addresses_claim_finds_neither() -> None:
    book = AddressBook(spelled=("1 A ST", "2 B ST"), aliases=(("OLD SCHOOL",), ("OLD SCHOOL",)))
    assert match_addresses(["OLD SCHOOL"], book)[0].kind == "NO"


@pytest.mark.parametrize(
    ("text", "nearest", "distance", "reason"),
    [
        ("302 N GILMOR ST", "304 N GILMOR ST", "1", "number 302 is not in the list on N GILMOR ST"),
        (
            "304 N GILMR ST",
            "304 N GILMOR ST",
            "1",
            "street is not in the list; the nearest street is N GILMOR ST",
        ),
        (
            "310 N GILMORE ST",
            "304 N GILMOR ST",
            "3",
            "street is not in the list; the nearest street is N GILMOR ST",
        ),
        ("N GILMOR ST", "304 N GILMOR ST", "4", "no house number"),
    ],
)
def test_the_nearest_is_only_named(text: str, nearest: str, distance: str, reason: str) -> None:
    """302 never becomes 304 by itself."""
    found = match(text, "304 N GILMOR ST", "500 N GILMOR ST", "302 PRESSTMAN ST")
    assert found == Match(kind="NO", nearest=nearest, distance=distance, reason=reason)


def test_a_house_of_that_number_on_a_like_street_goes_before_its_neighbor() -> None:
    two_letters_each = match("302 CALVERT ST", "318 CALVERT ST", "302 CALVERTON ST")
    assert two_letters_each.nearest == "302 CALVERTON ST"

    two_letters_or_three = match("302 CALVERT ST", "302 CALVERTINE ST", "318 CALVERT ST")
    assert two_letters_or_three.nearest == "318 CALVERT ST"


def test_units_of_one_house_are_one_house() -> None:
    assert match("302 MAIN ST APT 2", "302 MAIN ST APT 1", "302 MAIN ST").spelled == "302 MAIN ST"
    assert match("302 MAIN ST APT 1", "302 MAIN ST APT 1", "302 MAIN ST").kind == "EXACT"


def test_without_address_or_list() -> None:
    assert match_addresses(["", " "], None)[0].reason.startswith("no address on the roll")
    assert match_addresses(["1 MAIN ST"], None) == [Match(kind="NOT CHECKED")]
    assert match_addresses(["1 MAIN ST"], AddressBook(spelled=(), aliases=())) == [
        Match(kind="NO", reason="street is not in the list")
    ]


def test_list_is_read_with_its_aliases(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        'LOC,ALSO\n1 Peña St,"Old School; Annex"\n1 Peña St,Third\n,x\n', encoding="utf-8"
    )

    book = read_addresses(DispatchSettings(addresses=path, address="LOC", alias="ALSO"))
    assert book is not None
    assert (book.spelled, book.aliases) == (("1 Peña St",), (("Old School", "Annex", "Third"),))
    assert read_addresses(DispatchSettings()) is None


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("LOC\n1 Main St\n", encoding="utf-8")
    message = r"\[export.dispatch\] address: no column 'address'; the file has LOC"

    with pytest.raises(InputError, match=message):
        read_addresses(DispatchSettings(addresses=path))

    with pytest.raises(InputError, match="no file at"):
        read_addresses(DispatchSettings(addresses=tmp_path / "none.csv"))
