"""The proposed city file as text: TOML with the evidence for each choice. No file is opened."""

import json
from collections.abc import Iterator, Sequence

from roofwatch.proposal.choice import Candidate, Choice, Section
from roofwatch.proposal.proposal import Proposal

MOST_CANDIDATES = 4
"""Candidates of a doubtful choice that are named."""
LONGEST_LINE = 300
HEAD = (
    "City file proposed by `roofwatch init` from the files that it found. A comment says what",
    "suggests each choice, and what comes second. A line that begins with # is not in force:",
    "DOUBT says why. Take the # away from the one that is right, and from the rest of its section.",
    "docs/city_file.md has all keys.",
)


def write_document(proposal: Proposal) -> str:
    """Return the text of the city file."""
    lines = [_comment(text) for text in HEAD]
    for section in proposal.sections:
        lines += ["", *_section_lines(section)]
    if proposal.unused:
        lines += ["", _comment("Not used:"), *(_comment(f"  {line}") for line in proposal.unused)]
    if proposal.lines:
        lines += ["", _comment("Not looked at, or damaged:")]
        lines += [_comment(f"  {line}") for line in proposal.lines]
    return "\n".join(lines) + "\n"


def toml_value(value: object) -> str:
    """Return a value as TOML: text, a number, or a list of texts."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _section_lines(section: Section) -> Iterator[str]:
    """Yield the lines of a section; one that lacks what it needs is a comment all over."""
    off = "" if section.is_written else "# "
    for note in section.notes:
        yield _comment(note)
    yield f"{off}[{section.name}]"
    for choice in section.choices:
        yield from _choice_lines(choice, off)


def _choice_lines(choice: Choice, off: str) -> Iterator[str]:
    best = choice.best
    if best is None:
        if choice.missing:
            yield _comment(f"{choice.key}: not found; looked for {choice.missing}")
        return
    if not choice.is_written:
        yield _comment(f"DOUBT {choice.key}: {choice.doubt}")
        for candidate in choice.candidates[:MOST_CANDIDATES]:
            yield _comment(f"{_assignment(choice, candidate)}  # {candidate.evidence}")
        return

    if choice.doubt:
        yield _comment(f"DOUBT {choice.key}: {choice.doubt}")
    if best.evidence:
        yield _comment(f"{choice.key}: {best.evidence}")
    if len(choice.candidates) > 1:
        second = choice.candidates[1]
        yield _comment(f"  second: {toml_value(second.value)} ({second.evidence})")
    yield f"{off}{_assignment(choice, best)}"


def _assignment(choice: Choice, candidate: Candidate) -> str:
    return f"{choice.key} = {toml_value(candidate.value)}"


def _comment(text: str) -> str:
    """Return a text as a comment of one line, whatever characters a name holds."""
    line = " ".join(text.splitlines())
    cut = line if len(line) <= LONGEST_LINE else line[:LONGEST_LINE] + "..."
    return "# " + "".join(letter if _is_allowed(letter) else "?" for letter in cut)


def _is_allowed(letter: str) -> bool:
    return letter.isprintable() or letter == " "


def doubtful(sections: Sequence[Section]) -> list[tuple[Section, Choice]]:
    """Return the choices that are still comments."""
    found = []
    for section in sections:
        for choice in section.choices:
            if choice.candidates and not choice.is_written:
                found.append((section, choice))
    return found
