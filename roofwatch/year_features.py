"""Features of a year's chips: computed once, sealed, and made anew when they are not as sealed."""

from collections.abc import Collection
from functools import partial

from imagery.chips.store import ChipStore
from models.extract import NetworkSource
from models.feature_cache import Features
from models.features import Workers, cached_features, store_features
from models.files import Model
from roofwatch.converted_networks import convert_once
from roofwatch.sealed_files import FEATURES, Group, broken_files, drop_broken, seal
from roofwatch.year import City, CityYear


def compute_features(
    year: CityYear,
    store: ChipStore,
    network: NetworkSource,
    *,
    relit: Collection[str] | None = None,
    apart: Group | None = None,
) -> Features:
    """Compute the features of the year's chips, as far as they are not cached; and seal them.

    Args:
        year: The city in the year.
        store: Its chips.
        network: What looks at them.
        relit: Only these parcels, in other light, in a cache of their own.
        apart: The sealed files, where the chips are not those of the vacants: no statistics of the
            flyover are made of them.
    """
    city = year.city
    group = apart or FEATURES
    drop_broken(year, group)
    light = "" if relit is None else " in other light"
    count = len(store.manifest) if relit is None else len(relit)
    features = store_features(
        store,
        network,
        feature_workers(city, f"look at {year.year}{light}", count),
        relit=relit,
    )
    if relit is None and apart is None:
        features.stats(year.year)  # kept beside them, and sealed with them
    seal(year, group)
    return features


def feature_workers(city: City, what: str, count: int) -> Workers:
    """Return who looks at chips.

    Args:
        city: The city, in whose workspace converted networks are kept.
        what: The work, as its progress is headed.
        count: Chips.
    """
    return Workers(
        threads=city.execution.threads,
        mapper=city.runner(what, count),
        convert=partial(convert_once, city),
    )


def recall_features(year: CityYear, store: ChipStore, model: Model) -> Features | None:
    """Return the cached features; None where they are another network's, or not as sealed."""
    if broken_files(year, FEATURES):
        return None
    return cached_features(store, model.network)
