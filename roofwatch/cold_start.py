"""The first year: no model yet, or one that another city lent."""

import pandas as pd

from imagery.errors import InputError
from models.spec import ModelVersion
from roofwatch.stages.explain import find_labels
from roofwatch.trusted_models import settle_champion
from roofwatch.year import CityYear
from training.borrowed import LocalTest, Standing, judge_borrowed, make_test

FIRST_LOOKS = 60
"""Roofs to look at in a city without a model of its own."""
NO_LABELS = pd.DataFrame(columns=["parcel_id", "year", "failing", "weight"])
"""The table of labels of a city that has none."""
ADOPT = "roofwatch adopt CITY.toml MODEL --by NAME --why TEXT"
"""How another city's model is taken."""


def require_model(year: CityYear) -> None:
    """Refuse to score a year without a champion, before anything is cut.

    Raises:
        InputError: there is none.
    """
    if settle_champion(year.city) is None:
        raise InputError(f"score {year.year}: no champion yet; {ways_out(year)}")


def require_model_or_labels(year: CityYear) -> None:
    """Refuse to run a year with neither a champion nor labels, before anything is cut.

    Raises:
        InputError: there is neither.
    """
    if settle_champion(year.city) is not None:
        return

    labels = year.find_labels()
    if labels is None or not len(labels.table):
        have = "no [labels]" if labels is None else f"no usable label up to {year.year}"
        raise InputError(f"run {year.year}: no champion yet and {have}; {ways_out(year)}")


def ways_out(year: CityYear) -> str:
    """Say how a city comes to its first model."""
    return (
        f"look at {FIRST_LOOKS} roofs of {year.year}, put them into the file of [labels] and "
        f"train, or take another city's model: {ADOPT}"
    )


def standing_of(
    year: CityYear, version: ModelVersion, scores: pd.DataFrame, likely: float
) -> Standing:
    """Say whether a model may call roofs LIKELY: the city's own may, a borrowed one has to show it.

    Args:
        year: The year that is being scored.
        version: The model.
        scores: Columns parcel_id and score of the year.
        likely: Score at which LIKELY begins.
    """
    if not version.origin:
        return Standing(held_back="", borne_out="")

    tests = local_tests(year, version, scores, likely)
    return judge_borrowed(tests, year.file.train.precision_likely)


def local_tests(
    year: CityYear, version: ModelVersion, scores: pd.DataFrame, likely: float
) -> list[LocalTest]:
    """Compare a borrowed model with the labels of every flyover that it scored up to the year."""
    labels = find_labels(year)
    if labels is None:
        return [make_test(year.year, NO_LABELS, scores, likely=likely)]

    tests = [make_test(year.year, labels.table, scores, likely=likely)]
    for before in year.earlier:
        ledger = before.find_ledger()
        if ledger is None:
            continue
        is_ours = ledger.table["model_version"] == version.label
        tests.append(
            make_test(before.year, labels.table, ledger.table[is_ours.fillna(False)], likely=likely)
        )
    return tests
