"""One building on its own canvas: front and rear roofs, party wall, fixtures, the year's damage."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo_city import fixtures
from demo_city.damage import damage
from demo_city.lots import Lot
from demo_city.noise import FloatImage, sample, stream
from demo_city.roofs import MEMBRANES, SHINGLE, Material, choose_material, paint_roofing
from demo_city.states import Roof, is_lived_in
from demo_city.surface import PX_PER_M, Color, Surface, blank, paste, tint, to_px

COPING: tuple[Color, ...] = (
    (46, 45, 46),
    (58, 57, 57),
    (128, 122, 114),
    (150, 96, 78),
    (176, 176, 174),
)
CORNICES: tuple[Color, ...] = ((206, 200, 188), (150, 146, 140), (112, 84, 70), (88, 94, 96))
REAR_DECK_PX = 25
"""A rear roof must be longer than this to carry a deck."""


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class Building:
    """A painted building, street side up."""

    surface: Surface
    """Canvas from the lot's front line to the rear wall, as wide as the lot."""
    inside: NDArray[np.bool_]
    """(H, W) where the building is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RowStyle:
    """What the houses of one row have in common."""

    material: Material
    """What most of them are covered with."""
    coping: Color
    """Color of the party walls' tops."""
    parapet_m: float
    """How far the party walls rise above the roofs."""
    cornice: Color
    """Color of the cornice."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HouseSize:
    """Sizes of a building on its canvas, in pixels."""

    width: int
    """Width of the lot."""
    gap: int
    """Open strip left and right of the front part."""
    setback: int
    """Rows before the front wall."""
    front: int
    """Rows of the front part."""
    rear: int
    """Rows of the rear part."""
    rear_width: int
    """Width of the rear part, from the left."""

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the canvas."""
        return self.setback + self.front + self.rear, self.width


def row_style(rng: np.random.Generator) -> RowStyle:
    """Draw what the houses of a row share."""
    return RowStyle(
        material=choose_material(rng),
        coping=COPING[int(rng.choice(len(COPING), p=[0.4, 0.25, 0.15, 0.12, 0.08]))],
        parapet_m=float(rng.choice([0.05, 0.2, 0.35], p=[0.5, 0.3, 0.2])),
        cornice=CORNICES[int(rng.integers(len(CORNICES)))],
    )


def paint_house(seed: tuple[int, int], lot: Lot, style: RowStyle, roof: Roof | None) -> Building:
    """Paint the building of a lot.

    Args:
        seed: The city's seed, and the number of the block.
        lot: The lot.
        style: What the row shares.
        roof: State of the year; None for a lot that is not on the vacant roll.
    """
    rng = stream(seed[0], "house", seed[1], lot.index)
    inside = building_mask(lot)
    if lot.kind == "detached":
        surface = _paint_detached(rng, lot, inside)
    else:
        surface = _paint_row_house(rng, lot, style, roof)

    if roof is not None:
        damage(stream(seed[0], "damage", seed[1], lot.index), surface, inside, roof)
    return Building(surface=surface, inside=inside)


def building_mask(lot: Lot) -> NDArray[np.bool_]:
    """Mark where the building is on its canvas."""
    size = _size_px(lot)
    mask = np.zeros(size.shape, np.bool_)
    rear_row = size.setback + size.front
    mask[size.setback : rear_row, size.gap : size.width - size.gap] = True
    mask[rear_row:, : size.rear_width] = True
    return mask


def _size_px(lot: Lot) -> HouseSize:
    house = lot.house
    return HouseSize(
        width=to_px(lot.width_m),
        gap=to_px(house.side_gap_m),
        setback=to_px(house.setback_m),
        front=to_px(house.front_depth_m),
        rear=to_px(house.rear_depth_m),
        rear_width=to_px(house.rear_width_m),
    )


