"""Field tables: what each product calls a value, how wide it is and who may see it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

import pyarrow as pa

from gis_export.table import columns

Kind: TypeAlias = Literal["text", "int", "real", "date"]

DBF_TEXT_MAX = 254
"""Bytes a text field of a shapefile can hold."""


class Tier(StrEnum):
    """Who may read a product."""

    RESPONDER = "RESPONDER"
    HOUSING = "HOUSING"
    DATA = "DATA"


@dataclass(frozen=True, kw_only=True)
class Field:
    """One attribute, as every product carries it."""

    name: str
    """Short name, ASCII capitals, at most 10 characters: shapefile and CSV."""
    alias: str
    """Long name: GeoPackage and GeoParquet."""
    kind: Kind
    """Type of the value."""
    width: int
    """Bytes for text, digits for numbers, 8 for dates."""
    precision: int = 0
    """Digits after the point; 0 unless `kind` is 'real'."""
    tiers: frozenset[Tier]
    """Tiers whose products may carry the field; DATA always."""
    meaning: str
    """One sentence for the data dictionary."""

    def __post_init__(self) -> None:
        """Check name and width against what a shapefile can hold."""
        if not (self.name.isascii() and 0 < len(self.name) <= 10):
            raise ValueError(
                f"field name {self.name!r} has {len(self.name)} characters, want 1 to 10 in ASCII"
            )

        if not 0 < self.width <= DBF_TEXT_MAX:
            raise ValueError(f"field {self.name} is {self.width} wide, want 1 to {DBF_TEXT_MAX}")

    def column(self, *, long_names: bool) -> str:
        """Return what a product calls the field: its long name, or its short one."""
        return self.alias if long_names else self.name


_ALL = frozenset({Tier.RESPONDER, Tier.HOUSING, Tier.DATA})
_FIRE = frozenset({Tier.RESPONDER, Tier.DATA})
_HOUSING = frozenset({Tier.HOUSING, Tier.DATA})
_DATA = frozenset({Tier.DATA})


def _text(name: str, alias: str, width: int, tiers: frozenset[Tier], meaning: str) -> Field:
    return Field(name=name, alias=alias, kind="text", width=width, tiers=tiers, meaning=meaning)


def _integer(name: str, alias: str, width: int, tiers: frozenset[Tier], meaning: str) -> Field:
    return Field(name=name, alias=alias, kind="int", width=width, tiers=tiers, meaning=meaning)


def _real(name: str, alias: str, width: int, tiers: frozenset[Tier], meaning: str) -> Field:
    return Field(
        name=name,
        alias=alias,
        kind="real",
        width=width,
        precision=6,
        tiers=tiers,
        meaning=meaning,
    )


def _date(name: str, alias: str, tiers: frozenset[Tier], meaning: str) -> Field:
    return Field(name=name, alias=alias, kind="date", width=8, tiers=tiers, meaning=meaning)


# A data table, two lines per field.
# fmt: off
FIELDS: tuple[Field, ...] = (
    _text(columns.PARCEL_ID, "parcel_id", 60, _ALL,
          "Parcel key as the city writes it, blanks kept."),
    _text(columns.ADDRESS, "address", 120, _ALL,
          "Address: for responders as dispatch spells it where its list has it, "
          "else as on the vacant roll; empty when not known."),
    _text(columns.RISK_LVL, "hazard_level", 10, _ALL,
          "CONFIRMED, LIKELY, POSSIBLE, NOT SEEN or NA (not assessed)."),
    _text(columns.RISK_TXT, "hazard_text", 100, _ALL,
          "The hazard in words, with flight date or reason."),
    _text(columns.SCORED, "scored", 1, _ALL,
          "Y: this year's photo was scored. N: it was not; look at NA_REASON."),
    _text(columns.NA_REASON, "not_assessed_reason", 60, _ALL,
          "Why the roof was not assessed; empty when SCORED is Y."),
    _date(columns.IMG_DATE, "image_date", _ALL,
          "Day the photo was flown; empty when not known."),
    _text(columns.MODEL_VER, "model_version", 80, _ALL,
          "Name and version of the model; empty when not scored."),
    _text(columns.RUN_ID, "run_id", 60, _ALL,
          "Run that made the row."),
    _date(columns.REVIEW_BY, "review_by", _ALL,
          "Day after which the row is due for review."),
    _text(columns.VERIFIED, "verified", 1, _ALL,
          "Y: a person saw it. N: photo only."),
    _date(columns.VER_DATE, "verified_date", _ALL,
          "Day a person saw it; empty when not verified."),
    _text(columns.SIGN_POST, "sign_posted", 1, _FIRE,
          "Warning sign posted on the building: Y, N, or U for unknown."),
    _text(columns.ADJ_OCC, "adjacent_occupied", 1, _FIRE,
          "An attached neighbor is occupied: Y, N, or U for unknown."),
    _text(columns.OCC_SIDES, "occupied_sides", 20, _FIRE,
          "Sides with an occupied attached neighbor, such as E,W; U unknown, also for others."),
    _text(columns.FIRE_DIST, "fire_district", 60, _FIRE,
          "Fire district."),
    _real(columns.SCORE, "score", 9, _HOUSING,
          "Calibrated probability that the roof is open or failing; -1 in the "
          "shapefile when not scored."),
    _integer(columns.RANK, "rank", 9, _HOUSING,
             "1 is the highest score of the city; -1 in the shapefile when not scored."),
    _integer(columns.RANK_DIST, "rank_in_district", 9, _HOUSING,
             "1 is the highest score of the inspection district; -1 when not scored."),
    _text(columns.ROOF_PCT, "roof_open_bin", 10, _HOUSING,
          "Share of the roof a person found open: 10-24, 25-49, 50-99, 100; "
          "empty when not verified."),
    _date(columns.VBN_DATE, "notice_date", _HOUSING,
          "Day of the vacant building notice."),
    _text(columns.DEMO_FLG, "demolition_flag", 1, _HOUSING,
          "Demolition planned: Y, N, or U for unknown."),
    _text(columns.INSP_DIST, "inspection_district", 60, _HOUSING,
          "Inspection district."),
    _text(columns.NBHD, "neighborhood", 80, _HOUSING,
          "Neighborhood."),
    _text(columns.PREV_LVL, "previous_hazard_level", 10, _HOUSING,
          "RISK_LVL of the flyover before; empty when there was none."),
    _text(columns.CHANGE, "change", 10, _HOUSING,
          "NEW, WORSE, SAME, LESS SEEN, UNSURE, NOW NA or WAS NA against the flyover before."),
    _integer(columns.PRIORITY, "priority", 9, _HOUSING,
             "Sum of the points that WHY lists."),
    _text(columns.WHY, "why", 254, _HOUSING,
          "The points in words."),
    _text(columns.STATUS, "status", 20, _DATA,
          "scored, not_assessed or excluded."),
    _integer(columns.YEAR, "year", 4, _DATA,
             "Year of the flyover."),
    _real(columns.SCORE_LOW, "score_low", 9, _DATA,
          "Lower end of the interval of the score."),
    _real(columns.SCORE_HIGH, "score_high", 9, _DATA,
          "Upper end of the interval of the score."),
    _real(columns.COVERED, "covered_share", 9, _DATA,
          "Share of the parcel that the photo covers."),
    _real(columns.NODATA, "nodata_share", 9, _DATA,
          "Share of the chip without data."),
    _real(columns.SHARPNESS, "sharpness", 20, _DATA,
          "Sharpness of the chip."),
    _real(columns.DARK_SHARE, "dark_share", 9, _DATA,
          "Share of dark pixels in the chip."),
    _real(columns.SHADOW, "shadow_share", 9, _DATA,
          "Share of the roof in shadow so black that nothing can be made out."),
    _real(columns.CANOPY, "canopy_share", 9, _DATA,
          "Share of the roof under green leaves."),
    _real(columns.SEAM, "seam_share", 9, _DATA,
          "Share of the roof that comes from another tile than most of it."),
    _real(columns.GROUND, "ground_share", 9, _DATA,
          "Share of the lit roof with the tint of grass and soil; near 1 where "
          "no building is left."),
    _text(columns.TILES, "tiles", 254, _DATA,
          "Flyover tiles the chip was cut from."),
    _text(columns.VISIT_TXT, "visit_text", 80, _ALL,
          "What the latest visit found and its day, such as visited 2026-05-02: no open roof seen; "
          "it never means safe; empty where nobody visited or the visit confirmed the hazard."),
    _date(columns.LAST_VISIT, "last_visit", _HOUSING,
          "Day of the latest visit on site; empty when there was none or its day is not known."),
    _date(columns.NEXT_VISIT, "next_visit", _HOUSING,
          "Day until which a visited row stays off the visit list; empty when it may be on it."),
    _text(columns.DISPUTED, "disputed", 80, _HOUSING,
          "Why what is said of the building is in dispute; empty when it is not."),
    _text(columns.PHOTO_LVL, "photo_hazard_level", 10, _DATA,
          "RISK_LVL by the photo alone, whatever people found."),
    _text(columns.RISK_CODE, "hazard_code", 12, _ALL,
          "RISK_LVL for programs, without NA: CONFIRMED, LIKELY, POSSIBLE, NOT_ASSESSED or "
          "NOT_SEEN. pandas and R read NA as missing."),
    _text(columns.PREV_CODE, "previous_hazard_code", 12, _HOUSING,
          "PREV_LVL for programs, without NA; empty when there was no flyover before."),
    _text(columns.PHOTO_CODE, "photo_hazard_code", 12, _DATA,
          "PHOTO_LVL for programs, without NA."),
    _date(columns.FIRE_DATE, "fire_date", _FIRE,
          "Day of the latest fire since which neither a photo nor a person has seen the roof; "
          "empty when there is none. It changes no hazard word."),
)
# fmt: on
"""Every field of every tier, in the order of the products."""

BY_NAME: dict[str, Field] = {field.name: field for field in FIELDS}


def fields_of(tier: Tier) -> tuple[Field, ...]:
    """Return the fields that products of `tier` carry, in their order."""
    return tuple(field for field in FIELDS if tier in field.tiers)


def arrow_type(field: Field) -> pa.DataType:
    """Return the Arrow type that holds a field."""
    types = {"text": pa.string(), "int": pa.int32(), "real": pa.float64(), "date": pa.date32()}
    return types[field.kind]
