"""Why a roof has its score.

Shares add up to the logit, peaks are where the roof fails, and pictures are kept.
"""

import dataclasses
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from affine import Affine
from cities import DoneCity
from heads import plain_head
from numpy.typing import NDArray
from PIL import Image
from pyproj import CRS

from demo_city.damage import failing_part
from demo_city.failing_area import ChipGrid, failing_area, vacant_lots
from demo_city.house import building_mask, paint_house, row_style
from demo_city.layout import FEET_PER_M, Block, CityPlan
from demo_city.lots import Lot
from demo_city.noise import stream
from demo_city.states import YEARS, Roof, vacant_histories
from demo_city.tiles import CITY_CRS
from imagery.boxes import PixelBox
from imagery.chips.store import StoredChip
from inference.explain_heat import (
    Heat,
    HeatModel,
    MapPart,
    heat_map,
    peak,
    position_shares,
    spread_over,
    turn_back,
)
from inference.explain_listed import COLUMNS
from inference.explain_measures import WORDS, measure_shares
from inference.explain_model import heat_model
from inference.explain_nearest import looks_of, nearest_roofs
from inference.explain_picture import Panel, draw_explanation
from inference.ledger import Ledger, read_ledger
from inference.predict import look_at_flyover
from models.extract import NetworkSource
from models.feature_cache import Features
from models.features import load_networks
from models.files import Model, load_model
from models.head import Head, head_logits
from models.measures import MEASURES, roof_measures
from models.network import Backbones, load_backbones
from models.preprocess import chip_views, turn_image
from models.registry import resolve_model
from models.spec import TURNS, ModelSpec
from roofwatch.config import read_city
from roofwatch.executors import Execution
from roofwatch.stages.explain import LISTED, explain
from roofwatch.year import City

SPEC = ModelSpec(input_px=64, gsd_m=0.5, margin_m=2, views=("roof", "context"), turns=4)


def make_head(
    features: int, rung: str = "network", *, weights: NDArray[np.float64] | None = None
) -> Head:
    """Return a head of one fold with fixed random numbers."""
    rng = np.random.default_rng(3)
    shipped = rng.normal(size=features) / 20 if weights is None else weights

    return replace(
        plain_head(features, rung),
        center=rng.normal(size=features),
        scale=rng.random(features) + 0.5,
        weights=np.stack([shipped, rng.normal(size=features)]),
        bias=np.array([0.3, -1.0]),
        slope=1.4,
        offset=-0.6,
        covariance=np.eye(2) / 100,
        likely=0.5,
        possible_even=0.2,
    )


def make_chip(height: int = 48, width: int = 64) -> StoredChip:
    """Noise with a roof a little off the middle."""
    pixels = np.random.default_rng(5).integers(1, 255, (3, height, width)).astype(np.uint8)
    mask = np.zeros((height, width), np.bool_)
    mask[10:30, 14:50] = True
    return StoredChip(pixels=pixels, mask=mask)


def plain_features(model: Model, chip: StoredChip) -> NDArray[np.float32]:
    """Pool in float32 torch, as the networks define it, without any engine."""
    spec = model.spec
    parts = []
    for backbone in load_networks(model.network):
        images = torch.from_numpy(chip_views(chip, spec, spec.side_px(backbone.name)))
        with torch.inference_mode():
            pooled = backbone(images).numpy()
        by_turn = pooled.reshape(len(spec.views), spec.turns, -1)
        parts.append(by_turn.mean(axis=1).ravel())

    if model.head.rung == "joined":
        parts.insert(0, roof_measures(chip))
    return np.concatenate(parts)[None].astype(np.float32)


@pytest.fixture(scope="module")
def backbones() -> Backbones:
    """The packaged network."""
    return load_backbones(SPEC)


def plain_logit(model: Model, chip: StoredChip) -> float:
    """Return the calibrated logit of a chip, without any engine."""
    logits = head_logits(model.head, plain_features(model, chip))
    return float(model.head.slope * logits[0, 0] + model.head.offset)


