"""The cell styles of the work list, as a table, and the formats made from it."""

from xlsxwriter import Workbook
from xlsxwriter.format import Format

from gis_export.table.symbols import SYMBOLS

Look = dict[str, object]
"""Properties of a cell, by the names of XlsxWriter."""

HAZARD = "hazard"
"""Style of a cell that has the color of its hazard word, so a format for every RISK_LVL."""
_INK = "#1A1A1A"
_LINE = "#C8CCD2"
_HEAD = "#22303F"
_FILL_HEAD = "#7A4300"
_FILL = "#FFF6E0"
_LINK = "#0B4F8A"
_DAY = "yyyy-mm-dd"

_CELL: Look = {"font_name": "Arial", "font_size": 11, "font_color": _INK, "valign": "vcenter"}
_BOXED: Look = {**_CELL, "border": 1, "border_color": _LINE, "text_wrap": True}
_COLORED: Look = {"bold": True, "align": "center", "font_color": "#000000"}
_BASES: dict[str, Look] = {
    "cell": _CELL,
    "small": {**_CELL, "font_size": 10},
    "boxed": _BOXED,
    "fill": {**_BOXED, "bg_color": _FILL},
    "head": {**_BOXED, "bold": True, "font_color": "#FFFFFF", "align": "center"},
}
# fmt: off
STYLES: dict[str, tuple[str, Look]] = {
    # name          base     what differs from it
    "text":       ("boxed", {"indent": 1}),
    "bold":       ("boxed", {"bold": True, "indent": 1}),
    "center":     ("boxed", {"align": "center"}),
    "number":     ("boxed", {"num_format": "0", "align": "center"}),
    "count":      ("boxed", {"num_format": "0", "align": "left", "indent": 1}),
    "points":     ("boxed", {"num_format": "0", "bold": True, "font_size": 16, "align": "center"}),
    "score":      ("boxed", {"num_format": "0.00", "align": "center"}),
    "date":       ("boxed", {"num_format": _DAY, "align": "center"}),
    "picture":    ("boxed", {"align": "center", "font_color": "#5A5A5A"}),
    "link":       ("boxed", {"num_format": "@", "indent": 1, "font_color": _LINK, "underline": 1}),
    "fill":       ("fill",  {"num_format": "@"}),
    "fill date":  ("fill",  {"num_format": _DAY, "align": "center"}),
    "fill note":  ("fill",  {"num_format": "@", "valign": "top"}),
    "head":       ("head",  {"bg_color": _HEAD}),
    "fill head":  ("head",  {"bg_color": _FILL_HEAD}),
    "title":      ("cell",  {"bold": True, "font_size": 16}),
    "limit":      ("cell",  {"bold": True}),
    "heading":    ("cell",  {"bold": True, "font_size": 12, "bottom": 2, "bottom_color": _HEAD}),
    "line":       ("cell",  {}),
    "letter":     ("cell",  {"bold": True, "font_size": 20, "font_color": "#000000"}),
    "word":       ("cell",  {"bold": True, "font_color": "#000000"}),
    "row":        ("small", {"indent": 1}),
    "row center": ("small", {"align": "center"}),
    "row number": ("small", {"num_format": "0", "align": "center"}),
    "row score":  ("small", {"num_format": "0.00", "align": "center"}),
    "row date":   ("small", {"num_format": _DAY, "align": "center"}),
}
"""Every style but `HAZARD`; those that begin with "fill" are for the inspector's cells."""
# fmt: on


def make_formats(file: Workbook) -> dict[str, Format]:
    """Add the format of every style in `STYLES` to a file."""
    return {name: file.add_format(_BASES[base] | look) for name, (base, look) in STYLES.items()}


def hazard_formats(file: Workbook, base: str) -> dict[str, Format]:
    """Add a format for every RISK_LVL to a file: a base style in the color of the hazard word."""
    formats = {}
    for symbol in SYMBOLS:
        look = _BASES[base] | _COLORED | {"bg_color": symbol.color}
        formats[symbol.code] = file.add_format(look)
    return formats
