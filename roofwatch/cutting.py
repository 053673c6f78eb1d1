"""The chip stage of a city: shared by training and scoring."""

import dataclasses

from imagery.store import ChipStore
from imagery.tiling import tile_parcels
from models.spec import ModelSpec
from roofwatch.city import City


def tile(city: City, year: int, spec: ModelSpec | None = None) -> ChipStore:
    """Cut the year's chips at the scale of `spec` (default: the city file's model)."""
    scale = spec or city.file.model.spec
    settings = dataclasses.replace(city.file.tile, gsd_m=scale.gsd_m, margin_m=scale.margin_m)
    mapper = city.mapper(f"cut {year}", len(city.roll))
    return tile_parcels(city.roll, city.flyover(year), city.folder(year) / "chips", settings=settings, footprints=city.file.footprints, mapper=mapper)
