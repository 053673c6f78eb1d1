"""The data dictionary: what every field is called, holds and means, as a CSV for programs and a page for people."""

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


def data_dictionary(tier: Tier = Tier.DATA) -> pd.DataFrame:
    """Return what every field of a tier is called, holds and means, and which tiers carry it."""
    return pd.DataFrame(
        [
            {
                "name": field.name,
                "long_name": field.alias,
                "type": field.kind,
                "width": field.width,
                "precision": field.precision,
                "values": "; ".join(VALUES.get(field.name, {})),
                "tiers": " ".join(sorted(field.tiers)),
                "meaning": field.meaning,
            }
            for field in fields_of(tier)
        ]
    )


def write_dictionary(folder: Path, tier: Tier) -> None:
    """Write data_dictionary.csv and data_dictionary.html of the fields that a tier carries."""
    data_dictionary(tier).to_csv(folder / "data_dictionary.csv", index=False)
    (folder / "data_dictionary.html").write_text(dictionary_page(tier), encoding="utf-8")


def dictionary_page(tier: Tier) -> str:
    """Return the page: the hazard ladder with its symbols, the rule for missing values, and every field."""
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    template = environment.from_string(
        (files("gis_export.formats") / "dictionary.html").read_text(encoding="utf-8")
    )
    ladder = [
        {
            "symbol": symbol,
            "svg": Markup(symbol_svg(symbol)),
            "outline": Markup(_outline_svg(symbol)),
        }
        for symbol in SYMBOLS
    ]
    return template.render(
        reader=READERS[tier],
        use_limit=USE_LIMIT,
        ladder=ladder,
        fields=[_entry(field) for field in fields_of(tier)],
        shapefile=tier is not Tier.DATA,
        scores=tier is not Tier.RESPONDER,
    )


def symbol_svg(symbol: Symbol, *, size_px: int = 40) -> str:
    """Return the marker of a hazard word as inline SVG; its word stands beside it, so it is hidden from screen readers."""
    look = f'fill="{symbol.color}" stroke="#000" stroke-width="2.5" stroke-linejoin="round"'
    drawn = (
        f'<circle cx="20" cy="20" r="15" {look}/>'
        if symbol.shape == "circle"
        else f'<polygon points="{_POINTS[symbol.shape]}" {look}/>'
    )
    base = 33 if symbol.shape == "triangle" else 27
    letter = f'<text x="20" y="{base}" text-anchor="middle" font-family="DejaVu Sans, Arial, sans-serif" font-weight="700" font-size="19" fill="#000">{symbol.letter}</text>'
    return f'<svg viewBox="-2 0 44 40" width="{size_px}" height="{size_px}" aria-hidden="true" focusable="false">{drawn}{letter}</svg>'


def _outline_svg(symbol: Symbol) -> str:
    dashes = f' stroke-dasharray="{_DASHES[symbol.outline]}"' if _DASHES[symbol.outline] else ""
    look = f'fill="{symbol.color}" fill-opacity="0.35" stroke="#000" stroke-width="2"{dashes}'
    return f'<svg viewBox="0 0 64 36" width="64" height="36" aria-hidden="true" focusable="false"><rect x="2" y="2" width="60" height="32" {look}/></svg>'


def _entry(field: Field) -> dict[str, object]:
    unit = "byte" if field.kind == "text" else "digit"
    size = f"{field.width} {unit}{'' if field.width == 1 else 's'}" + (
        f", {field.precision} after the point" if field.precision else ""
    )
    readers = [
        READERS[tier] for tier in (Tier.RESPONDER, Tier.HOUSING, Tier.DATA) if tier in field.tiers
    ]
    return {
        "field": field,
        "kind": _KINDS[field.kind],
        "size": size,
        "values": list(VALUES.get(field.name, {}).items()),
        "readers": ", ".join(readers),
    }