@pytest.mark.parametrize("rung", ["network", "joined"])
def test_shares_add_up_to_the_logit(backbones: Backbones, rung: str) -> None:
    """Pixels, measures and constant are the whole calibrated logit.

    Nothing lies beyond the chip in these views.
    """
    width = SPEC.features + len(MEASURES) * (rung == "joined")
    model = Model(network=NetworkSource(spec=SPEC), head=make_head(width, rung))
    chip = make_chip()

    heat = heat_map(heat_model(model), chip)

    assert heat.values.shape == chip.mask.shape
    assert heat.values.dtype == np.float32
    assert abs(heat.beyond) < 1e-4
    logit = plain_logit(model, chip)
    total = heat.values.sum(dtype=np.float64) + heat.measures + heat.constant
    assert bool(heat.measures) == (rung == "joined")
    assert abs(total - logit) < 1e-3 * max(1, abs(logit))


def test_what_lies_beyond_the_chip_is_counted_apart(backbones: Backbones) -> None:
    """A square around a roof at the edge of the chip reaches beyond it: the shares still add up."""
    spec = dataclasses.replace(SPEC, views=("around", "near"), turns=2)
    model = Model(network=NetworkSource(spec=spec), head=make_head(spec.features))
    chip = make_chip()

    heat = heat_map(heat_model(model), chip)

    assert abs(heat.beyond) > 1e-3
    logit = plain_logit(model, chip)
    assert abs(heat.logit - logit) < 1e-3 * max(1, abs(logit))


@pytest.mark.parametrize("number", range(max(TURNS)))
def test_turning_back_undoes_every_turn(number: int) -> None:
    """A map that names its own places comes back as it was."""
    places = np.arange(25.0).reshape(5, 5)
    turned = turn_image(places.astype(np.uint8)[..., None], number)[..., 0]
    np.testing.assert_array_equal(turn_back(turned.astype(np.float64), number), places)


def pixel_box(row_start: int, row_stop: int, column_start: int, column_stop: int) -> PixelBox:
    """Return a box in a short way."""
    return PixelBox(
        row_start=row_start,
        row_stop=row_stop,
        column_start=column_start,
        column_stop=column_stop,
    )


def bright_position() -> NDArray[np.float64]:
    """Return a map (2, 2, 2): all 0, but for one position of the second channel."""
    values = np.zeros((2, 2, 2))
    values[1, 0, 1] = 4.0
    return values


def test_position_shares_of_the_mean_by_hand() -> None:
    """One channel with a bright position: the mean lays its share on it."""
    part = MapPart(
        mean_weights=np.array([0.0, 3.0]),
        mean_center=np.array([0.0, 0.5]),
        spread_weights=np.zeros(2),
        spread_center=np.zeros(2),
    )
    shares = position_shares(bright_position(), part)

    # 3 * (4 or 0 - 0.5) / 4; the mean is 1, and the sum 3 * (1 - 0.5).
    np.testing.assert_allclose(shares, [[-0.375, 2.625], [-0.375, -0.375]])


def test_position_shares_of_the_spread_by_hand() -> None:
    """One channel with a bright position: the spread lays its share on it."""
    part = MapPart(
        mean_weights=np.zeros(2),
        mean_center=np.zeros(2),
        spread_weights=np.array([7.0, 1.0]),
        spread_center=np.array([0.5, 0.7]),
    )
    shares = position_shares(bright_position(), part)

    # The spread of 4, 0, 0, 0. The flat channel has none: its share of -7 * 0.5 goes everywhere.
    spread = np.sqrt(3.0)
    expected = (spread - 0.7) * np.array([[1, 9], [1, 1]]) / 12 - 3.5 / 4
    np.testing.assert_allclose(shares, expected)
    assert abs(shares.sum() - (spread - 0.7) + 3.5) < 1e-12


