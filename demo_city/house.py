"""One building on its own canvas: front and rear roofs, party wall, fixtures, and the damage of the year."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo_city import fixtures
from demo_city.damage import damage
from demo_city.layout import Lot
from demo_city.noise import sample, stream
from demo_city.roofs import MEMBRANES, SHINGLE, Material, choose_material, paint_roofing
from demo_city.states import Roof
from demo_city.surface import PX_PER_M, Color, Surface, blank, tint

COPING: tuple[Color, ...] = (
    (46, 45, 46),
    (58, 57, 57),
    (128, 122, 114),
    (150, 96, 78),
    (176, 176, 174),
)


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class Building:
    """A painted building, street side up."""

    surface: Surface
    """Canvas from the lot's front line to the rear wall, as wide as the lot."""
    inside: NDArray[np.bool_]
    """(H, W) where the building stands."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RowStyle:
    """What the houses of one row have in common."""

    material: Material
    """What most of them are covered with."""
    coping: Color
    """Color of the party walls' tops."""
    parapet_m: float
    """How far the party walls stand above the roofs."""
    cornice: Color
    """Color of the cornice."""


def row_style(rng: np.random.Generator) -> RowStyle:
    """Draw what the houses of a row share."""
    return RowStyle(
        material=choose_material(rng),
        coping=COPING[int(rng.choice(len(COPING), p=[0.4, 0.25, 0.15, 0.12, 0.08]))],
        parapet_m=float(rng.choice([0.05, 0.2, 0.35], p=[0.5, 0.3, 0.2])),
        cornice=((206, 200, 188), (150, 146, 140), (112, 84, 70), (88, 94, 96))[
            int(rng.integers(4))
        ],
    )


def paint_house(seed: tuple[int, int], lot: Lot, style: RowStyle, roof: Roof | None) -> Building:
    """Paint the building of a lot; `seed` is the city's seed and the block, `roof` is None off the vacant roll."""
    rng = stream(seed[0], "house", seed[1], lot.index)
    inside = building_mask(lot)
    surface = (
        _paint_gable(rng, lot, inside)
        if lot.kind == "detached"
        else _paint_flat(rng, lot, style, roof)
    )
    if roof is not None:
        damage(stream(seed[0], "damage", seed[1], lot.index), surface, inside, roof)
    return Building(surface=surface, inside=inside)


def building_mask(lot: Lot) -> NDArray[np.bool_]:
    """Mark where the building stands on its canvas."""
    house, width = lot.house, _px(lot.width_m)
    setback, front, rear = _px(house.setback_m), _px(house.front_depth_m), _px(house.rear_depth_m)
    gap = _px(house.side_gap_m)
    mask = np.zeros((setback + front + rear, width), np.bool_)
    mask[setback : setback + front, gap : width - gap] = True
    mask[setback + front :, : _px(house.rear_width_m)] = True
    return mask


def _paint_flat(rng: np.random.Generator, lot: Lot, style: RowStyle, roof: Roof | None) -> Surface:
    """Paint a row house: two flat roofs stepping down to the rear."""
    house, width = lot.house, _px(lot.width_m)
    setback, front, rear = _px(house.setback_m), _px(house.front_depth_m), _px(house.rear_depth_m)
    material = style.material if rng.random() < 0.45 else choose_material(rng)
    membrane = MEMBRANES[int(rng.integers(len(MEMBRANES)))]
    if roof is not None and roof.repaired:
        material = membrane
    surface = blank((setback + front + rear, width))
    main = paint_roofing(rng, (front, width), material)
    fall = np.linspace(0.35, 0.0, front, dtype=np.float32)[:, None]
    main.height[:] = house.eave_m + fall
    lived_in = roof is None or roof.condition == "occupied"
    _furnish(rng, main, lived_in=lived_in)
    _edge(rng, main, style)
    _paste(surface, setback, 0, main)
    if rear:
        other = material if rng.random() < 0.6 else choose_material(rng)
        back = paint_roofing(rng, (rear, _px(house.rear_width_m)), other)
        back.height[:] = (
            house.eave_m
            - house.rear_drop_m
            + np.linspace(0.2, 0.0, rear, dtype=np.float32)[:, None]
        )
        if rng.random() < 0.16 and lived_in and rear > 25:
            fixtures.add_deck(rng, back)
        fixtures.add_party_wall(rng, back, parapet_m=style.parapet_m, tone=style.coping)
        _paste(surface, setback + front, 0, back)
    return surface


def _furnish(rng: np.random.Generator, main: Surface, *, lived_in: bool) -> None:
    """Put on a main roof what such roofs carry; decks and solar panels only where people live."""
    extra = rng.random()
    fixtures.add_small_things(rng, main)
    if lived_in and extra < 0.07:
        fixtures.add_deck(rng, main)
    elif lived_in and extra < 0.11:
        fixtures.add_solar(rng, main)
    elif extra > 0.965:
        fixtures.add_tarp(rng, main)
    if rng.random() < (0.12 if lived_in else 0.25):
        fixtures.add_tar_repair(rng, main)
    if rng.random() < (0.03 if lived_in else 0.22):
        fixtures.add_litter(rng, main)
    if rng.random() < (0.015 if lived_in else 0.05):
        fixtures.add_works(rng, main)


def _edge(rng: np.random.Generator, main: Surface, style: RowStyle) -> None:
    fixtures.add_party_wall(rng, main, parapet_m=style.parapet_m, tone=style.coping)
    fixtures.add_cornice(rng, main, tone=style.cornice, rise_m=float(rng.uniform(0.1, 0.5)))
    fixtures.add_chimneys(rng, main)


def _paint_gable(rng: np.random.Generator, lot: Lot, inside: NDArray[np.bool_]) -> Surface:
    """Paint a detached house under a shingled gable or hip roof."""
    height, width = inside.shape
    gap, setback = _px(lot.house.side_gap_m), _px(lot.house.setback_m)
    surface = paint_roofing(rng, (height, width), SHINGLE)
    ys, xs = np.mgrid[:height, :width].astype(np.float32)
    half = (width - 2 * gap) / 2
    across = np.minimum(xs - gap, width - gap - 1 - xs)
    along = np.minimum(ys - setback, height - 1 - ys)
    kind = int(rng.integers(3))
    run = np.minimum(across, along) if kind == 0 else across if kind == 1 else along
    rise_m = np.clip(run, 0, half) / PX_PER_M * math.tan(math.radians(float(rng.uniform(24, 36))))
    surface.height[:] = lot.house.eave_m + rise_m
    ridge = np.abs(run - run[inside].max()) < 1.2
    surface.albedo[ridge] *= 1.15
    tint(
        surface,
        np.clip(1 + 0.05 * sample(rng, "rough", (height, width)), 0.7, 1.3).astype(np.float32),
    )
    fixtures.add_chimneys(rng, surface.crop(setback + 8, gap + int(half), 40, 8))
    return surface


def _paste(surface: Surface, y: int, x: int, piece: Surface) -> None:
    target = surface.crop(y, x, *piece.shape)
    target.albedo[:] = piece.albedo
    target.height[:] = piece.height


def _px(meters: float) -> int:
    return round(meters * PX_PER_M)
