"""Labeled roofs of all years, with what the model sees of them: what training learns from."""

from dataclasses import dataclass

import pandas as pd

from imagery.chips.store import ChipStore
from imagery.chips.tiling import metric_crs
from imagery.errors import InputError
from imagery.roll.parcels import VacantRoll
from models.extract import NetworkSource
from models.flyover_stats import FlyoverStats
from roofwatch.left_roll import Taught, cut_left
from roofwatch.sealed_files import LEFT_FEATURES, Group
from roofwatch.stages.tile import tile
from roofwatch.year import City, CityYear
from roofwatch.year_features import compute_features


@dataclass(frozen=True, kw_only=True, eq=False)
class LabeledRoofs:
    """Labeled roofs and the flyovers they lie in."""

    rows: pd.DataFrame
    """What `training.rungs.fit_rungs` takes, sorted by year and parcel."""
    flyovers: tuple[FlyoverStats, ...]
    """Statistics of all chips of each year that has labels."""


def labeled_features(city: City, taught: Taught, network: NetworkSource) -> LabeledRoofs:
    """Cut every year that has labels, and compute the features of its chips.

    Raises:
        InputError: no label lies in a flyover year.
    """
    table = taught.labels.table
    flown = sorted(source.year for source in city.file.flyover)
    parts = []
    flyovers = []
    for number in flown:
        of_year = table[table["year"] == number]
        if len(of_year):
            year = city.year(number)
            rows, stats = label_year(year, of_year, network)
            parts.append(rows)
            flyovers.append(stats)
            if taught.left is not None:
                parts.append(label_left(year, taught.left, of_year, network))

    if not parts:
        raise InputError(
            f"[labels]: {len(table)} usable labels, none in a flyover year ({flown}); "
            "label roofs of these years"
        )
    joined = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    rows = pd.DataFrame(joined.sort_values(["year", "parcel_id"], ignore_index=True))
    has_label = set(rows["year"])
    return LabeledRoofs(
        rows=rows, flyovers=tuple(stats for stats in flyovers if stats.year in has_label)
    )


def label_year(
    year: CityYear, labels: pd.DataFrame, network: NetworkSource
) -> tuple[pd.DataFrame, FlyoverStats]:
    """Return the labels of one year that have a chip, with features and place; and its statistics.

    Args:
        year: The city in the year.
        labels: Its labels, as in `labels.files.Labels`; those of parcels off the roll are left out.
        network: What looks at its chips.
    """
    store = tile(year)
    features = compute_features(year, store, network)
    rows = _seen_rows(year, store, labels, network)
    return rows.merge(parcel_places(year.city.roll), on="parcel_id"), features.stats(year.year)


def label_left(
    year: CityYear, left: VacantRoll, labels: pd.DataFrame, network: NetworkSource
) -> pd.DataFrame:
    """Return the labels of one year of parcels that have left the roll, as `label_year` does.

    Args:
        year: The city in the year, its vacants cut.
        left: The parcels that have left.
        labels: All labels of the year.
        network: What looks at their chips.
    """
    own = labels[labels["parcel_id"].isin(left.table["parcel_id"])]
    if not len(own):
        return own
    store = cut_left(year, left, own)
    rows = _seen_rows(year, store, own, network, apart=LEFT_FEATURES)
    return rows.merge(parcel_places(left), on="parcel_id")


def _seen_rows(
    year: CityYear,
    store: ChipStore,
    labels: pd.DataFrame,
    network: NetworkSource,
    *,
    apart: Group | None = None,
) -> pd.DataFrame:
    """Return the labels that have a chip, with features, and those in other light."""
    ids = set(labels["parcel_id"])
    features = compute_features(year, store, network, apart=apart)
    rows = labels.merge(features.of(ids), on="parcel_id")

    if year.file.train.light > 0:
        relit = compute_features(year, store, network, relit=set(rows["parcel_id"]), apart=apart)
        rows = rows.merge(relit.of(ids), on="parcel_id", suffixes=("", "_relit"))
    return rows


def parcel_places(parcels: VacantRoll) -> pd.DataFrame:
    """Return parcel_id, neighborhood, district and area (m2) of every parcel of a roll."""
    roll = parcels.table
    inspection = roll["inspection_district"]
    district = inspection.where(inspection != "", roll["fire_district"])
    area_m2 = roll.geometry.to_crs(metric_crs(parcels)).area

    return pd.DataFrame(
        {
            "parcel_id": roll["parcel_id"],
            "neighborhood": roll["neighborhood"],
            "district": district,
            "area_m2": area_m2,
        }
    )
