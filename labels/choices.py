"""What an inspector can answer, in the same words on the work list and in the field form."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One answer."""

    name: str
    """Stable name in data, snake case."""
    label: str
    """What the inspector reads."""
    spanish: str
    """The same in Spanish."""
    roof_pct: str = ""
    """Only for the open share of a roof: its value in the column `roof_pct` of a label file, the
    middle of the bin or "cannot tell"."""


def _choice(name: str, label: str, spanish: str, roof_pct: str = "") -> Choice:
    return Choice(name=name, label=label, spanish=spanish, roof_pct=roof_pct)


ROOF_OPEN: tuple[Choice, ...] = (
    _choice("pct_0", "0%", "0%", "0"),
    _choice("pct_under_10", "less than 10%", "menos de 10%", "5"),
    _choice("pct_10_24", "10 to 24%", "10 a 24%", "17"),
    _choice("pct_25_49", "25 to 49%", "25 a 49%", "37"),
    _choice("pct_50_99", "50 to 99%", "50 a 99%", "75"),
    _choice("pct_100", "100%", "100%", "100"),
    _choice("cannot_tell", "cannot tell", "no se puede saber", "cannot tell"),
)
YES_NO: tuple[Choice, ...] = (
    _choice("yes", "yes", "sí"),
    _choice("no", "no", "no"),
    _choice("cannot_tell", "cannot tell", "no se puede saber"),
)
SIGNS: tuple[Choice, ...] = (
    _choice("none_seen", "none seen", "no se ve ninguna"),
    _choice("wall_bulge", "wall bulges or leans", "pared abultada o inclinada"),
    _choice("wall_crack", "wide crack in a wall", "grieta ancha en una pared"),
    _choice("wall_missing", "part of a wall is gone", "falta parte de una pared"),
    _choice("floor_sag", "floor or stairs sag", "piso o escalera hundidos"),
    _choice("floor_missing", "floor or stairs are gone", "falta piso o escalera"),
    _choice("cannot_tell", "cannot tell", "no se puede saber"),
)
SIDES: tuple[Choice, ...] = (
    _choice("none", "none", "ninguno"),
    _choice("n", "N", "N"),
    _choice("ne", "NE", "NE"),
    _choice("e", "E", "E"),
    _choice("se", "SE", "SE"),
    _choice("s", "S", "S"),
    _choice("sw", "SW", "SO"),
    _choice("w", "W", "O"),
    _choice("nw", "NW", "NO"),
    _choice("cannot_tell", "cannot tell", "no se puede saber"),
)
DISPOSITIONS: tuple[Choice, ...] = (
    _choice(
        "emergency_demolition_referred",
        "emergency demolition referred",
        "referida a demolición de emergencia",
    ),
    _choice("stabilize", "stabilize", "estabilizar"),
    _choice("board_and_secure", "board and secure", "tapiar y asegurar"),
    _choice("monitor", "monitor", "vigilar"),
    _choice("no_roof_defect", "no roof defect", "sin defecto de techo"),
    _choice("repaired", "repaired", "reparada"),
    _choice("razed", "razed", "demolida"),
    _choice("occupied", "occupied", "habitada"),
    _choice("no_access", "no access", "sin acceso"),
    _choice("duplicate", "duplicate", "duplicada"),
)
