"""The named measures of a roof, worked by hand on painted chips.

They are also in the order in which a person would put the roofs.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from imagery.chips.store import StoredChip
from models.measures import MEASURES, roof_measures

SIDE = 64


def measures_of(
    gray: NDArray[np.integer], mask: NDArray[np.bool_] | None = None
) -> dict[str, float]:
    """Measure a chip; a gray one (H, W) or a colored one (3, H, W)."""
    pixels = np.broadcast_to(gray, (3, *gray.shape[-2:])).astype(np.uint8)
    if mask is None:
        mask = np.ones(pixels.shape[1:], bool)
    values = roof_measures(StoredChip(pixels=pixels, mask=mask))
    return dict(zip(MEASURES, values.tolist(), strict=True))


def test_plain_roof_on_plain_ground() -> None:
    """Gray 100 on 60, with a corner where there is no imagery: it is no ground."""
    gray = np.full((SIDE, SIDE), 60)
    mask = np.zeros((SIDE, SIDE), bool)
    mask[16:48, 16:48] = True
    gray[mask] = 100
    gray[:8, :8] = 0

    measures = measures_of(gray, mask)
    expected = {
        "dark_share": 0,
        "bright_share": 0,
        "brightness": 100,
        "contrast": 0,
        "saturation": 0,
        "warmth": 0,
        "greenness": 0,
        "color_spread": 0,
        "contrast_to_ground": 40,
    }
    assert {name: measures[name] for name in expected} == pytest.approx(expected)
    assert measures_of(gray)["dark_share"] == pytest.approx(1 - 32 * 32 / SIDE**2)


def test_far_surroundings_change_nothing_but_the_contrast_to_them() -> None:
    """The same roof with its near surroundings, alone and in the middle of a busy neighborhood."""
    rng = np.random.default_rng(0)
    busy = rng.integers(0, 256, (3, 200, 180)).astype(np.uint8)
    mask = np.zeros((200, 180), bool)
    mask[80:130, 60:95] = True
    near = (slice(60, 150), slice(40, 115))

    alone = measures_of(busy[:, *near], mask[near])
    among = measures_of(busy, mask)
    for name in set(MEASURES) - {"contrast_to_ground"}:
        assert among[name] == pytest.approx(alone[name], rel=1e-6), name


def test_no_ground_at_all() -> None:
    """A roof without known ground around it has no contrast to it.

    It fills the chip, or all else is unknown. A flat one has no edges.
    """
    measures = measures_of(np.full((SIDE, SIDE), 80))
    names = ("contrast_to_ground", "edge_density", "edge_spread", "fine_texture")
    assert [measures[name] for name in names] == [0, 0, 0, 0]


def test_colors_by_hand() -> None:
    """Red 200, green 100, blue 50: gray 0.299 * 200 + 0.587 * 100 + 0.114 * 50 = 124."""
    measures = measures_of(np.array([200, 100, 50])[:, None, None] * np.ones((1, SIDE, SIDE), int))
    assert measures["saturation"] == pytest.approx(150 / 200)
    assert (measures["warmth"], measures["greenness"], measures["brightness"]) == (150, -25, 124)
    spread = np.std([200 - 124, 100 - 124, 50 - 124])
    assert measures["color_spread"] == pytest.approx(spread, rel=1e-5)


def test_checkerboard_by_hand() -> None:
    """Half is dark and half is bright.

    There is a gradient at the borders of the squares, and none far from them.
    """
    rows, columns = np.mgrid[:SIDE, :SIDE]
    measures = measures_of((rows // 8 + columns // 8) % 2 * 255)
    assert (measures["dark_share"], measures["bright_share"]) == (0.5, 0.5)
    assert (measures["brightness"], measures["contrast"]) == (127.5, 127.5)
    assert measures["edge_density"] > 10
    assert measures["edge_spread"] > measures["edge_density"]


def test_edge_of_a_step_by_hand() -> None:
    """A step of 80 from left to right: Sobel's eighth gives 40 on the two columns beside it."""
    gray = np.full((SIDE, SIDE), 100)
    gray[:, 32:] = 180
    measures = measures_of(gray)
    assert measures["edge_density"] == pytest.approx(40 * 2 / SIDE)
    assert measures["edge_spread"] == pytest.approx(40 * np.sqrt(2 / SIDE * (1 - 2 / SIDE)))
    assert measures["fine_texture"] == pytest.approx(np.log1p(2 * 80**2 / SIDE))
    assert measures["disorder"] == pytest.approx(0, abs=1e-3)


def test_straight_lines_have_little_disorder_and_rubble_much() -> None:
    """Stripes at any angle, then noise; turning the chip by 90° changes nothing."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    for angle in (0.0, 0.4, 1.2):
        across = np.cos(angle) * rows + np.sin(angle) * columns
        stripes = (128 + 100 * np.sin(across * 0.8)).astype(np.uint8)
        assert measures_of(stripes)["disorder"] < 0.1

    noise = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE))
    assert measures_of(noise)["disorder"] > 0.6
    assert measures_of(np.rot90(noise)) == pytest.approx(measures_of(noise), rel=1e-4)


@settings(max_examples=40)
@given(arrays(np.uint8, (3, 12, 9)), arrays(np.bool_, (12, 9)))
def test_any_chip_has_finite_measures_in_their_ranges(
    pixels: NDArray[np.uint8], mask: NDArray[np.bool_]
) -> None:
    """Shares, saturation and disorder are from 0 to 1.

    Pixels outside the outline count only for the contrast to the ground and at the edge.
    """
    mask[0, 0] = True
    measures = roof_measures(StoredChip(pixels=pixels, mask=mask))
    assert measures.dtype == np.float32
    assert measures.shape == (len(MEASURES),)
    assert np.isfinite(measures).all()

    named = dict(zip(MEASURES, measures.tolist(), strict=True))
    for name in ("dark_share", "bright_share", "saturation", "disorder"):
        assert -1e-4 <= named[name] <= 1 + 1e-4, name

    other = roof_measures(StoredChip(pixels=np.where(mask, pixels, np.uint8(7)), mask=mask))
    np.testing.assert_array_equal(measures[:8], other[:8])
