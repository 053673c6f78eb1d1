"""Lots without a building: what the surface shows, and when it is called so."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from imagery.chips.bare_lots import (
    ALONE,
    BARE_NOTES,
    IN_DOUBT,
    IN_SHADE,
    NO_BUILDING,
    TWICE,
    note_bare_lots,
)
from imagery.chips.manifest import set_aside_bare
from imagery.chips.surface import measure_surface

ROOF = (120.0, 118.0, 116.0)
GRASS = (130.0, 138.0, 95.0)
ROOFS = 40
SIDE_PX = 80


def lot(color: tuple[float, float, float], *, grain: float = 3.0) -> NDArray[np.uint8]:
    """A surface of one color with grain, RGBX."""
    noise = np.random.default_rng(0).normal(0, grain, (SIDE_PX, SIDE_PX, 1))
    pixels = np.full((SIDE_PX, SIDE_PX, 4), 255, np.uint8)
    pixels[..., :3] = np.clip(np.array(color) + noise, 0, 255)
    return pixels


def test_tint_is_the_logarithm_of_ratios() -> None:
    """By hand: red, blue against green, 6 gray levels added; the byte's steps are 1/45."""
    surface = measure_surface(lot(GRASS, grain=0), np.ones((SIDE_PX, SIDE_PX), np.uint8))

    assert surface.lit_share == 1.0
    assert surface.relief == pytest.approx(0.0, abs=0.02)
    assert surface.tint_red == pytest.approx(np.log(136 / 144), abs=0.02)
    assert surface.tint_blue == pytest.approx(np.log(101 / 144), abs=0.02)


def test_rubble_has_more_relief_than_grass_and_walls_of_neighbors_do_not_count() -> None:
    """Boards at random against fine grain; a bright frame along the outline changes nothing."""
    shown = np.ones((SIDE_PX, SIDE_PX), np.uint8)
    rubble = lot(GRASS)
    blocks = np.random.default_rng(1).integers(0, 2, (20, 20)).astype(bool)
    rubble[np.kron(blocks, np.ones((4, 4), bool))] //= 3
    framed = lot(GRASS)
    framed[:4] = framed[-4:] = 255
    framed[:, :4] = framed[:, -4:] = 255

    grass = measure_surface(lot(GRASS), shown)
    assert measure_surface(rubble, shown).relief > 3 * grass.relief
    assert measure_surface(framed, shown).tint_blue == pytest.approx(grass.tint_blue, abs=0.01)


def manifest(
    lots: dict[str, tuple[float, float, float]],
    *,
    cast: float = 0.0,
    lit: float = 1.0,
    gsd_m: float = 0.1,
) -> pd.DataFrame:
    """Forty usual roofs and some lots, each with tint of blue, of red, and relief.

    Args:
        lots: By parcel id.
        cast: What the white balance adds to every tint of blue.
        lit: Share of the lots in the sun.
        gsd_m: Resolution.
    """
    usual = {f"roof {number}": (0.1 * number / ROOFS, 0.05, 0.2) for number in range(ROOFS)}
    rows = pd.DataFrame(usual | lots, index=["tint_blue", "tint_red", "relief"]).T
    rows = rows.rename_axis("parcel_id").reset_index()
    is_lot = rows["parcel_id"].isin(lots)
    return rows.assign(
        tint_blue=rows["tint_blue"] + cast,
        lit_share=np.where(is_lot, lit, 1.0),
        photo_gsd_m=gsd_m,
        ground_share=0.0,
        height=100,
        status="chip",
        reason="",
    )


BARE = (-0.1, 0.05, 0.1)
FAINT = (-0.02, 0.05, 0.15)
STANDS = (0.05, 0.05, 0.2)
COLLAPSED = (-0.1, 0.05, 0.5)


@pytest.mark.parametrize("cast", [0.0, -0.3, 0.2], ids=["neutral", "warm", "cold"])
@pytest.mark.parametrize(
    ("surface", "note"),
    [
        (BARE, ALONE),
        (FAINT, IN_DOUBT),
        (STANDS, ""),
        (COLLAPSED, ""),
        ((-0.1, 0.4, 0.1), ""),
        ((-0.1, -0.2, 0.1), ""),
    ],
    ids=["grass", "faint", "roof", "rubble on grass", "red clay", "green paint"],
)
def test_one_photo(surface: tuple[float, float, float], note: str, cast: float) -> None:
    """White balance changes no answer; rubble, red and green roofs are never bare."""
    assert note_bare_lots(manifest({"lot": surface}, cast=cast), None, 0.8)["lot"] == note


@pytest.mark.parametrize(
    ("now", "before", "note"),
    [
        (FAINT, BARE, TWICE),
        (FAINT, STANDS, IN_DOUBT),
        (BARE, STANDS, ALONE),
        ((-0.05, 0.05, 0.1), STANDS, IN_DOUBT),
        (COLLAPSED, BARE, ""),
        (COLLAPSED, STANDS, ""),
    ],
    ids=["bare twice", "stood before", "razed", "collapsed or razed", "rubble", "collapsed"],
)
def test_the_year_before_is_beside_it(
    now: tuple[float, float, float], before: tuple[float, float, float], note: str
) -> None:
    """A lot that stood a year ago needs stronger signs; a bare one weaker ones."""
    notes = note_bare_lots(manifest({"lot": now}), manifest({"lot": before}, cast=-0.2), 0.8)
    assert notes["lot"] == note


def test_shade_is_told_by_the_year_before_alone() -> None:
    """In the shade there is no tint: without another photo the lot stays scored."""
    shaded = manifest({"lot": (0.1, 0.0, 0.08)}, lit=0.02)
    assert note_bare_lots(shaded, None, 0.8)["lot"] == ""
    assert note_bare_lots(shaded, manifest({"lot": BARE}), 0.8)["lot"] == IN_SHADE
    assert note_bare_lots(shaded, manifest({"lot": STANDS}), 0.8)["lot"] == ""


def test_nothing_is_called_from_coarse_photos_few_roofs_or_when_switched_off() -> None:
    """Then a bare lot cannot be told from a collapsed house."""
    bare = manifest({"lot": BARE})
    assert note_bare_lots(manifest({"lot": BARE}, gsd_m=0.3), None, 0.8)["lot"] == ""
    assert note_bare_lots(bare.tail(15), None, 0.8)["lot"] == ""
    assert note_bare_lots(bare, None, 1.0)["lot"] == ""


def test_marking_again_gives_what_marking_once_gives() -> None:
    """A manifest that was marked without the year before is marked anew with it."""
    fresh = manifest({"razed": BARE, "faint": FAINT, "dark": STANDS})
    fresh.loc[fresh["parcel_id"] == "dark", ["status", "reason"]] = "not_assessed", "black_shadow"
    before = manifest({"razed": BARE, "faint": BARE, "dark": BARE})

    once = set_aside_bare(fresh, before, 0.8)
    again = set_aside_bare(set_aside_bare(fresh, None, 0.8), before, 0.8)

    pd.testing.assert_frame_equal(once, again)
    rows = once.set_index("parcel_id")
    reasons = rows["reason"].to_dict()
    assert reasons["razed"] == reasons["faint"] == NO_BUILDING
    assert reasons["dark"] == "black_shadow"
    assert (rows["reason"] == NO_BUILDING).sum() == rows["note"].isin(BARE_NOTES).sum() == 2
    assert set(rows.loc[rows["reason"] == "", "status"]) == {"chip"}
