"""Why a roof has its score.

Shares add up to the logit, peaks are where the roof fails, and pictures are kept.
"""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
from affine import Affine
from cities import DoneCity
from numpy.typing import NDArray
from PIL import Image
from pyproj import CRS

from demo_city.damage import failing_part
from demo_city.failing_area import ChipGrid, failing_area, vacant_lots
from demo_city.house import building_mask, paint_house, row_style
from demo_city.layout import FEET_PER_M, CityPlan
from demo_city.noise import stream
from demo_city.states import YEARS, Roof, vacant_histories
from demo_city.tiles import CITY_CRS
from imagery.boxes import PixelBox
from imagery.chips.store import StoredChip
from inference.explain_heat import (
    Heat,
    MapPart,
    heat_map,
    peak,
    position_shares,
    spread_over,
    turn_back,
)
from inference.explain_measures import WORDS, measure_shares
from inference.explain_nearest import RoofFeatures, nearest_roofs
from inference.explain_picture import Panel, draw_explanation
from models.files import Model
from models.head import Head, head_logits
from models.measures import MEASURES
from models.network import Backbones, load_backbones
from models.preprocess import chip_views, turn_image
from models.spec import TURNS, ModelSpec

SPEC = ModelSpec(input_px=64, gsd_m=0.5, margin_m=2, views=("roof", "context"), turns=4)


def make_head(
    features: int, rung: str = "network", *, weights: NDArray[np.float64] | None = None
) -> Head:
    """Return a head of one fold with fixed random numbers."""
    rng = np.random.default_rng(3)
    shipped = rng.normal(size=features) / 20 if weights is None else weights
    return Head(
        rung=rung,
        center=rng.normal(size=features),
        scale=rng.random(features) + 0.5,
        weights=np.stack([shipped, rng.normal(size=features)]),
        bias=np.array([0.3, -1.0]),
        slope=1.4,
        offset=-0.6,
        covariance=np.eye(2) / 100,
        likely=0.5,
        possible=0.2,
    )


def make_chip(height: int = 48, width: int = 64) -> StoredChip:
    """Noise with a roof a little off the middle."""
    pixels = np.random.default_rng(5).integers(1, 255, (3, height, width)).astype(np.uint8)
    mask = np.zeros((height, width), np.bool_)
    mask[10:30, 14:50] = True
    return StoredChip(pixels=pixels, mask=mask)


def plain_features(model: Model, chip: StoredChip) -> NDArray[np.float32]:
    """Pool in float32 torch, as the networks define it, without any engine."""
    parts = []
    for backbone in model.backbones:
        with torch.inference_mode():
            pooled = backbone(
                torch.from_numpy(chip_views(chip, model.spec, model.spec.side_px(backbone.name)))
            ).numpy()
        parts.append(
            pooled.reshape(len(model.spec.views), model.spec.turns, -1).mean(axis=1).ravel()
        )
    return np.concatenate(parts)[None].astype(np.float32)


@pytest.fixture(scope="module")
def backbones() -> Backbones:
    """The packaged network."""
    return load_backbones(SPEC)


def test_shares_add_up_to_the_logit(backbones: Backbones) -> None:
    """Pixels and constant are the whole calibrated logit.

    Nothing lies beyond the chip in these views.
    """
    model, chip = Model(spec=SPEC, head=make_head(SPEC.features), backbones=backbones), make_chip()
    heat = heat_map(model, chip)
    logit = (
        model.head.slope * head_logits(model.head, plain_features(model, chip))[0, 0]
        + model.head.offset
    )
    assert heat.values.shape == chip.mask.shape
    assert heat.values.dtype == np.float32
    assert abs(heat.beyond) < 1e-4
    assert abs(heat.values.sum(dtype=np.float64) + heat.constant - logit) < 1e-3 * max(
        1, abs(logit)
    )


def test_what_lies_beyond_the_chip_is_counted_apart(backbones: Backbones) -> None:
    """A square around a roof at the edge of the chip reaches beyond it: the shares still add up."""
    spec = dataclasses.replace(SPEC, views=("around", "near"), turns=2)
    model = Model(spec=spec, head=make_head(spec.features), backbones=backbones)
    chip = make_chip()
    heat = heat_map(model, chip)
    assert abs(heat.beyond) > 1e-3
    logit = (
        model.head.slope * head_logits(model.head, plain_features(model, chip))[0, 0]
        + model.head.offset
    )
    assert abs(heat.logit - logit) < 1e-3 * max(1, abs(logit))


