"""Sentences of the paper on what is missed, promised and found."""

from gis_export.report.year.facts import YearFacts
from gis_export.report.year.page import YearText


def missed_sentences(facts: YearFacts) -> list[str]:
    """Say what a random sample of roofs off the list says."""
    missed = facts.missed
    if missed is None:
        return [
            "Nobody has checked roofs off the list at random, so nobody can say how many are "
            f"missed. {facts.random.text} random visits are on the work list to find out."
        ]
    told = [
        f"{missed.judged.text} roofs of the {missed.year} photos that were not on the list were "
        f"drawn at random and visited. {missed.open.text} {missed.open.were} open. So at most "
        f"{missed.most.text} of such roofs are open, with 95% confidence; "
        f"{missed.with_errors.text} with errors of inspectors allowed for."
    ]
    recall = facts.recall
    if recall is not None:
        told.append(
            f"The list has about {recall.share.text} of all open roofs ({recall.low.text} to "
            f"{recall.high.text}, 9 times in 10)."
        )
    return told


def promise_sentences(facts: YearFacts) -> list[str]:
    """Say what was promised and what people found."""
    if not facts.promises:
        return [
            "Nobody has visited roofs of the list yet, so no promise of the model has been "
            "checked on site."
        ]
    told = []
    for promise in facts.promises:
        promised = f"{promise.promised.text} were promised to be open. " if promise.promised else ""
        told.append(
            f"{promise.word} in {promise.year}: {promised}People judged {promise.judged.text}; "
            f"{promise.open.text} {promise.open.were} open: {promise.share.text} "
            f"({promise.least.text} to {promise.most.text}, 9 times in 10)."
        )
    return told


def lead_sentences(facts: YearFacts) -> list[str]:
    """Say how long before their end buildings stood on the list; nothing where none ended."""
    lead = facts.lead
    if lead is None:
        return []
    ahead = ", ".join(f"{figure.text} {name}" for name, figure in lead.ahead)
    return [
        f"Razed or in need of emergency demolition, as people found: {lead.ends.text}. On the list "
        f"before: {lead.listed.text} ({ahead}). Never on it: {lead.never.text}. No photo before "
        f"could be assessed: {lead.not_seen.text}."
    ]


def finds_sentence(facts: YearFacts, text: YearText) -> str:
    """Say what the crews would find."""
    finds = facts.finds
    if finds is None:
        return "The work list is empty, so nobody can be sent."
    noun = "crew" if text.crews == 1 else "crews"
    return (
        f"With {text.crews} {noun} and {finds.visits_a_day.text} visits a day, "
        f"{finds.visits.text} visits of the work list are done by {finds.last}. They can be "
        f"expected to confirm {finds.expected.text} failing roofs; {finds.low.text} to "
        f"{finds.high.text}, 9 times in 10."
    )
