"""The values that a coded field may hold: what the data dictionary lists, the metadata names and `verify` checks."""

from gis_export.table.symbols import SYMBOLS

_KNOWN = {"Y": "yes", "N": "no", "U": "unknown"}

VALUES: dict[str, dict[str, str]] = {
    "RISK_LVL": {
        symbol.code: symbol.meaning
        if symbol.code == symbol.word.value
        else f"{symbol.word.value}: {symbol.meaning}"
        for symbol in SYMBOLS
    },
    "SCORED": {"Y": "this year's photo was scored", "N": "it was not; NA_REASON says why"},
    "VERIFIED": {"Y": "a person saw it", "N": "photo only"},
    "SIGN_POST": _KNOWN,
    "ADJ_OCC": _KNOWN,
    "DEMO_FLG": _KNOWN,
    "PREV_LVL": {symbol.code: f"{symbol.word.value} then" for symbol in SYMBOLS},
    "CHANGE": {
        "NEW": "on the list for the first time",
        "WORSE": "a worse word than before",
        "SAME": "the same word",
        "LESS SEEN": "a lesser word than before",
        "NOW NA": "assessed before, not now",
        "WAS NA": "not assessed before",
    },
}
"""By short name of the field: each value and what it means; an empty value means not known."""
