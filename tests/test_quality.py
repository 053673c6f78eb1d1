"""Quality measures by hand, and the reasons that follow from them."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from imagery.chips.quality import Quality, QualityLimits, Scene, measure_quality, why_not
from imagery.chips.settings import TileSettings
from imagery.flyover.pixels import DATA, NODATA, UNREADABLE

LIMITS = QualityLimits(
    min_covered=0.98, max_nodata=0.02, min_sharpness=0.0, max_shadow=0.9, max_canopy=0.9
)
SIDE_PX = 60


def scene(
    color: tuple[int, int, int],
    *,
    grain: float = 0.0,
    states: NDArray[np.uint8] | None = None,
    owners: NDArray[np.uint8] | None = None,
) -> Scene:
    """A field of one color with grain; its roof is the middle 40 x 40 pixels."""
    noise = np.random.default_rng(0).normal(0, grain, (SIDE_PX, SIDE_PX, 1))
    pixels = np.full((SIDE_PX, SIDE_PX, 4), DATA, np.uint8)
    pixels[..., :3] = np.clip(np.array(color) + noise, 0, 255)
    if states is not None:
        pixels[..., 3] = states
    mask = np.zeros((SIDE_PX, SIDE_PX), bool)
    mask[10:50, 10:50] = True
    return Scene(pixels=pixels, mask=mask, whole=states is None, owners=owners)


def test_worked_example() -> None:
    """A quarter of the roof is dark, a quarter of that black; nothing else is wrong."""
    roof = scene((120, 120, 120))
    roof.pixels[10:20, 10:50, :3] = 40
    roof.pixels[10:20, 10:20, :3] = 5

    quality = measure_quality(roof)

    assert (quality.covered_share, quality.nodata_share) == (1.0, 0.0)
    assert quality.dark_share == pytest.approx(0.25)
    assert quality.shadow_share == pytest.approx(100 / 1600)
    assert quality.canopy_share == quality.ground_share == quality.seam_share == 0.0


def test_states_are_counted_inside_the_roof_alone() -> None:
    """Missing data and damage outside of the roof do not matter."""
    states = np.full((SIDE_PX, SIDE_PX), DATA, np.uint8)
    states[:10] = 0
    states[10:14, 10:50] = NODATA
    states[14:16, 10:50] = UNREADABLE

    quality = measure_quality(scene((120, 120, 120), states=states))

    assert quality.nodata_share == pytest.approx(4 / 40)
    assert quality.covered_share == pytest.approx(38 / 40)
    no_tile = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    assert measure_quality(scene((1, 1, 1), states=no_tile)) == Quality()


def test_leaves_are_green_and_rough() -> None:
    """Rough green is canopy, smooth green is paint, rough gray is gravel."""
    assert measure_quality(scene((70, 120, 60), grain=12)).canopy_share > 0.95
    assert measure_quality(scene((70, 120, 60))).canopy_share == 0.0
    assert measure_quality(scene((100, 100, 100), grain=12)).canopy_share < 0.02


@pytest.mark.parametrize(
    ("color", "least", "most"),
    [
        ((130, 138, 95), 0.95, 1.0),
        ((150, 140, 110), 0.95, 1.0),
        ((90, 200, 150), 0.0, 0.0),
        ((150, 146, 140), 0.0, 0.05),
        ((90, 60, 50), 0.0, 0.05),
    ],
    ids=["dry grass", "soil", "mint paint", "concrete", "brick"],
)
def test_ground_has_a_tint(color: tuple[int, int, int], least: float, most: float) -> None:
    """Grass and soil are distinguished from roofs by tint and texture."""
    assert least <= measure_quality(scene(color, grain=12)).ground_share <= most


def test_seams_through_the_roof() -> None:
    """The share that comes from the tile with less of the roof."""
    owners = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    owners[:, 40:] = 1
    assert measure_quality(scene((120, 120, 120), owners=owners)).seam_share == pytest.approx(0.25)


WHOLE = Quality(covered_share=1.0, sharpness=9.0)


@pytest.mark.parametrize(
    ("quality", "reason"),
    [
        (WHOLE, ""),
        (replace(WHOLE, covered_share=0.0), "no_imagery"),
        (replace(WHOLE, covered_share=0.5), "partial_imagery"),
        (replace(WHOLE, nodata_share=0.1), "nodata"),
        (replace(WHOLE, sharpness=1.0), "blurred"),
        (replace(WHOLE, shadow_share=0.95), "black_shadow"),
        (replace(WHOLE, canopy_share=0.95), "canopy"),
    ],
)
def test_reasons(quality: Quality, reason: str) -> None:
    """Each limit has its own reason."""
    limits = QualityLimits(
        min_covered=0.98, max_nodata=0.02, min_sharpness=2.0, max_shadow=0.9, max_canopy=0.9
    )
    assert why_not(quality, limits, unreadable=False) == reason


def test_damage_is_named_before_gaps() -> None:
    """Half a roof in a damaged block is the file's fault."""
    assert why_not(Quality(covered_share=0.5), LIMITS, unreadable=True) == "unreadable_tile"
    assert why_not(Quality(covered_share=1.0, sharpness=9.0), LIMITS, unreadable=True) == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_shadow": 0.0},
        {"max_canopy": 2.0},
        {"min_sharpness": -1.0},
        {"registration": "maybe"},
        {"max_shift": 0.0},
        {"max_ground": 0.0},
    ],
)
def test_settings_are_checked(wrong: dict[str, object]) -> None:
    """A limit out of range is no setting."""
    with pytest.raises(ValueError, match="want"):
        TileSettings(**wrong)  # type: ignore[arg-type]  # the point of the test
