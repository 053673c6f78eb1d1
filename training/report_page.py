"""Write what a training leaves for people and programs: page, pictures, figures, scored labels."""

import base64
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import jinja2
import numpy as np
import pandas as pd

from imagery.chips.store import ChipStore
from imagery.files import atomic_path
from imagery.report_files import ReportFiles
from models.head import RUNGS
from training.champion import AgainstChampion
from training.charts import draw_calibration, draw_curves
from training.figures import LEAST_FAILING, RUNG_NAMES
from training.finds import table_points
from training.finds_picture import FindsPicture, draw_finds
from training.gallery import choose_errors
from training.opening import Unseen, open_page
from training.parts import ALL, LOOKS_WRONG, Part, measure_whole, with_words, write_surprising
from training.report import Evaluation
from training.resample import LEAST_BLOCKS

WIDTH_PX = 900
"""Width at which the page shows its pictures."""
MANY = 15
"""A table of more places is closed until somebody opens it."""
NOT_COMPARED = AgainstChampion(sentence="It was not compared with a champion.")


@dataclass(frozen=True, kw_only=True, eq=False)
class Beside:
    """What the page says beside the figures."""

    title: str
    """Its title."""
    notes: list[str]
    """What the model learned from, and what visits say."""
    unseen: Unseen | None = None
    """Labels that could not be used; None where that is not known."""
    champion: AgainstChampion = NOT_COMPARED
    """How it does against the champion."""
    stores: Mapping[int, ChipStore | None] = field(default_factory=dict)
    """Chips by year, for the photos of its errors."""


@dataclass(frozen=True, kw_only=True)
class PartTable:
    """Labels by flyover, by source or by place."""

    name: str
    """Such as "flyover"."""
    parts: tuple[Part, ...]
    """In the order of their names."""

    @property
    def is_long(self) -> bool:
        """Tell whether it is closed until somebody opens it."""
        return len(self.parts) > MANY


def write_report(
    folder: Path, evaluation: Evaluation, scored: pd.DataFrame, beside: Beside
) -> Path:
    """Write the page, its figures, its pictures and the scored labels into `folder`.

    Returns:
        The page, evaluation.html.
    """
    report = ReportFiles(folder=folder)
    images = _write_images(folder, evaluation, scored)

    with atomic_path(report.out_of_fold) as temporary:
        by_parcel = scored.sort_values(["parcel_id", "year"], ignore_index=True)
        by_parcel.to_parquet(temporary, index=False)
    write_surprising(report.surprising_labels, evaluation.surprising)
    with atomic_path(report.evaluation) as temporary:
        text = json.dumps(_null_for_nan(asdict(evaluation)), indent=2, allow_nan=False)
        temporary.write_text(text, encoding="utf-8")
    with atomic_path(report.evaluation_page) as temporary:
        page = draw_page(evaluation, scored, images, beside)
        temporary.write_text(page, encoding="utf-8")

    return report.evaluation_page


def draw_page(
    evaluation: Evaluation, scored: pd.DataFrame, images: Mapping[str, str], beside: Beside
) -> str:
    """Return the page as HTML; `images` holds the addresses of curves.png and calibration.png."""
    ships = evaluation.ships.name
    ours = next(rung for rung in evaluation.rungs if rung.name == ships)
    begins = evaluation.chosen[ships]
    labels = with_words(scored, ships, begins)
    whole = measure_whole(scored, ships, begins)
    pages = jinja2.Environment(
        loader=jinja2.PackageLoader("training", "page"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return pages.get_template("evaluation.html").render(
        title=beside.title,
        notes=beside.notes,
        champion=beside.champion,
        opening=open_page(ours, whole, evaluation.parts, beside.unseen),
        finds=_draw_finds(evaluation, labels),
        lists=table_points(evaluation.finds),
        gallery=choose_errors(labels, ships, beside.stores),
        part_tables=_part_tables(evaluation.parts),
        images=images,
        width=WIDTH_PX,
        names=RUNG_NAMES,
        least_blocks=LEAST_BLOCKS,
        least_failing=LEAST_FAILING,
        rungs=evaluation.rungs,
        first=evaluation.rungs[0],
        ships=evaluation.ships.sentence,
        ships_name=ships,
        chosen=evaluation.chosen,
        differences=evaluation.differences,
        splits=list(evaluation.splits.items()),
        slices=evaluation.slices,
        parts=evaluation.parts,
        surprising=evaluation.surprising,
        looks_wrong=LOOKS_WRONG,
    )


def _draw_finds(evaluation: Evaluation, labels: pd.DataFrame) -> FindsPicture | None:
    """Draw the curve with the lists that ship."""
    shipped = []
    for name, column in (("LIKELY", "is_likely"), ("LIKELY and POSSIBLE", "is_listed")):
        rows = labels[labels[column]]
        shipped.append((name, len(rows), int(rows["failing"].sum())))
    return draw_finds(evaluation.finds, shipped)


def _part_tables(parts: list[Part]) -> tuple[PartTable, ...]:
    """Return a table for each way of telling labels apart; none where all are alike."""
    kinds = {
        "flyover": [part for part in parts if part.flyover != ALL and part.source == ALL],
        "source": [part for part in parts if part.source != ALL and part.flyover == ALL],
        "district": [part for part in parts if part.kind == "district"],
        "neighborhood": [part for part in parts if part.kind == "neighborhood"],
    }
    return tuple(PartTable(name=name, parts=tuple(found)) for name, found in kinds.items())


def _write_images(folder: Path, evaluation: Evaluation, scored: pd.DataFrame) -> dict[str, str]:
    """Write curves.png and calibration.png; return their addresses inside the page."""
    failing = scored["failing"].to_numpy(np.int64)
    scores = {rung: scored[rung].to_numpy(np.float64) for rung in RUNGS}
    precisions = {rung.name: rung.average_precision for rung in evaluation.rungs}

    with atomic_path(folder / "curves.png") as temporary:
        draw_curves(temporary, scores, failing, precisions)
    with atomic_path(folder / "calibration.png") as temporary:
        draw_calibration(temporary, scores, failing)

    return {name: _data_url(folder / name) for name in ("curves.png", "calibration.png")}


def _data_url(path: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()


def _null_for_nan(value: object) -> object:
    """Return the same with None for every number that JSON cannot hold."""
    if isinstance(value, dict):
        return {key: _null_for_nan(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_null_for_nan(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
