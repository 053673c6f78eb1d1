"""`roofwatch init`: a commented city file from what a city has, with evidence for each choice."""

import argparse
import shlex
from dataclasses import asdict, replace
from pathlib import Path

from imagery.errors import InputError
from roofwatch.answer import FIX_FIRST, Answer
from roofwatch.proposal.ask import ask, can_ask
from roofwatch.proposal.choice import Choice, Decide, leave_open, take_best
from roofwatch.proposal.document import doubtful, write_document
from roofwatch.proposal.proposal import Proposal, propose_city
from roofwatch.stages import check


def command(options: argparse.Namespace) -> Answer:
    """Write the city file, then check it."""
    out: Path = options.out
    refuse_existing(out)
    proposal = propose_city(options.folders, out, _decide(options))
    write_new(out, write_document(proposal))

    lines = [f"{out}: {_counts(proposal)}", f"  found: {proposal.files}"]
    lines += [f"  doubt: {line}" for line in _doubts(proposal)]
    facts = _facts(proposal) | {"city_file": str(out)}
    if proposal.lacks:
        return _unready(proposal, lines, facts, out)

    checked = _check(options, out, proposal.years[-1])
    lines += [*checked.lines, *_next_lines(proposal, out)]
    return replace(checked, lines=lines, facts=facts | {"check": checked.facts})


def refuse_existing(out: Path) -> None:
    """Refuse to overwrite a file, before any work.

    Raises:
        InputError: there is one, or no folder for it.
    """
    if out.exists() or out.is_symlink():
        raise InputError(
            f"init --out: {out} is there already and is not overwritten; "
            "name another file, or move that one away"
        )
    if not out.parent.is_dir():
        raise InputError(f"init --out: no folder {out.parent}; create it, or name another file")


def write_new(out: Path, text: str) -> None:
    """Write a file that is not there yet.

    Raises:
        InputError: it is there by now.
    """
    try:
        with out.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        refuse_existing(out)
        raise


def _decide(options: argparse.Namespace) -> Decide:
    if options.yes:
        return take_best
    return ask if can_ask() and not options.json else leave_open


def _counts(proposal: Proposal) -> str:
    written = [
        choice
        for section in proposal.sections
        if section.is_written
        for choice in section.choices
        if choice.is_written
    ]
    return f"{len(written)} keys written, {len(doubtful(proposal.sections))} left open"


def _doubts(proposal: Proposal) -> list[str]:
    """Return a line for each choice that is left open."""
    lines = []
    for section, choice in doubtful(proposal.sections):
        best = choice.candidates[0]
        lines.append(f"[{section.name}] {choice.key}: {choice.doubt} (best: {best.value!r})")
    return lines


def _unready(proposal: Proposal, lines: list[str], facts: dict[str, object], out: Path) -> Answer:
    """Answer that the file lacks something without which nothing runs."""
    lacks = ", ".join(proposal.lacks)
    told = [
        f"  fix first: not settled: {lacks}; edit {out}, or give more folders",
        *_next_lines(proposal, out),
    ]
    return Answer(
        lines=[*lines, *told], facts=facts | {"lacks": proposal.lacks}, exit_code=FIX_FIRST
    )


def _check(options: argparse.Namespace, out: Path, year: int) -> Answer:
    """Check the latest year of the new city file; what cannot be read is an answer too."""
    asked = argparse.Namespace(**{**vars(options), "city": out, "year": year, "pixels": False})
    try:
        return check.command(asked)
    except InputError as error:
        return Answer(
            lines=[f"  fix first: {error}"], facts={"error": str(error)}, exit_code=FIX_FIRST
        )


def _next_lines(proposal: Proposal, out: Path) -> list[str]:
    """Return the next three commands."""
    name = shlex.quote(str(out))
    year = proposal.years[-1] if proposal.years else "Y"
    order = ("run", "desk") if proposal.has("labels") else ("desk", "run")
    return [
        "  next:",
        f"    roofwatch check {name} --year {year} --pixels",
        *(f"    roofwatch {command} {name} --year {year}" for command in order),
    ]


def _facts(proposal: Proposal) -> dict[str, object]:
    sections = [
        {
            "section": section.name,
            "written": section.is_written,
            "choices": [_choice_facts(choice) for choice in section.choices],
        }
        for section in proposal.sections
    ]
    return {
        "sections": sections,
        "unused": list(proposal.unused),
        "not_looked_at": list(proposal.lines),
        "left_open": len(doubtful(proposal.sections)),
    }


def _choice_facts(choice: Choice) -> dict[str, object]:
    return {
        "key": choice.key,
        "written": choice.is_written,
        "doubt": choice.doubt,
        "missing": "" if choice.candidates else choice.missing,
        "candidates": [asdict(candidate) for candidate in choice.candidates],
    }
