"""Labeled roofs of all years, with what the model sees of them: what training learns from."""

from dataclasses import dataclass

import pandas as pd

from imagery.chips.tiling import metric_crs
from imagery.errors import InputError
from labels.files import Labels
from models.extract import NetworkSource
from models.flyover_stats import FlyoverStats
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


def labeled_features(city: City, labels: Labels, network: NetworkSource) -> LabeledRoofs:
    """Cut every year that has labels, and compute the features of its chips.

    Raises:
        InputError: no label lies in a flyover year.
    """
    flown = sorted(source.year for source in city.file.flyover)
    parts = []
    flyovers = []
    for year in flown:
        of_year = labels.table[labels.table["year"] == year]
        if len(of_year):
            rows, stats = label_year(city.year(year), of_year, network)
            parts.append(rows)
            flyovers.append(stats)

    if not parts:
        raise InputError(
            f"[labels]: {len(labels.table)} usable labels, none in a flyover year ({flown}); "
            "label roofs of these years"
        )
    joined = pd.concat(parts, ignore_index=True)
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
        labels: Its labels, as in `labels.files.Labels`.
        network: What looks at its chips.
    """
    store = tile(year)
    ids = set(labels["parcel_id"])

    features = compute_features(year, store, network)
    rows = labels.merge(features.of(ids), on="parcel_id")

    if year.file.train.light > 0:
        relit = compute_features(year, store, network, relit=set(rows["parcel_id"]))
        rows = rows.merge(relit.of(ids), on="parcel_id", suffixes=("", "_relit"))
    return rows.merge(parcel_places(year.city), on="parcel_id"), features.stats(year.year)


def parcel_places(city: City) -> pd.DataFrame:
    """Return parcel_id, neighborhood, district and area (m2) of every vacant parcel."""
    roll = city.roll.table
    inspection = roll["inspection_district"]
    district = inspection.where(inspection != "", roll["fire_district"])
    area_m2 = roll.geometry.to_crs(metric_crs(city.roll)).area

    return pd.DataFrame(
        {
            "parcel_id": roll["parcel_id"],
            "neighborhood": roll["neighborhood"],
            "district": district,
            "area_m2": area_m2,
        }
    )
