"""What products say of a model that another city made."""

from roofwatch.scored_by import scored_by
from roofwatch.year import CityYear

LENT = "The model was made in another city: no figures on how often it is right here are published."
"""The same for the public, without checksum and place."""


def borrowed_note(year: CityYear) -> str:
    """Say where the model that scored a year comes from, "" when it is the city's own.

    Raises:
        InputError: model.json is damaged.
    """
    facts = scored_by(year)
    origin = str(facts.get("origin") or "")
    if not origin:
        return ""

    borne_out = str(facts.get("borne_out") or "")
    may = "No roof is called LIKELY by it until looks here bear it out."
    if borne_out:
        may = f"Looks here bear it out: {borne_out}."
    return f"The model is borrowed from another city: {origin}. {may}"


def lent_sentence(borrowed: str) -> str:
    """Say of a borrowed model what the public may read; "" for the city's own."""
    return LENT if borrowed else ""
