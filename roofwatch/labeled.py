"""Labeled roofs of all years, with what the model sees of them: what training learns from."""

import pandas as pd

from imagery.chips.tiling import metric_crs
from imagery.errors import InputError
from labels.files import Labels
from models.features import NetworkSource, store_features
from roofwatch.stages.tile import tile
from roofwatch.year import City, CityYear


def labeled_features(city: City, labels: Labels) -> pd.DataFrame:
    """Cut every year that has labels, and compute the features of its chips.

    Returns:
        What `training.rungs.fit_rungs` takes, sorted by year and parcel.

    Raises:
        InputError: no label lies in a flyover year.
    """
    flown = sorted(source.year for source in city.file.flyover)
    parts = []
    for year in flown:
        of_year = labels.table[labels.table["year"] == year]
        if len(of_year):
            parts.append(label_year(city.year(year), of_year))

    if not parts:
        raise InputError(
            f"[labels]: {len(labels.table)} usable labels, none in a flyover year ({flown}); "
            "label roofs of these years"
        )
    rows = pd.concat(parts, ignore_index=True)
    return pd.DataFrame(rows.sort_values(["year", "parcel_id"], ignore_index=True))


def label_year(year: CityYear, labels: pd.DataFrame) -> pd.DataFrame:
    """Return the labels of one year that have a chip, with features and place.

    Args:
        year: The city in the year.
        labels: Its labels, as in `labels.files.Labels`.
    """
    city = year.city
    settings = year.file.model
    store = tile(year)
    ids = set(labels["parcel_id"])

    network = NetworkSource(spec=settings.spec, weights=settings.weights)
    features = store_features(
        store,
        network,
        threads=city.execution.threads,
        mapper=city.runner(f"look at {year.year}", len(city.roll)),
    )
    rows = labels.merge(features.of(ids), on="parcel_id")

    if year.file.train.light > 0:
        relit = store_features(
            store,
            network,
            threads=city.execution.threads,
            mapper=city.runner(f"look at {year.year} in other light", len(rows)),
            relit=set(rows["parcel_id"]),
        )
        rows = rows.merge(relit.of(ids), on="parcel_id", suffixes=("", "_relit"))
    return rows.merge(parcel_places(city), on="parcel_id")


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