@pytest.mark.parametrize("box", [(2, 9, 3, 17), (0, 2, 0, 3), (4, 5, 6, 7)])
def test_spreading_keeps_the_sum(box: tuple[int, int, int, int]) -> None:
    """Inside the chip all of it arrives, whether the box is larger or smaller than the map.

    What lies beyond the edge is dropped.
    """
    shares = np.random.default_rng(1).normal(size=(4, 4))
    out = spread_over(shares, pixel_box(*box), (10, 20))
    assert abs(out.sum() - shares.sum()) < 1e-12

    row_start, row_stop, column_start, column_stop = box
    inside = np.zeros((10, 20), np.bool_)
    inside[row_start:row_stop, column_start:column_stop] = True
    assert not out[~inside].any()

    beyond = spread_over(np.ones((2, 2)), pixel_box(-5, 5, 0, 10), (10, 20))
    np.testing.assert_allclose(beyond.sum(), 2.0)


@pytest.mark.parametrize(("top", "left"), [(14, 20), (22, 38)])
def test_the_peak_lies_on_the_bright_square(backbones: Backbones, top: int, left: int) -> None:
    """The peak is on the only square of a plain chip, wherever that is and however turned.

    The head looks at the spread of the finest map.
    """
    spec = dataclasses.replace(SPEC, views=("roof",), turns=8)
    width = backbones[0].kind.channels[0]
    weights = np.zeros(spec.features)
    weights[width : 2 * width] = 1.0
    head = dataclasses.replace(
        make_head(spec.features, weights=weights),
        scale=np.ones(spec.features),
        center=np.zeros(spec.features),
    )
    model = Model(network=NetworkSource(spec=spec), head=head)

    mask = make_chip().mask
    pixels = np.full((3, *mask.shape), 90, np.uint8)
    noise = np.random.default_rng(0).integers(0, 2, (1, 5, 7)).astype(np.uint8)
    pixels[:, top : top + 5, left : left + 7] = noise * 200 + 40
    heat = heat_map(heat_model(model), StoredChip(pixels=pixels, mask=mask))

    row, column = peak(heat, mask, gsd_m=spec.gsd_m)
    assert top - 3 <= row < top + 8
    assert left - 3 <= column < left + 10


def test_measures_in_words() -> None:
    """Shares add up to the logit, the strongest sign of failing first.

    Every measure has words, and none of them is reassuring.
    """
    head = make_head(len(MEASURES), "measures")
    measures = np.random.default_rng(2).normal(size=len(MEASURES)).astype(np.float32)

    found = measure_shares(head, measures)

    shares = [measure.share for measure in found]
    logit = head.slope * head_logits(head, measures[None])[0, 0] + head.offset
    assert abs(sum(shares) + head.slope * head.bias[0] + head.offset - logit) < 1e-9
    assert shares == sorted(shares, reverse=True)

    assert set(WORDS) == set(MEASURES)
    name = found[0].name
    number = MEASURES.index(name)
    assert found[0].words == WORDS[name][int(measures[number] < head.center[number])]

    joined = make_head(len(MEASURES) + 4, "joined")
    looks = np.concatenate([measures, np.zeros(4, np.float32)])
    of_joined = measure_shares(joined, looks)
    assert sorted(measure.name for measure in of_joined) == sorted(MEASURES)
    without = dataclasses.replace(
        joined, weights=joined.weights * ([1.0] * len(MEASURES) + [0.0] * 4)
    )
    logit = head_logits(without, looks[None])[0, 0]
    assert sum(measure.share for measure in of_joined) == pytest.approx(
        joined.slope * (logit - joined.bias[0])
    )

    only = measure_shares(make_head(1, "dark_share"), measures[:1])
    assert [measure.name for measure in only] == ["dark_share"]
    with pytest.raises(ValueError, match="no heat map"):
        heat_map(HeatModel(spec=SPEC, head=head, maps=()), make_chip())