def test_position_shares_by_hand() -> None:
    """One channel with a bright position: mean and spread both lay their share on it."""
    values = np.zeros((2, 2, 2))
    values[1, 0, 1] = 4.0
    zero = np.zeros(2)
    by_mean = position_shares(
        values,
        MapPart(
            mean_weights=np.array([0.0, 3.0]),
            mean_center=np.array([0.0, 0.5]),
            spread_weights=zero,
            spread_center=zero,
        ),
    )
    np.testing.assert_allclose(
        by_mean, [[-0.375, 2.625], [-0.375, -0.375]]
    )  # 3 * (4 or 0 - 0.5) / 4; mean 1, sum 3 * (1 - 0.5)
    spread = np.sqrt(
        3.0
    )  # of 4, 0, 0, 0; the flat channel has none, so its share of -7 * 0.5 is spread evenly
    part = MapPart(
        mean_weights=zero,
        mean_center=zero,
        spread_weights=np.array([7.0, 1.0]),
        spread_center=np.array([0.5, 0.7]),
    )
    by_spread = position_shares(values, part)
    np.testing.assert_allclose(
        by_spread, (spread - 0.7) * np.array([[1, 9], [1, 1]]) / 12 - 3.5 / 4
    )
    assert abs(by_spread.sum() - (spread - 0.7) + 3.5) < 1e-12


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


@pytest.mark.parametrize("box", [(2, 9, 3, 17), (0, 2, 0, 3), (4, 5, 6, 7)])
def test_spreading_keeps_the_sum(box: tuple[int, int, int, int]) -> None:
    """Inside the chip all of it arrives, whether the box is larger or smaller than the map.

    What lies beyond the edge is dropped.
    """
    shares = np.random.default_rng(1).normal(size=(4, 4))
    out = spread_over(shares, pixel_box(*box), (10, 20))
    assert abs(out.sum() - shares.sum()) < 1e-12
    inside = np.zeros((10, 20), np.bool_)
    inside[box[0] : box[1], box[2] : box[3]] = True
    assert not out[~inside].any()
    beyond = spread_over(np.ones((2, 2)), pixel_box(-5, 5, 0, 10), (10, 20))
    np.testing.assert_allclose(beyond.sum(), 2.0)


def test_the_peak_lies_on_the_bright_square(backbones: Backbones) -> None:
    """The peak is on the only square of a plain chip, wherever that is and however turned.

    The head looks at the spread of the finest map.
    """
    spec, width = dataclasses.replace(SPEC, views=("roof",), turns=8), backbones[0].kind.channels[0]
    weights = np.zeros(spec.features)
    weights[width : 2 * width] = 1.0
    head = dataclasses.replace(
        make_head(spec.features, weights=weights),
        scale=np.ones(spec.features),
        center=np.zeros(spec.features),
    )
    model = Model(spec=spec, head=head, backbones=backbones)
    for top, left in ((14, 20), (22, 38)):
        chip = make_chip()
        plain = np.full_like(chip.pixels, 90)
        plain[:, top : top + 5, left : left + 7] = (
            np.random.default_rng(0).integers(0, 2, (1, 5, 7)).astype(np.uint8) * 200 + 40
        )
        row, column = peak(
            heat_map(model, StoredChip(pixels=plain, mask=chip.mask)), chip.mask, gsd_m=spec.gsd_m
        )
        assert top - 3 <= row < top + 8, (top, left, row, column)
        assert left - 3 <= column < left + 10, (top, left, row, column)


def test_measures_in_words() -> None:
    """Shares add up to the logit, the strongest sign of failing first.

    Every measure has words, and none of them is reassuring.
    """
    head, measures = (
        make_head(len(MEASURES), "measures"),
        np.random.default_rng(2).normal(size=len(MEASURES)).astype(np.float32),
    )
    found = measure_shares(head, measures)
    logit = head.slope * head_logits(head, measures[None])[0, 0] + head.offset
    assert (
        abs(sum(one.share for one in found) + head.slope * head.bias[0] + head.offset - logit)
        < 1e-9
    )
    assert [one.share for one in found] == sorted((one.share for one in found), reverse=True)
    assert set(WORDS) == set(MEASURES)
    first = MEASURES.index(found[0].name)
    assert found[0].words == WORDS[found[0].name][int(measures[first] < head.center[first])]
    only = measure_shares(make_head(1, "dark_share"), measures[:1])
    assert [one.name for one in only] == ["dark_share"]
    with pytest.raises(ValueError, match="no heat map"):
        heat_map(Model(spec=SPEC, head=head, backbones=()), make_chip())


