"""`[train] mode = "finetune"` at work in a city: the networks learn too."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import numpy as np
import pandas as pd

from models.extract import NetworkSource
from models.network import Backbones, load_backbones
from roofwatch.labeled import labeled_features
from roofwatch.left_roll import Taught
from roofwatch.progress import Progress
from roofwatch.stages.tile import tile
from roofwatch.year import City
from training.dataset import chip_places
from training.learn import Tell
from training.processes import first_alone, processes
from training.rungs import FittedRungs, fit_rungs
from training.task import FinetuneInputs
from training.tune_rungs import TunedRungs, tune_rungs


def fit_tuned(city: City, taught: Taught) -> tuple[pd.DataFrame, TunedRungs]:
    """Fit every rung and fine-tune the networks; return the labeled roofs too.

    Raises:
        SystemExit: under `torchrun`, in every process but the first one.
    """
    model = city.file.model
    weights = model.trusted_weights
    backbones = load_backbones(model.spec, weights)
    with processes():
        with first_alone():
            network = NetworkSource(spec=model.spec, weights=weights)
            labeled = labeled_features(city, taught, network)
        frozen = fit_rungs(labeled.rows, labeled.flyovers, model.spec.groups, city.file.train)
        inputs = finetune_inputs(city, labeled.rows, frozen, backbones)
        rank = int(os.environ.get("RANK", "0"))
        quiet = city.quiet or rank > 0
        tuned = tune_rungs(frozen, inputs, progress=partial(show_training, quiet=quiet))
    if rank:
        raise SystemExit(0)  # the first process writes and registers
    return labeled.rows, tuned


def finetune_inputs(
    city: City, rows: pd.DataFrame, frozen: FittedRungs, backbones: Backbones
) -> FinetuneInputs:
    """Return what the networks are fine-tuned on: the labels and folds of the frozen rungs."""
    years = [int(year) for year in rows["year"].unique()]
    stores = {year: tile(city.year(year)) for year in years}
    return FinetuneInputs(
        labels=rows.assign(fold=frozen.scored["fold"].to_numpy(np.int64)),
        chips=chip_places(rows, stores),
        spec=city.file.model.spec,
        backbones=backbones,
        settings=city.file.train,
    )


@contextmanager
def show_training(name: str, *, quiet: bool) -> Iterator[Tell]:
    """Show the progress of one training; what this yields hears how many steps are done."""
    with Progress(name, quiet=quiet) as bar:
        yield bar.update