def test_nearest_roofs_by_hand() -> None:
    """By angle from the training mean, each roof once, never the roof itself."""
    head = dataclasses.replace(
        make_head(2, weights=np.array([1.0, 1.0])),
        center=np.array([1.0, 1.0]),
        scale=np.array([1.0, 2.0]),
    )
    roof = np.array([5, 1], np.float32)
    looks = np.array([[3, 1], [2, 1.1], [1, 9], [0, 1], [9, 1]], np.float32)
    labeled = looks_of(head, ["a", "b", "c", "d", "a"], looks)
    near = nearest_roofs(head, roof, labeled, count=3)
    assert [neighbor.row for neighbor in near] == [0, 1, 2]
    np.testing.assert_allclose(
        [neighbor.similarity for neighbor in near],
        [1.0, 1 / np.hypot(1, 0.05), 0.0],
        rtol=1e-6,
        atol=1e-6,
    )

    others = nearest_roofs(head, roof, labeled, not_of="a", count=2)
    assert [neighbor.row for neighbor in others] == [1, 2]

    blind = dataclasses.replace(
        make_head(2, weights=np.array([1.0, 0.0])), center=np.array([1.0, 1.0])
    )
    distinct = looks_of(blind, ["a", "b", "c", "d", "e"], looks)
    seen = nearest_roofs(blind, roof, distinct, count=3)
    assert [neighbor.row for neighbor in seen] == [0, 1, 4]

    nothing = looks_of(head, [], np.zeros((0, 2), np.float32))
    assert nearest_roofs(head, roof, nothing) == []


def test_picture_shows_heat_only_where_it_suggests_a_failing_roof() -> None:
    """The second photo differs from the first around the hot spot only.

    Nothing is green, and a row of labeled roofs makes the picture higher.
    """
    gray = StoredChip(pixels=np.full((3, 40, 60), 120, np.uint8), mask=make_chip(40, 60).mask)
    values = np.full((40, 60), -1.0, np.float32)
    values[15:20, 20:26] = 1.0
    heat = Heat(values=values, beyond=0.0, measures=0.0, constant=0.0)
    roof = Panel(chip=gray, caption="the photo")
    neighbor = Panel(chip=gray, caption="called failing by a person, 2023")

    alone = draw_explanation(roof, heat, [], title="LIKELY")
    whole = draw_explanation(roof, heat, [neighbor] * 3, title="LIKELY")
    written = draw_explanation(roof, None, [], title="POSSIBLE", lines=["more edges"])
    assert whole.height > alone.height
    assert written.size == alone.size

    pixels = np.asarray(alone).astype(int)
    colored = np.ptp(pixels, axis=2) > 30
    rows, columns = np.nonzero(colored)
    half = 500
    scale = 476 / 60
    assert columns.min() > half + 16 * scale
    assert columns.max() < half + 32 * scale
    assert rows.max() - rows.min() < 12 * scale
    assert not (colored & (pixels[..., 1] > pixels[..., 0])).any()


def test_failing_part_is_where_the_damage_is() -> None:
    """A house with a hole and the same house without one differ inside the failing part.

    They hardly differ outside its neighborhood.
    """
    plan = CityPlan(parcels=60, seed=0)
    block, lot = next(iter(vacant_lots(plan).values()))
    style = row_style(np.random.default_rng(0))
    place = (0, block.index)
    whole = paint_house(place, lot, style, Roof(condition="intact", roof_pct=0))
    holed = paint_house(place, lot, style, Roof(condition="hole", roof_pct=30))

    inside = building_mask(lot)
    part = failing_part(stream(0, "damage", block.index, lot.index), inside, 30)
    assert abs(part.sum() / inside.sum() - 0.3) < 0.02

    deep = whole.surface.height - holed.surface.height > 1.0
    assert deep[part].mean() > 0.5
    assert not deep[inside & ~part].any()


