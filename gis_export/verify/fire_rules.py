"""Check that the line of dispatch names the fire that its row gives, and no other."""

from collections.abc import Iterator

import numpy as np

from gis_export.fire.dispatch.cad_words import FIRE_WORDS, cad_day
from gis_export.table import columns
from gis_export.verify.finding import Finding
from gis_export.verify.rows import ACTION, TEXT, Rows

_FIRE = FIRE_WORDS.partition("{")[0]


def check_fire(rows: Rows) -> Iterator[Finding]:
    """Check that the line of dispatch names the fire of its row, and no other."""
    if not rows.has(columns.FIRE_DATE) or not rows.has(ACTION) or not rows.has(TEXT):
        return

    pairs = zip(*(rows.table[name].to_pylist() for name in (TEXT, columns.FIRE_DATE)), strict=True)
    wrong = [_FIRE in text if not day else not _names_fire(text, day) for text, day in pairs]
    yield from rows.find(
        np.array(wrong, bool),
        "TEXT says another fire than FIRE_DATE",
        TEXT,
        "the day of FIRE_DATE",
        "put the text back",
    )


def _names_fire(text: str, day: str) -> bool:
    """Tell whether a line names the fire of a day; a day that is none is found elsewhere."""
    try:
        return f"{_FIRE}{cad_day(day)}" in text
    except ValueError:
        return True
