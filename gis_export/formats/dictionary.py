"""The data dictionary: what every field is called, holds and means.

It is written as a CSV for programs and as a page for people.
"""

from importlib.resources import files
from pathlib import Path

import jinja2
import pandas as pd
from markupsafe import Markup

from gis_export.table.fields import Field, Tier, fields_of
from gis_export.table.symbols import SYMBOLS, Outline, Shape, Symbol
from gis_export.table.values import VALUES
from inference.hazard import USE_LIMIT

READERS = {Tier.RESPONDER: "fire and dispatch", Tier.HOUSING: "housing", Tier.DATA: "data team"}
_KINDS = {"text": "text", "int": "whole number", "real": "number", "date": "date"}
_POINTS: dict[Shape, str] = {
    "hexagon": "20,3 34.7,11.5 34.7,28.5 20,37 5.3,28.5 5.3,11.5",
    "triangle": "20,3 37,36 3,36",
    "diamond": "20,3 37,20 20,37 3,20",
    "tag": "0,9 40,9 40,31 0,31",
}
_DASHES: dict[Outline, str] = {"solid": "", "dash": "8 4", "dot": "2 3", "dash dot": "8 3 2 3"}


def write_dictionary(folder: Path, tier: Tier) -> None:
    """Write data_dictionary.csv and data_dictionary.html of the fields that a tier carries."""
    data_dictionary(tier).to_csv(folder / "data_dictionary.csv", index=False)
    (folder / "data_dictionary.html").write_text(dictionary_page(tier), encoding="utf-8")


def data_dictionary(tier: Tier = Tier.DATA) -> pd.DataFrame:
    """Return what every field of a tier is called, holds and means, and which tiers carry it."""
    return pd.DataFrame([_csv_entry(field) for field in fields_of(tier)])


def _csv_entry(field: Field) -> dict[str, object]:
    return {
        "name": field.name,
        "long_name": field.alias,
        "type": field.kind,
        "width": field.width,
        "precision": field.precision,
        "values": "; ".join(VALUES.get(field.name, {})),
        "tiers": " ".join(sorted(field.tiers)),
        "meaning": field.meaning,
    }


def dictionary_page(tier: Tier) -> str:
    """Return the page: the hazard words, the rule for missing values, and every field."""
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    source = files("gis_export.formats") / "dictionary.html"
    template = environment.from_string(source.read_text(encoding="utf-8"))

    return template.render(
        reader=READERS[tier],
        use_limit=USE_LIMIT,
        ladder=[_ladder_entry(symbol) for symbol in SYMBOLS],
        fields=[_page_entry(field) for field in fields_of(tier)],
        shapefile=tier is not Tier.DATA,
        scores=tier is not Tier.RESPONDER,
    )


def _ladder_entry(symbol: Symbol) -> dict[str, object]:
    return {
        "symbol": symbol,
        "svg": Markup(symbol_svg(symbol)),
        "outline": Markup(_outline_svg(symbol)),
    }


def symbol_svg(symbol: Symbol, *, size_px: int = 40) -> str:
    """Return the marker of a hazard word as inline SVG.

    It is hidden from screen readers, since the word is written beside it.
    """
    look = f'fill="{symbol.color}" stroke="#000" stroke-width="2.5" stroke-linejoin="round"'
    if symbol.shape == "circle":
        shape = f'<circle cx="20" cy="20" r="15" {look}/>'
    else:
        shape = f'<polygon points="{_POINTS[symbol.shape]}" {look}/>'

    baseline = 33 if symbol.shape == "triangle" else 27
    letter = (
        f'<text x="20" y="{baseline}" text-anchor="middle" '
        'font-family="DejaVu Sans, Arial, sans-serif" font-weight="700" font-size="19" '
        f'fill="#000">{symbol.letter}</text>'
    )
    return (
        f'<svg viewBox="-2 0 44 40" width="{size_px}" height="{size_px}" aria-hidden="true" '
        f'focusable="false">{shape}{letter}</svg>'
    )


def _outline_svg(symbol: Symbol) -> str:
    """Return a parcel with the outline of a hazard word."""
    dashes = _DASHES[symbol.outline]
    pattern = f' stroke-dasharray="{dashes}"' if dashes else ""
    look = f'fill="{symbol.color}" fill-opacity="0.35" stroke="#000" stroke-width="2"{pattern}'
    return (
        '<svg viewBox="0 0 64 36" width="64" height="36" aria-hidden="true" focusable="false">'
        f'<rect x="2" y="2" width="60" height="32" {look}/></svg>'
    )


def _page_entry(field: Field) -> dict[str, object]:
    readers = [name for tier, name in READERS.items() if tier in field.tiers]
    return {
        "field": field,
        "kind": _KINDS[field.kind],
        "size": _size(field),
        "values": list(VALUES.get(field.name, {}).items()),
        "readers": ", ".join(readers),
    }


def _size(field: Field) -> str:
    """Return the width of a field in words."""
    unit = "byte" if field.kind == "text" else "digit"
    plural = "" if field.width == 1 else "s"
    after_point = f", {field.precision} after the point" if field.precision else ""
    return f"{field.width} {unit}{plural}{after_point}"