def grid_of_lot(block: Block, lot: Lot) -> Affine:
    """Return the transform of a grid of 0.1 m in the frame of a lot, from pixels to city feet."""
    away_from_street = 0.1 if lot.row == 0 else -0.1
    corners_m = np.array(
        [
            (lot.left_m, lot.front_m),
            (lot.left_m + 0.1, lot.front_m),
            (lot.left_m, lot.front_m + away_from_street),
        ]
    )

    corner, right, down = block.to_ground_m(corners_m) * FEET_PER_M
    across = right - corner
    along = down - corner
    return Affine(across[0], along[0], corner[0], across[1], along[1], corner[1])


def test_failing_area_lies_on_its_lot() -> None:
    """On a grid in the city's own frame, the area is inside the lot's outline.

    It has the size of the hole.
    """
    plan = CityPlan(parcels=200, seed=0)
    rows_seen = set()
    for parcel_id, (block, lot) in vacant_lots(plan).items():
        outline = building_mask(lot)
        grid = ChipGrid(shape=outline.shape, transform=grid_of_lot(block, lot), crs=CRS(CITY_CRS))
        history = vacant_histories(plan, block.index)[lot.index]
        for year, roof in zip(YEARS, history, strict=True):
            if not 10 <= roof.roof_pct < 60:
                continue
            rows_seen.add(lot.row)
            area = failing_area(plan, (block, lot), year, grid)
            damage = stream(plan.seed, "damage", block.index, lot.index)
            expected = failing_part(damage, outline, roof.roof_pct)
            assert (area == expected).mean() > 0.98, parcel_id

    assert rows_seen == {0, 1}


def mtimes(files: list[Path]) -> dict[Path, int]:
    """Return when each file was written, in nanoseconds."""
    return {file: file.stat().st_mtime_ns for file in files}


def check_listed(table: pd.DataFrame, folder: Path) -> None:
    """Check the picture and the row of every listed roof."""
    assert len(table)
    for row in table.to_dict("records"):
        with Image.open(folder / str(row["file"])) as image:
            assert image.format == "WEBP"
        ids = str(row["nearest_ids"]).split("|")
        words = str(row["nearest_labels"]).split("|")
        years = str(row["nearest_years"]).split("|")

        assert len(set(ids)) == len(words) == len(years) == 3
        assert row["parcel_id"] not in ids
        assert set(words) <= {"failing", "intact"}
        assert set(years) == {"2023"}
        assert bool(row["peak_row"]) != bool(row["measures"])


def test_stage_draws_the_list_once(done_city: DoneCity) -> None:
    """Every listed roof has a picture and a row.

    A second run writes nothing, and a roof that is no longer listed loses its picture.
    """
    city = City(file=read_city(done_city.path), execution=Execution(executor="serial"), quiet=True)
    year = city.year(2023)
    version = resolve_model(city.registry, "champion")
    ledger = read_ledger(year.files.folder, 2023)
    features = Features(path=year.files.chips.features)
    head = load_model(version.folder, version.sha256).head
    flyover = look_at_flyover(features, head, year=2023, blocks={})

    files = explain(year, version, flyover, ledger, features)
    table = pd.read_csv(files[0], dtype=str, keep_default_na=False)
    listed = ledger.table[ledger.table["hazard"].isin(LISTED)].sort_values("rank")
    assert tuple(table.columns) == COLUMNS
    assert table["parcel_id"].tolist() == listed["parcel_id"].tolist()
    check_listed(table, files[0].parent)

    before = mtimes(files)
    contents = {file: file.read_bytes() for file in files}
    assert explain(year, version, flyover, ledger, features) == files
    assert mtimes(files) == before

    files[1].unlink()
    assert explain(year, version, flyover, ledger, features) == files
    after = mtimes(files)
    assert [file for file in files if after[file] != before[file]] == [files[1]]

    fewer = ledger.table.copy()
    fewer.loc[fewer["parcel_id"] == table["parcel_id"][0], "hazard"] = "NOT SEEN IN PHOTO"
    kept = explain(year, version, flyover, Ledger(year=2023, table=fewer), features)
    assert kept == [files[0], *files[2:]]
    assert not files[1].exists()

    assert explain(year, version, flyover, ledger, features) == files
    assert {file: file.read_bytes() for file in files} == contents
