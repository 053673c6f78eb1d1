"""`[train] mode = "finetune"`: the network learns too, and takes the place of the frozen one among the rungs."""

import dataclasses
import os

import numpy as np
import pandas as pd

from models.network import Backbones
from roofwatch.progress import Progress
from roofwatch.stages.tile import tile
from roofwatch.year import City
from training.rungs import FittedRungs, other_splits


def tune_network(
    city: City, rows: pd.DataFrame, fitted: FittedRungs, backbones: Backbones
) -> tuple[FittedRungs, Backbones]:
    """Fine-tune on the labels, folds and splits of the frozen rungs; return the rungs with the tuned network, and its weights.

    Args:
        city: The city; chips are cut.
        rows: What `roofwatch.stages.train.labeled_features` returns.
        fitted: The rungs on these rows.
        backbones: The networks to start from.
    """
    from training.dataset import chip_places
    from training.finetune import finetune, finetune_splits

    spec, settings, folds = (
        city.file.model.spec,
        city.file.train,
        fitted.scored["fold"].to_numpy(np.int64),
    )
    quiet = city.quiet or bool(int(os.environ.get("RANK", "0")))
    rows = rows.assign(fold=folds)
    places = chip_places(
        rows, {int(year): tile(city.year(int(year))) for year in rows["year"].unique()}
    )
    with Progress("fine-tune", quiet=quiet) as bar:
        tuned = finetune(rows, places, spec, backbones, settings, progress=bar.update)
    others = dict(fitted.others)
    for name, splits in other_splits(rows, folds, settings.folds).items():
        table = others[name]
        if splits is not None and table is not None:
            with Progress(f"fine-tune, {name} left out", quiet=quiet) as bar:
                scores = finetune_splits(
                    rows,
                    places,
                    spec,
                    backbones,
                    settings,
                    splits=splits,
                    tuned=tuned,
                    progress=bar.update,
                )
            others[name] = table.assign(network=scores[~np.isnan(scores)])
    scored = fitted.scored.assign(network=tuned.fit.out_of_fold)
    return dataclasses.replace(
        fitted, fits={**fitted.fits, "network": tuned.fit}, scored=scored, others=others
    ), tuned.backbones
