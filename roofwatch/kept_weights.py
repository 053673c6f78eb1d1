"""The networks that `train` starts from, not loaded where an earlier training kept their weights.

A training that fits heads only needs the networks to hand them on, and torch takes longer to load
than the heads to fit.
"""

from pathlib import Path

from models.checksum import BACKBONE
from models.extract import NetworkSource
from models.weight_sums import read_source, source_checksum
from roofwatch.seal import trusted_seals
from roofwatch.sealed_files import sum_of
from roofwatch.year import City


def find_network(city: City) -> NetworkSource:
    """Return the networks of [model]; their weights are a model's file where one holds the same.

    Raises:
        ConfigError: the file of weights is not the one that the city file names by its sha256.
        TamperedLog: a line of the audit log does not follow from the line before it.
    """
    settings = city.file.model
    weights = settings.trusted_weights
    source = source_checksum(settings.spec, weights)
    kept = _kept_weights(city, source) if source else None
    return NetworkSource(spec=settings.spec, weights=str(kept) if kept else weights)


def _kept_weights(city: City, source: str) -> Path | None:
    """Return a model's file of weights that were read from `source`, newest first, if as sealed."""
    seals = trusted_seals(city.workspace.audit)
    for year in sorted((flyover.year for flyover in city.file.flyover), reverse=True):
        files = city.workspace.year(year)
        sealed = seals.get((str(year), files.model.relative_to(files.folder).as_posix()))
        weights = files.model / BACKBONE
        if sealed and read_source(weights) == source and sum_of(files.model) == sealed:
            return weights
    return None