def test_nearest_roofs_by_hand() -> None:
    """By angle from the training mean, each roof once, never the roof itself."""
    head = dataclasses.replace(
        make_head(2, weights=np.array([1.0, 1.0])),
        center=np.array([1.0, 1.0]),
        scale=np.array([1.0, 2.0]),
    )
    roof = np.array([5, 1], np.float32)
    looks = np.array([[3, 1], [2, 1.1], [1, 9], [0, 1], [9, 1]], np.float32)
    labeled = RoofFeatures(parcel_ids=["a", "b", "c", "d", "a"], matrix=looks)
    near = nearest_roofs(head, roof, labeled, count=3)
    assert [neighbor.row for neighbor in near] == [0, 1, 2]
    np.testing.assert_allclose(
        [neighbor.similarity for neighbor in near],
        [1.0, 1 / np.hypot(1, 0.05), 0.0],
        rtol=1e-6,
        atol=1e-12,
    )

    others = nearest_roofs(head, roof, labeled, not_of="a", count=2)
    assert [neighbor.row for neighbor in others] == [1, 2]

    blind = dataclasses.replace(
        make_head(2, weights=np.array([1.0, 0.0])), center=np.array([1.0, 1.0])
    )
    distinct = RoofFeatures(parcel_ids=["a", "b", "c", "d", "e"], matrix=looks)
    seen = nearest_roofs(blind, roof, distinct, count=3)
    assert [neighbor.row for neighbor in seen] == [0, 1, 4]

    nothing = RoofFeatures(parcel_ids=[], matrix=np.zeros((0, 2), np.float32))
    assert nearest_roofs(head, roof, nothing) == []


def test_picture_shows_heat_only_where_it_suggests_a_failing_roof() -> None:
    """The second photo differs from the first around the hot spot only.

    Nothing is green, and a row of labeled roofs makes the picture higher.
    """
    chip = make_chip(40, 60)
    gray = StoredChip(pixels=np.full_like(chip.pixels, 120), mask=chip.mask)
    values = np.full((40, 60), -1.0, np.float32)
    values[15:20, 20:26] = 1.0
    roof = Panel(chip=gray, caption="the photo")
    alone = draw_explanation(
        roof, Heat(values=values, beyond=0.0, constant=0.0), [], title="LIKELY"
    )
    whole = draw_explanation(
        roof,
        Heat(values=values, beyond=0.0, constant=0.0),
        [Panel(chip=gray, caption="called failing by a person, 2023")] * 3,
        title="LIKELY",
    )
    assert whole.height > alone.height
    pixels = np.asarray(alone).astype(int)
    colored = np.ptp(pixels, axis=2) > 30
    rows, columns = np.nonzero(colored)
    half, scale = 500, 476 / 60
    assert columns.min() > half + 16 * scale
    assert columns.max() < half + 32 * scale
    assert rows.max() - rows.min() < 12 * scale
    assert not (colored & (pixels[..., 1] > pixels[..., 0])).any()
    written = draw_explanation(roof, None, [], title="POSSIBLE", lines=["more edges"])
    assert written.size == alone.size


def test_failing_part_is_where_the_damage_is() -> None:
    """A house with a hole and the same house without one differ inside the failing part.

    They hardly differ outside its neighborhood.
    """
    plan = CityPlan(parcels=60, seed=0)
    block, lot = next(iter(vacant_lots(plan).values()))
    style = row_style(np.random.default_rng(0))
    whole = paint_house(
        (0, block.index), lot, style, Roof(condition="intact", roof_pct=0)
    ).surface.height
    holed = paint_house(
        (0, block.index), lot, style, Roof(condition="hole", roof_pct=30)
    ).surface.height
    inside = building_mask(lot)
    part = failing_part(stream(0, "damage", block.index, lot.index), inside, 30)
    assert abs(part.sum() / inside.sum() - 0.3) < 0.02
    deep = whole - holed > 1.0
    assert deep[part].mean() > 0.5
    assert not deep[inside & ~part].any()


