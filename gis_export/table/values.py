"""The values of coded fields, which the dictionary and the metadata list and `verify` checks."""

from gis_export.table import columns
from gis_export.table.symbols import SYMBOLS, Symbol


def _meaning(symbol: Symbol) -> str:
    """Return what a code means, with the word in front when the code is an abbreviation."""
    if symbol.code == symbol.word.value:
        return symbol.meaning
    return f"{symbol.word.value}: {symbol.meaning}"


_KNOWN = {"Y": "yes", "N": "no", "U": "unknown"}

VALUES: dict[str, dict[str, str]] = {
    columns.RISK_LVL: {symbol.code: _meaning(symbol) for symbol in SYMBOLS},
    columns.SCORED: {"Y": "this year's photo was scored", "N": "it was not; NA_REASON says why"},
    columns.VERIFIED: {"Y": "a person saw it", "N": "photo only"},
    columns.SIGN_POST: _KNOWN,
    columns.ADJ_OCC: _KNOWN,
    columns.DEMO_FLG: _KNOWN,
    columns.PHOTO_LVL: {symbol.code: f"{symbol.word.value} by the photo" for symbol in SYMBOLS},
    columns.RISK_CODE: {symbol.plain_code: symbol.word.value for symbol in SYMBOLS},
    columns.PHOTO_CODE: {
        symbol.plain_code: f"{symbol.word.value} by the photo" for symbol in SYMBOLS
    },
    columns.PREV_CODE: {symbol.plain_code: f"{symbol.word.value} then" for symbol in SYMBOLS},
    columns.PREV_LVL: {symbol.code: f"{symbol.word.value} then" for symbol in SYMBOLS},
    columns.CHANGE: {
        "NEW": "on the list for the first time",
        "WORSE": "a worse word than before, and the same model surely scores it higher",
        "SAME": "the same word",
        "LESS SEEN": "a lesser word than before, and the same model surely scores it lower",
        "UNSURE": "another word than before, but light or another model may explain it",
        "NOW NA": "assessed before, not now",
        "WAS NA": "not assessed before",
    },
}
"""By short name of the field: each value and what it means; an empty value means not known."""
