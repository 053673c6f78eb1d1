"""What the evaluation page of a training says and shows beside its figures."""

import pandas as pd

from models.engine_name import engine_name
from roofwatch.left_roll import Taught
from roofwatch.miss_rate import find_visits
from roofwatch.year import CityYear
from training.champion import against_champion
from training.gate_labels import Words
from training.opening import Unseen
from training.report import Evaluation
from training.report_page import Beside


def page_text(
    year: CityYear,
    taught: Taught,
    scored: pd.DataFrame,
    evaluation: Evaluation,
) -> Beside:
    """Return the texts of the page, the comparison with the champion, and chips for its photos.

    Args:
        year: The city in the year.
        taught: All labels up to the year.
        scored: Those that have a chip, with out-of-fold scores.
        evaluation: The figures.
    """
    city = year.city
    labels = taught.labels
    rung = evaluation.ships.name
    chosen = evaluation.chosen[rung]
    flown = [int(number) for number in scored["year"].unique()]
    return Beside(
        title=f"{city.name}: model trained {year.year}",
        notes=[
            *describe_labels(taught, scored, evaluation),
            *find_visits(year).sentences,
        ],
        unseen=Unseen(labels=len(labels.table), without_chip=len(labels.table) - len(scored)),
        champion=against_champion(
            city.registry,
            scored,
            rung=rung,
            words=Words(likely=chosen.likely, possible=chosen.possible),
            margin=year.file.train.gate_margin,
        ),
        stores={number: city.year(number).find_chips() for number in flown},
    )


def describe_labels(taught: Taught, rows: pd.DataFrame, evaluation: Evaluation) -> list[str]:
    """Say on the evaluation page what the model learned from."""
    labels = taught.labels
    chosen = evaluation.chosen[evaluation.ships.name]
    return [
        f"{len(rows)} of {len(labels.table)} labels have a chip in the flyover of their year; "
        "the others could not be used.",
        f"{labels.cannot_tell} labels say cannot tell, {labels.unknown_parcels} match no parcel, "
        f"{labels.later} are dated later: all left out.",
        *taught.notes,
        f"{rows['block'].nunique()} blocks; a block, and so a building's years, stay in one fold.",
        "Unlabeled roofs are not counted as intact.",
        chosen.recall.sentence,
        chosen.precision.sentence,
        chosen.sentence,
        f"Labels: sha256 {labels.sha256}. Features: {engine_name()}.",
    ]
