"""Lots without a building: grass or soil inside the outline, and nothing that stands.

A roof open to the sky looks much like a lot without a building, so a lot is called bare only
where several signs agree. Tint alone never decides. What stays in doubt is scored, with a note.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from imagery.chips.surface import LEAST_LIT

NO_BUILDING = "no_building_seen"
"""Reason of a lot on which no building is seen."""
IN_DOUBT = "may have no building, looks like grass or soil"
"""Note on a lot that is scored although little speaks for a building."""
ALONE = "grass or soil inside the outline, and no edges of a building"
"""Note on a lot that this year's photo alone shows bare."""
TWICE = f"{ALONE}; the flyover before shows it bare too"
"""Note on a lot that two photos show bare."""
IN_SHADE = "no edges in the shade; the flyover before shows the lot bare"
"""Note on a lot in the shade that was bare before."""
BARE_NOTES = (ALONE, TWICE, IN_SHADE)
"""Notes on lots on which no building is seen."""

USUAL_GROUND = 0.2
"""Median share of ground tint up to which the tint of single pixels counts."""
LEAST_ROOFS = 20
"""Lit roofs that tell what the roofs of a flyover look like."""
COARSEST_M = 0.21
"""Coarsest photo that tells a bare lot from a collapsed house, meters a pixel."""
WELL_LIT = 0.25
"""Share of a lot in the sun from which one photo may tell that it is bare."""
LEAST_SPREAD = 0.03
"""Least spread of tint between the roofs of a flyover that is taken for real."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Signs:
    """What suggests a bare lot, one value a parcel; false or NaN without a chip."""

    tint: pd.Series
    """Blue against green, compared with the usual roof, in spreads of all roofs; below 0 ground."""
    red: pd.Series
    """Red against green, compared with the usual roof."""
    relief: pd.Series
    """Logarithm of the edges inside over those of the usual roof; below 0 for fewer."""
    is_lit: pd.Series
    """Whether the tint can be told."""
    is_well_lit: pd.Series
    """Whether enough of the lot lies in the sun for one photo to tell."""
    is_ground: pd.Series
    """Whether most single pixels have the tint of ground."""


def find_signs(manifest: pd.DataFrame, max_ground: float) -> Signs | None:
    """Compare every chip with the roofs of its own flyover.

    Args:
        manifest: The manifest, indexed by parcel.
        max_ground: Share of ground tint that counts.

    Returns:
        The signs, None where too few roofs are lit to tell what is usual.
    """
    is_chip = manifest["height"] > 0
    is_fine = is_chip & (manifest["photo_gsd_m"] <= COARSEST_M)
    is_lit = is_fine & (manifest["lit_share"] >= LEAST_LIT)
    if is_lit.sum() < LEAST_ROOFS:
        return None

    blue = manifest["tint_blue"]
    red = manifest["tint_red"]
    relief = manifest["relief"].clip(lower=0.01)
    quarters = blue[is_lit].quantile([0.25, 0.75])
    spread = max(float(quarters.iloc[1] - quarters.iloc[0]), LEAST_SPREAD)

    is_usual = manifest.loc[is_chip, "ground_share"].median() <= USUAL_GROUND
    return Signs(
        tint=((blue - blue[is_lit].median()) / spread).where(is_fine),
        red=(red - red[is_lit].median()).where(is_fine),
        relief=np.log(relief / relief[is_lit].median()).where(is_fine),
        is_lit=is_lit,
        is_well_lit=is_lit & (manifest["lit_share"] >= WELL_LIT),
        is_ground=is_fine & (manifest["ground_share"] > max_ground) & is_usual,
    )


def note_bare_lots(
    manifest: pd.DataFrame, before: pd.DataFrame | None, max_ground: float
) -> pd.Series:
    """Return the note on each parcel: why it is bare, that it may be, or "".

    Args:
        manifest: The manifest of the year.
        before: That of the flyover before, None for none.
        max_ground: Share of ground tint that counts; 1 calls no lot bare.
    """
    notes = pd.Series("", index=manifest["parcel_id"].to_numpy(), dtype=object)
    signs = find_signs(manifest.set_index("parcel_id"), max_ground)
    if signs is None or max_ground >= 1:
        return notes

    earlier = None
    if before is not None:
        earlier = find_signs(before.set_index("parcel_id"), max_ground)
    was_bare, was_built = _recall(earlier, notes.index)

    # A house that stood a year ago may have collapsed: then the signs must be stronger.
    may_tell = signs.is_well_lit & ~was_built
    alone = _is_bare(signs, tint=-2.2)
    alone |= may_tell & _is_bare(signs, tint=-1.8)
    alone |= may_tell & signs.is_ground & _is_bare(signs, tint=-1.2, relief=0.0)
    twice = _is_bare(signs, tint=-1.2, relief=0.0) & was_bare
    in_shade = ~signs.is_lit & (signs.relief < -0.4) & was_bare

    in_doubt = _is_bare(signs, tint=-1.2, relief=0.1) | signs.is_ground
    notes[in_doubt] = IN_DOUBT
    notes[in_shade] = IN_SHADE
    notes[alone] = ALONE
    notes[twice] = TWICE
    return notes


def _is_bare(signs: Signs, *, tint: float, relief: float = -0.1) -> pd.Series:
    """Tell which lots have the tint of ground and few edges.

    Red clay and green paint have little blue too. They are redder or greener than any ground.
    """
    is_ground = (signs.tint <= tint) & signs.red.between(-0.12, 0.2)
    return signs.is_lit & is_ground & (signs.relief <= relief)


def _recall(earlier: Signs | None, parcels: pd.Index) -> tuple[pd.Series, pd.Series]:
    """Tell which lots the flyover before shows bare, and which it shows built."""
    nowhere = pd.Series(False, index=parcels)
    if earlier is None:
        return nowhere, nowhere

    was_bare = _is_bare(earlier, tint=-1.2, relief=0.0)
    was_built = earlier.is_lit & ((earlier.tint > -0.8) | (earlier.relief > 0.2))
    return (
        was_bare.reindex(parcels, fill_value=False),
        was_built.reindex(parcels, fill_value=False),
    )