def test_failing_area_lies_on_its_lot() -> None:
    """On a grid in the city's own frame, the area is inside the lot's outline.

    It has the size of the hole.
    """
    plan = CityPlan(parcels=200, seed=0)
    lots = vacant_lots(plan)
    failing = [
        (one, YEARS[at])
        for one, (block, lot) in lots.items()
        for at, roof in enumerate(vacant_histories(plan, block.index)[lot.index])
        if 10 <= roof.roof_pct < 60
    ]
    assert failing
    rows_seen = set()
    for one, year in failing:
        block, lot = lots[one]
        rows_seen.add(lot.row)
        outline = building_mask(lot)
        sign = 1.0 if lot.row == 0 else -1.0
        corner = (
            block.to_ground_m(
                np.array(
                    [
                        (lot.left_m, lot.front_m),
                        (lot.left_m + 0.1, lot.front_m),
                        (lot.left_m, lot.front_m + sign * 0.1),
                    ]
                )
            )
            * FEET_PER_M
        )
        right, down = corner[1] - corner[0], corner[2] - corner[0]
        grid = Affine(right[0], down[0], corner[0][0], right[1], down[1], corner[0][1])
        chip_grid = ChipGrid(shape=outline.shape, transform=grid, crs=CRS(CITY_CRS))
        area = failing_area(plan, (block, lot), year, chip_grid)
        pct = vacant_histories(plan, block.index)[lot.index][YEARS.index(year)].roof_pct
        expected = failing_part(stream(plan.seed, "damage", block.index, lot.index), outline, pct)
        assert (area == expected).mean() > 0.98, one
    assert rows_seen == {0, 1}


def test_stage_draws_the_list_once(done_city: DoneCity) -> None:
    """Every listed roof has a picture and a row.

    A second run writes nothing, and a roof that is no longer listed loses its picture.
    """
    from imagery.chips.store import open_store
    from inference.explain_listed import COLUMNS
    from inference.ledger import Ledger, read_ledger
    from models.feature_cache import Features
    from models.registry import resolve_model
    from roofwatch.config import read_city
    from roofwatch.executors import Execution
    from roofwatch.stages.explain import LISTED, explain
    from roofwatch.year import City

    city = City(file=read_city(done_city.path), execution=Execution(executor="serial"), quiet=True)
    year = city.year(2023)
    version = resolve_model(city.registry, "champion")
    ledger = read_ledger(year.files.folder, 2023)
    store = open_store(year.files.chips.folder)
    features = Features(path=store.folder / "features.parquet")
    files = explain(year, version, ledger, features)
    table = pd.read_csv(files[0], dtype=str, keep_default_na=False)
    listed = ledger.table[ledger.table["hazard"].isin(LISTED)].sort_values("rank")
    assert tuple(table.columns) == COLUMNS
    assert table["parcel_id"].tolist() == listed["parcel_id"].tolist()
    assert len(table)
    for row in table.to_dict("records"):
        with Image.open(files[0].parent / str(row["file"])) as image:
            assert image.format == "WEBP"
        ids, words, years = (
            str(row[f"nearest_{name}"]).split("|") for name in ("ids", "labels", "years")
        )
        assert len(set(ids)) == len(words) == len(years) == 3
        assert row["parcel_id"] not in ids
        assert set(words) <= {"failing", "intact"}
        assert set(years) == {"2023"}
        assert bool(row["peak_row"]) != bool(row["measures"])
    before, contents = (
        {file: file.stat().st_mtime_ns for file in files},
        {file: file.read_bytes() for file in files},
    )
    assert explain(year, version, ledger, features) == files
    assert {file: file.stat().st_mtime_ns for file in files} == before
    files[1].unlink()
    assert explain(year, version, ledger, features) == files
    redone = {file for file in files if file.stat().st_mtime_ns != before[file]}
    assert redone == {files[1]}
    fewer = ledger.table.copy()
    fewer.loc[fewer["parcel_id"] == table["parcel_id"][0], "hazard"] = "NOT SEEN IN PHOTO"
    assert explain(year, version, Ledger(year=2023, table=fewer), features) == [
        files[0],
        *files[2:],
    ]
    assert not files[1].exists()
    assert explain(year, version, ledger, features) == files
    assert {file: file.read_bytes() for file in files} == contents
