"""`[train] mode = "finetune"`: the network learns too, and takes the place of the frozen one among the rungs."""

import dataclasses

import pandas as pd

from models.network import Backbones
from roofwatch.city import City
from roofwatch.cutting import tile
from roofwatch.progress import Progress
from training.rungs import FittedRungs


def tune_network(city: City, rows: pd.DataFrame, fitted: FittedRungs, backbones: Backbones) -> tuple[FittedRungs, Backbones]:
    """Fine-tune on the labels and folds of the frozen rungs; return the rungs with the tuned network, and its weights.

    Splits by neighborhood and by year are left out: each would want networks of its own.

    Args:
        city: The city; chips are cut.
        rows: What `roofwatch.retrain.labeled_features` returns.
        fitted: The rungs on these rows.
        backbones: The networks to start from.
    """
    from training.dataset import chip_places
    from training.finetune import finetune

    rows = rows.assign(fold=fitted.scored["fold"].to_numpy())
    places = chip_places(rows, {int(year): tile(city, int(year)) for year in rows["year"].unique()})
    with Progress("fine-tune", quiet=city.quiet) as bar:
        tuned = finetune(rows, places, city.file.model.spec, backbones, city.file.train, progress=bar.update)
    scored = fitted.scored.assign(network=tuned.fit.out_of_fold)
    return dataclasses.replace(fitted, fits={**fitted.fits, "network": tuned.fit}, scored=scored, others=dict.fromkeys(fitted.others)), tuned.backbones
