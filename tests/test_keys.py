"""One way of matching ids: exact first, loose only where it is certain, and no id is lost."""

from collections.abc import Callable
from random import Random
from unicodedata import normalize

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagery.roll.keys import match_ids
from imagery.values.spreadsheets import is_changed

PIECES = ["0", "00", "1", "2", "12", "3E5", "E", "e", "a", "A", "ñ", " ", "  ", "-", ".", "/", ".0"]
IDS = st.lists(st.sampled_from(PIECES), max_size=5).map("".join)
LISTS = st.lists(IDS, max_size=8)
Form = Callable[[str], str]


def match(wanted: list[str], known: list[str]) -> tuple[list[str], dict[str, tuple[str, ...]]]:
    """Return the known id of each wanted one, "" for none, and the collisions."""
    matches = match_ids(pd.Series(wanted, dtype="str"), pd.Series(known, dtype="str"))
    found = [known[place] if place >= 0 else "" for place in matches.place.tolist()]
    return found, dict(matches.collisions)


def plain(text: str) -> str:
    return normalize("NFKC", text).strip().casefold()


def blankless(text: str) -> str:
    return "".join(plain(text).split())


def joined(text: str) -> str:
    whole = plain(text)
    point = len(whole.rstrip("0"))
    if point < len(whole) and whole[:point].endswith("."):
        whole = whole[: point - 1]
    return "".join(letter for letter in whole if letter.isalnum())


def bare(text: str) -> str:
    key = joined(text)
    return key.lstrip("0") or key[:1]


def splits(text: str) -> set[int]:
    """Return how many letters and digits follow each place at which an id is split."""
    whole = plain(text)
    point = len(whole.rstrip("0"))
    if point < len(whole) and whole[:point].endswith("."):
        whole = whole[: point - 1]
    letters = [letter.isalnum() for letter in whole]
    cuts = {sum(letters[place:]) for place, is_letter in enumerate(letters) if not is_letter}
    return cuts - {0, sum(letters)}


def agree(first: str, second: str) -> bool:
    return splits(first) <= splits(second) or splits(second) <= splits(first)


def reference(name: str, wanted: list[str], known: list[str]) -> tuple[str, bool]:
    """Say slowly which known id a wanted one means, and whether it collides."""
    if not plain(name):
        return "", False
    if name in known:
        return name, False

    forms: tuple[Form, ...] = (plain, blankless, joined, bare)
    for form in forms:
        key = form(name)
        near = [other for other in known if form(other) == key and key]
        if form is not plain:
            near = [other for other in near if not is_changed(other) and not is_changed(name)]
        if not near:
            continue

        rivals = {other for other in wanted if form(other) == key}
        is_one = form is plain or all(agree(one, two) for one in rivals for two in rivals)
        if form in (joined, bare):
            is_one = is_one and len({blankless(other) for other in rivals}) == 1
        if len(near) > 1 or not is_one:
            return "", True
        if form is plain or agree(name, near[0]):
            return near[0], False
    return "", False


@given(LISTS, LISTS)
def test_equal_to_a_slow_reference(wanted: list[str], known: list[str]) -> None:
    """Every wanted id is matched, colliding or unmatched, as plain Python finds it."""
    parcels = list(dict.fromkeys(known))
    found, collisions = match(wanted, parcels)
    for name, meant in zip(wanted, found, strict=True):
        assert (meant, name in collisions) == reference(name, wanted, parcels)


@given(LISTS, LISTS)
def test_the_exact_spelling_is_never_passed_over(wanted: list[str], known: list[str]) -> None:
    """An id that is known exactly means that one and no other, and collides with none."""
    parcels = list(dict.fromkeys(known))
    found, collisions = match(wanted, parcels)
    for name, meant in zip(wanted, found, strict=True):
        if name in parcels and name.strip():
            assert meant == name
            assert name not in collisions


@given(LISTS, LISTS)
def test_loose_spellings_are_unique_on_both_sides(wanted: list[str], known: list[str]) -> None:
    """Two ids that differ by more than case and blanks never mean one parcel by a loose form."""
    parcels = list(dict.fromkeys(known))
    found, _ = match(wanted, parcels)
    loose = [
        (name, meant)
        for name, meant in zip(wanted, found, strict=True)
        if meant and blankless(name) != blankless(meant)
    ]
    for name, meant in loose:
        pairs = zip(wanted, found, strict=True)
        others = {blankless(other) for other, same in pairs if same == meant}
        assert others == {blankless(name)}


@given(LISTS, LISTS, st.randoms())
def test_the_order_of_rows_makes_no_difference(
    wanted: list[str], known: list[str], random: Random
) -> None:
    """Shuffled lists give the same pairs."""
    parcels = list(dict.fromkeys(known))
    pairs = dict(zip(wanted, match(wanted, parcels)[0], strict=True))
    random.shuffle(wanted)
    random.shuffle(parcels)
    assert dict(zip(wanted, match(wanted, parcels)[0], strict=True)) == pairs


@pytest.mark.parametrize(
    ("wanted", "known", "found"),
    [
        (["2160001", "21-60001"], ["21-60001", "216-0001"], ["", "21-60001"]),
        (["216-0001"], ["21-60001"], [""]),
        (["216-0001", "21-60001"], ["2160001"], ["", ""]),
        (["216001"], ["0216 001"], ["0216 001"]),
        (["012"], ["12", "0012"], [""]),
        (["0012", "12"], ["012"], ["", ""]),
        (["216001.0"], ["216001"], ["216001"]),
        ([" a1 ", "A1"], ["a1"], ["a1", "a1"]),
        (["0216001", "0216 001"], ["0216 001"], ["0216 001", "0216 001"]),
        (["a1"], ["A1", "a1 "], [""]),
        (["2.16E+11"], ["216E11"], [""]),
        (["1-Mar"], ["1MAR"], [""]),
        (["3e5"], ["3E5"], ["3E5"]),
        (["", " ", "-"], ["0"], ["", "", ""]),
    ],
)
def test_by_hand(wanted: list[str], known: list[str], found: list[str]) -> None:
    assert match(wanted, known)[0] == found


def test_a_collision_names_the_others() -> None:
    """Known ids come first, then the other ids of the list."""
    _, collisions = match(["2160001", "2160-001"], ["21-60001", "216-0001"])
    assert collisions["2160001"] == ("21-60001", "216-0001", "2160-001")


def test_a_known_id_stands_once() -> None:
    with pytest.raises(ValueError, match="'a' appears twice"):
        match(["a"], ["a", "a"])
