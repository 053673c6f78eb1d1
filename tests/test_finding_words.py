"""Words in cells: read for certain or not at all, and compared with each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labels.choices import DISPOSITIONS, SIDES, SIGNS, YES_NO
from labels.filled.answers import Answers, read_answers
from labels.filled.words import nearest, read_many, read_one, read_roof


@pytest.mark.parametrize(
    ("text", "roof"),
    [
        ("0%", "pct_0"),
        ("0", "pct_0"),
        ("less than 10%", "pct_under_10"),
        ("menos de 10%", "pct_under_10"),
        ("<10%", "pct_under_10"),
        ("10 to 24%", "pct_10_24"),
        ("10-24%", "pct_10_24"),
        ("10–24 %", "pct_10_24"),
        (" 25 A 49% ", "pct_25_49"),
        ("30", "pct_25_49"),
        ("62,5%", "pct_50_99"),
        ("100%", "pct_100"),
        ("1%", "pct_under_10"),
        ("No se puede saber", "cannot_tell"),
        ("1", ""),
        ("0.37", ""),
        ("10 to 30%", ""),
        ("120%", ""),
        ("a third", ""),
    ],
)
def test_the_open_share_of_a_roof(text: str, roof: str) -> None:
    assert read_roof(text)[0] == roof


def test_words_are_compared_without_case_accents_and_blanks() -> None:
    assert [read_one(word, YES_NO) for word in ("Sí", "SI", " yes ", "NO", "maybe")] == [
        *("yes", "yes", "yes", "no", "")
    ]
    assert read_one("Board  and secure", DISPOSITIONS) == "board_and_secure"


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("N,E", ("n", "e")),
        ("e n", ("n", "e")),
        ("N/NE/SO", ("n", "ne", "sw")),
        ("none", ("none",)),
        ("ninguno", ("none",)),
        ("no", ()),  # none in English, northwest in Spanish
        ("rear", ()),
    ],
)
def test_sides(text: str, sides: tuple[str, ...]) -> None:
    assert read_many(text, SIDES) == sides


@given(
    names=st.lists(st.sampled_from(SIGNS), unique=True, min_size=1),
    mark=st.sampled_from([" ", ",", ", ", ";", " | "]),
    labels=st.booleans(),
)
def test_several_answers_are_read_whatever_separates_them(
    names: list[object], mark: str, labels: bool
) -> None:
    chosen = [choice for choice in SIGNS if choice in names]
    words = [choice.label if labels else choice.name for choice in chosen]
    assert read_many(mark.join(words), SIGNS) == tuple(choice.name for choice in chosen)


@given(text=st.text(max_size=30))
def test_no_text_ends_in_an_error(text: str) -> None:
    known = {"", *(choice.name for choice in DISPOSITIONS)}
    assert read_one(text, DISPOSITIONS) in known
    assert read_answers({"roof": text, "signs": text, "sides": text}, threshold=10)


def test_the_nearest_word_is_named_and_never_taken() -> None:
    labels = [choice.label for choice in SIGNS]
    assert nearest("wall leans", labels) == "wall bulges or leans"
    assert nearest("xyz", labels) == ""
    assert read_many("wall leans", SIGNS) == ()


def faults_of(**cells: str) -> list[str]:
    return [fault.reason for fault in read_answers(cells, threshold=10).faults]


@pytest.mark.parametrize(
    "cells",
    [
        {"roof": "0%", "disposition": "emergency demolition referred"},
        {"roof": "25 to 49%", "disposition": "no roof defect"},
        {"roof": "25 to 49%", "disposition": "repaired"},
        {"roof": "25 to 49%", "disposition": "razed"},
        {"roof": "0%", "disposition": "no access"},
        {"reached": "no", "disposition": "monitor"},
    ],
)
def test_what_cannot_both_be_so_is_for_a_person(cells: dict[str, str]) -> None:
    assert "contradict each other" in faults_of(**cells)[0]


@pytest.mark.parametrize(
    "cells",
    [
        {
            "roof": "0%",
            "signs": "wall_missing",
            "disposition": "emergency demolition referred",
        },
        {"roof": "less than 10%", "disposition": "no roof defect"},
        {"roof": "0%", "disposition": "repaired"},
        {"roof": "cannot tell", "disposition": "no access"},
        {"roof": "0%", "disposition": "occupied"},
    ],
)
def test_what_can_both_be_so(cells: dict[str, str]) -> None:
    assert faults_of(**cells) == []


def test_one_answer_that_excludes_the_others() -> None:
    assert "one answer excludes the others" in faults_of(signs="none_seen wall_bulge")[0]
    assert "one answer excludes the others" in faults_of(sides="none n")[0]


def test_what_the_form_asks_twice() -> None:
    assert read_answers({"reached": "no"}, threshold=10) == Answers(disposition="no_access")
    lived_in = read_answers({"occupied": "yes"}, threshold=10)
    assert (lived_in.disposition, lived_in.is_lived_in) == ("occupied", True)
    monitored = read_answers({"occupied": "yes", "disposition": "monitor"}, threshold=10)
    assert (monitored.disposition, monitored.is_lived_in) == ("monitor", True)
    assert read_answers({"roof_pct": "37"}, threshold=10).roof == "pct_25_49"
