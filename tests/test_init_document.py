"""The proposed city file as text: whatever names hold, it is TOML that says what was chosen."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from roofwatch.proposal.choice import Candidate, Choice, Section, take_best
from roofwatch.proposal.document import write_document
from roofwatch.proposal.proposal import Proposal

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
"""Text that a file can hold."""


def document_of(choice: Choice) -> dict[str, object]:
    """Write a file with one choice and some notes, and read it."""
    section = Section(name="parcels", choices=(choice,), needed=("id",), notes=(choice.doubt,))
    proposal = Proposal(
        sections=(section,), unused=(choice.doubt,), lines=(choice.doubt,), files=""
    )
    return tomllib.loads(write_document(proposal))


@given(value=st.one_of(ANY_TEXT, st.lists(ANY_TEXT, min_size=1)), words=ANY_TEXT)
def test_what_is_certain_is_read_back_as_it_was(value: object, words: str) -> None:
    """No name of a column and no evidence breaks out of its line."""
    candidates = (Candidate(value=value, evidence=words), Candidate(value=words, evidence=words))
    assert document_of(Choice(key="id", candidates=candidates)) == {"parcels": {"id": value}}


@given(value=ANY_TEXT, words=ANY_TEXT)
def test_what_is_doubtful_is_a_comment_until_it_is_taken(value: str, words: str) -> None:
    """A section that lacks what it needs is a comment all over."""
    candidates = (Candidate(value=value, evidence=words),)
    doubtful = Choice(key="id", candidates=candidates, doubt=words or "doubt")
    assert document_of(doubtful) == {}
    assert document_of(take_best("parcels", doubtful)) == {"parcels": {"id": value}}
