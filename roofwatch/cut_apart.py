"""Chips of parcels that are not on the vacant roll, cut apart into a folder of their own."""

from imagery.chips.inputs import CutInputs
from imagery.chips.store import ChipStore
from imagery.chips.tiling import CutRunner, tile_parcels
from imagery.workspace import ChipFiles
from roofwatch.sealed_files import Group, drop_broken, seal
from roofwatch.year import CityYear


def cut_apart(
    year: CityYear, inputs: CutInputs, files: ChipFiles, group: Group, what: str
) -> ChipStore:
    """Cut parcels as the vacants are cut, and seal their chips.

    Args:
        year: The city in the year.
        inputs: Which parcels, from which imagery, displaced tiles corrected.
        files: Where the chips go.
        group: The sealed files among them.
        what: The parcels, as progress is headed: "without a notice".
    """
    with year.at_work("tile"):
        drop_broken(year, group)
        runner: CutRunner = year.city.runner(f"cut {year.year} {what}", len(inputs.roll))
        store = tile_parcels(inputs, files.folder, runner)
        seal(year, group)
    return store
