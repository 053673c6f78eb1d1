"""The photos of the roofs that printed products and the work list show: this year's, and before."""

from dataclasses import dataclass

from gis_export.table.inputs import ExportInputs
from imagery.chips.store import ChipStore


@dataclass(frozen=True, kw_only=True, eq=False)
class RoofPhotos:
    """The chips of one flyover."""

    year: int
    """Year of the flyover."""
    chips: ChipStore | None
    """None when no chips were cut."""


def this_years_photos(inputs: ExportInputs) -> RoofPhotos:
    """Return the photos of the export's year."""
    return RoofPhotos(year=inputs.year, chips=inputs.chips)


def earlier_photos(inputs: ExportInputs) -> RoofPhotos | None:
    """Return the photos of the latest earlier flyover that has any."""
    for year in inputs.earlier:
        if year.chips is not None:
            return RoofPhotos(year=year.year, chips=year.chips)
    return None
