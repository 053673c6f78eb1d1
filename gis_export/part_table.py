"""The parts of an export, and what each is made from."""

from dataclasses import dataclass

GROUND = "ground"
ROOFS = "roofs"


@dataclass(frozen=True, kw_only=True)
class Part:
    """Products that are made together."""

    name: str
    """Shown as the export goes on."""
    needs: tuple[str, ...] = ()
    """What it is made from, see `gis_export.stamps.Stamps`; () is made at every export."""
    after: tuple[str, ...] = ()
    """Parts that it reads."""
    is_long: bool = False
    """Whether it is worth another process."""


PARTS = (
    Part(name=ROOFS, needs=("parcels", "chips"), is_long=True),
    Part(name=GROUND, needs=("place", "flyover"), is_long=True),
    # Made together: their maps decode each tile of the flyover once.
    Part(name="book and routes", needs=("rows", "flyover", "chips"), is_long=True),
    Part(name="evidence", needs=("rows", "chips", "pictures", "tiles"), is_long=True),
    Part(name="work list", needs=("rows", "chips"), is_long=True),
    Part(name="data", needs=("rows",), is_long=True),
    Part(name="dispatch"),
    Part(name="fire layers", needs=("rows",)),
    Part(name="housing layers", needs=("rows",)),
    Part(name="check for a notice", needs=("reach",)),
    Part(name="public", needs=("rows",)),
    Part(name="fire map", needs=("rows", "flyover", "chips"), after=(GROUND, ROOFS)),
)
"""All parts; long ones first, those that others wait for before them."""
BY_NAME = {part.name: part for part in PARTS}