def _paint_row_house(
    rng: np.random.Generator, lot: Lot, style: RowStyle, roof: Roof | None
) -> Surface:
    """Paint two flat roofs that step down to the rear."""
    size = _size_px(lot)
    surface = blank(size.shape)
    lived_in = is_lived_in(roof)

    material = style.material if rng.random() < 0.45 else choose_material(rng)
    membrane = MEMBRANES[int(rng.integers(len(MEMBRANES)))]
    if roof is not None and roof.repaired:
        material = membrane

    front = paint_roofing(rng, (size.front, size.width), material)
    front.height[:] = lot.house.eave_m + _fall(0.35, size.front)
    _furnish(rng, front, lived_in=lived_in)
    _add_edges(rng, front, style)
    paste(surface, size.setback, 0, front)

    if size.rear:
        rear_material = material if rng.random() < 0.6 else choose_material(rng)
        rear = paint_roofing(rng, (size.rear, size.rear_width), rear_material)
        rear.height[:] = lot.house.eave_m - lot.house.rear_drop_m + _fall(0.2, size.rear)
        if rng.random() < 0.16 and lived_in and size.rear > REAR_DECK_PX:
            fixtures.add_deck(rng, rear)
        fixtures.add_party_wall(rng, rear, parapet_m=style.parapet_m, tone=style.coping)
        paste(surface, size.setback + size.front, 0, rear)
    return surface


def _fall(rise_m: float, rows: int) -> FloatImage:
    """Return how a flat roof falls toward the rear, (rows, 1)."""
    return np.linspace(rise_m, 0.0, rows, dtype=np.float32)[:, None]


def _furnish(rng: np.random.Generator, roof: Surface, *, lived_in: bool) -> None:
    """Put on a roof what such roofs carry; decks and solar panels only where people live."""
    extra = rng.random()
    fixtures.add_small_things(rng, roof)
    if lived_in and extra < 0.07:
        fixtures.add_deck(rng, roof)
    elif lived_in and extra < 0.11:
        fixtures.add_solar(rng, roof)
    elif extra > 0.965:
        fixtures.add_tarp(rng, roof)

    if rng.random() < (0.12 if lived_in else 0.25):
        fixtures.add_tar_repair(rng, roof)
    if rng.random() < (0.03 if lived_in else 0.22):
        fixtures.add_litter(rng, roof)
    if rng.random() < (0.015 if lived_in else 0.05):
        fixtures.add_works(rng, roof)


def _add_edges(rng: np.random.Generator, roof: Surface, style: RowStyle) -> None:
    fixtures.add_party_wall(rng, roof, parapet_m=style.parapet_m, tone=style.coping)
    fixtures.add_cornice(rng, roof, tone=style.cornice, rise_m=float(rng.uniform(0.1, 0.5)))
    fixtures.add_chimneys(rng, roof)


def _paint_detached(rng: np.random.Generator, lot: Lot, inside: NDArray[np.bool_]) -> Surface:
    """Paint a detached house under a shingled gable or hip roof."""
    size = _size_px(lot)
    half_width = (size.width - 2 * size.gap) / 2
    surface = paint_roofing(rng, size.shape, SHINGLE)

    run = _slope_run(rng, size)
    pitch_rad = math.radians(float(rng.uniform(24, 36)))
    rise_m = np.clip(run, 0, half_width) / PX_PER_M * math.tan(pitch_rad)
    surface.height[:] = lot.house.eave_m + rise_m

    ridge = np.abs(run - run[inside].max()) < 1.2
    surface.albedo[ridge] *= 1.15
    tint(surface, 1 + 0.05 * sample(rng, "rough", size.shape), limits=(0.7, 1.3))

    at_ridge = surface.crop(size.setback + 8, size.gap + int(half_width), 40, 8)
    fixtures.add_chimneys(rng, at_ridge)
    return surface


def _slope_run(rng: np.random.Generator, size: HouseSize) -> FloatImage:
    """Return how far each pixel is from the eaves of a hip roof or of one of two gables (H, W)."""
    height, width = size.shape
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    from_sides = np.minimum(columns - size.gap, width - size.gap - 1 - columns)
    from_ends = np.minimum(rows - size.setback, height - 1 - rows)

    runs: tuple[FloatImage, ...] = (np.minimum(from_sides, from_ends), from_sides, from_ends)
    return runs[int(rng.integers(len(runs)))]
