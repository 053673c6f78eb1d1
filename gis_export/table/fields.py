"""Field tables: the one place that says what each product calls a value, how wide it is and who may see it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

import pyarrow as pa

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
    """One attribute as it stands in every product."""

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


_BOTH = frozenset({Tier.RESPONDER, Tier.HOUSING, Tier.DATA})
_FIRE = frozenset({Tier.RESPONDER, Tier.DATA})
_HOUSING = frozenset({Tier.HOUSING, Tier.DATA})
_DATA = frozenset({Tier.DATA})


def _field(
    name: str, alias: str, kind: Kind, width: int, tiers: frozenset[Tier], meaning: str
) -> Field:
    precision = 6 if kind == "real" else 0
    return Field(
        name=name,
        alias=alias,
        kind=kind,
        width=width,
        precision=precision,
        tiers=tiers,
        meaning=meaning,
    )


FIELDS: tuple[Field, ...] = (
    _field(
        "PARCEL_ID",
        "parcel_id",
        "text",
        60,
        _BOTH,
        "Parcel key as the city writes it, blanks kept.",
    ),
    _field(
        "ADDRESS",
        "address",
        "text",
        120,
        _BOTH,
        "Address: for responders as dispatch spells it where its list has it, else as on the vacant roll; empty when not known.",
    ),
    _field(
        "RISK_LVL",
        "hazard_level",
        "text",
        10,
        _BOTH,
        "CONFIRMED, LIKELY, POSSIBLE, NOT SEEN or NA (not assessed).",
    ),
    _field(
        "RISK_TXT",
        "hazard_text",
        "text",
        100,
        _BOTH,
        "The hazard in words, with flight date or reason.",
    ),
    _field(
        "SCORED",
        "scored",
        "text",
        1,
        _BOTH,
        "Y: this year's photo was scored. N: it was not; look at NA_REASON.",
    ),
    _field(
        "NA_REASON",
        "not_assessed_reason",
        "text",
        60,
        _BOTH,
        "Why the roof was not assessed; empty when SCORED is Y.",
    ),
    _field(
        "IMG_DATE", "image_date", "date", 8, _BOTH, "Day the photo was flown; empty when not known."
    ),
    _field(
        "MODEL_VER",
        "model_version",
        "text",
        80,
        _BOTH,
        "Name and version of the model; empty when not scored.",
    ),
    _field("RUN_ID", "run_id", "text", 60, _BOTH, "Run that made the row."),
    _field(
        "REVIEW_BY", "review_by", "date", 8, _BOTH, "Day after which the row is due for review."
    ),
    _field("VERIFIED", "verified", "text", 1, _BOTH, "Y: a person saw it. N: photo only."),
    _field(
        "VER_DATE",
        "verified_date",
        "date",
        8,
        _BOTH,
        "Day a person saw it; empty when not verified.",
    ),
    _field(
        "SIGN_POST",
        "sign_posted",
        "text",
        1,
        _FIRE,
        "Warning sign posted on the building: Y, N, or U for unknown.",
    ),
    _field(
        "ADJ_OCC",
        "adjacent_occupied",
        "text",
        1,
        _FIRE,
        "An attached neighbor is occupied: Y, N, or U for unknown.",
    ),
    _field(
        "OCC_SIDES",
        "occupied_sides",
        "text",
        20,
        _FIRE,
        "Sides with an occupied attached neighbor, such as E,W; U unknown.",
    ),
    _field("FIRE_DIST", "fire_district", "text", 60, _FIRE, "Fire district."),
    _field(
        "SCORE",
        "score",
        "real",
        9,
        _HOUSING,
        "Calibrated probability that the roof is open or failing; -1 in the shapefile when not scored.",
    ),
    _field(
        "RANK",
        "rank",
        "int",
        9,
        _HOUSING,
        "1 is the highest score of the city; -1 in the shapefile when not scored.",
    ),
    _field(
        "RANK_DIST",
        "rank_in_district",
        "int",
        9,
        _HOUSING,
        "1 is the highest score of the inspection district; -1 when not scored.",
    ),
    _field(
        "ROOF_PCT",
        "roof_open_bin",
        "text",
        10,
        _HOUSING,
        "Share of the roof a person found open: 10-24, 25-49, 50-99, 100; empty when not verified.",
    ),
    _field("VBN_DATE", "notice_date", "date", 8, _HOUSING, "Day of the vacant building notice."),
    _field(
        "DEMO_FLG",
        "demolition_flag",
        "text",
        1,
        _HOUSING,
        "Demolition planned: Y, N, or U for unknown.",
    ),
    _field("INSP_DIST", "inspection_district", "text", 60, _HOUSING, "Inspection district."),
    _field("NBHD", "neighborhood", "text", 80, _HOUSING, "Neighborhood."),
    _field(
        "PREV_LVL",
        "previous_hazard_level",
        "text",
        10,
        _HOUSING,
        "RISK_LVL of the flyover before; empty when there was none.",
    ),
    _field(
        "CHANGE",
        "change",
        "text",
        10,
        _HOUSING,
        "NEW, WORSE, SAME, LESS SEEN, NOW NA or WAS NA against the flyover before.",
    ),
    _field("PRIORITY", "priority", "int", 9, _HOUSING, "Sum of the points that WHY lists."),
    _field("WHY", "why", "text", 254, _HOUSING, "The points in words."),
    _field("STATUS", "status", "text", 20, _DATA, "scored, not_assessed or excluded."),
    _field("YEAR", "year", "int", 4, _DATA, "Year of the flyover."),
    _field("SCORE_LOW", "score_low", "real", 9, _DATA, "Lower end of the interval of the score."),
    _field("SCORE_HIGH", "score_high", "real", 9, _DATA, "Upper end of the interval of the score."),
    _field(
        "COVERED", "covered_share", "real", 9, _DATA, "Share of the parcel that the photo covers."
    ),
    _field("NODATA", "nodata_share", "real", 9, _DATA, "Share of the chip without data."),
    _field("SHARPNESS", "sharpness", "real", 20, _DATA, "Sharpness of the chip."),
    _field("DARK_SHARE", "dark_share", "real", 9, _DATA, "Share of dark pixels in the chip."),
    _field(
        "SHADOW",
        "shadow_share",
        "real",
        9,
        _DATA,
        "Share of the roof in shadow so black that nothing can be made out.",
    ),
    _field("CANOPY", "canopy_share", "real", 9, _DATA, "Share of the roof under green leaves."),
    _field(
        "SEAM",
        "seam_share",
        "real",
        9,
        _DATA,
        "Share of the roof that comes from another tile than most of it.",
    ),
    _field(
        "GROUND",
        "ground_share",
        "real",
        9,
        _DATA,
        "Share of the lit roof with the tint of grass and soil; near 1 where no building is left.",
    ),
    _field("TILES", "tiles", "text", 254, _DATA, "Flyover tiles the chip was cut from."),
)


def fields_of(tier: Tier) -> tuple[Field, ...]:
    """Return the fields that products of `tier` carry, in their order."""
    return tuple(field for field in FIELDS if tier in field.tiers)


def arrow_type(field: Field) -> pa.DataType:
    """Return the Arrow type that holds a field."""
    types = {"text": pa.string(), "int": pa.int32(), "real": pa.float64(), "date": pa.date32()}
    return types[field.kind]


def dbf_type(field: Field) -> str:
    """Return the type as fiona's shapefile schema spells it."""
    types = {
        "text": f"str:{field.width}",
        "int": f"int32:{field.width}",
        "real": f"float:{field.width}.{field.precision}",
        "date": "date",
    }
    return types[field.kind]
