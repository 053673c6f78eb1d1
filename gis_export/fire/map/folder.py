"""Write the offline map folder: page, data, photo of the ground, photos of the roofs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import geopandas as gpd

from gis_export.fire.dispatch.address_match import read_addresses
from gis_export.fire.map.base_map import BaseMap, write_base_map
from gis_export.fire.map.districts import Around, FireMap
from gis_export.fire.map.ground import Ground, ground_of
from gis_export.fire.map.houses import houses_of
from gis_export.fire.map.houses_data import houses_data
from gis_export.fire.map.page_data import DrawnMap, page_data
from gis_export.fire.map.page_file import DataScript, page_html
from gis_export.fire.map.photos import Photos, write_photos
from gis_export.fire.map.sides import sides_of
from gis_export.part_record import NO_FILES, LastFiles, Told
from gis_export.table.inputs import ExportInputs
from gis_export.table.settings import ExportSettings
from gis_export.table.symbols import SYMBOLS
from inference.hazard import USE_LIMIT

READ_ME = "README.txt"
CHIPS = "chips"
CHIPS_BEFORE = "chips_before"
_NO_MAP = BaseMap(tiles=(), unread=0)


@dataclass(frozen=True, kw_only=True)
class RoofsShown:
    """Which rows have a photo of the roof."""

    now: Photos
    """Of this year."""
    before: Photos
    """Of the year before."""

    @property
    def told(self) -> Told:
        """Return it as a part of an export tells it."""
        pairs = ((shown.turned, " ".join(shown.names)) for shown in (self.now, self.before))
        return tuple(text for pair in pairs for text in pair)

    @classmethod
    def of(cls, told: Told) -> "RoofsShown":
        """Return what a part has told."""
        now, names, before, names_before = told
        return cls(now=_photos(now, names), before=_photos(before, names_before))


def _photos(turned: str, names: str) -> Photos:
    return Photos(turned=turned, names=tuple(names.split(" ")) if turned else ())


@dataclass(frozen=True, kw_only=True)
class MapPhotos:
    """The photos of a map."""

    folder: Path
    """Where they are, as in the folder of the map."""
    base: BaseMap
    """The photo of the ground."""
    roofs: RoofsShown
    """The photos of the roofs."""
    on_roll: Sequence[str] = ()
    """Address of every row as the vacant roll spells it; () for that of the rows."""


def write_fire_map(
    rows: gpd.GeoDataFrame,
    folder: Path,
    inputs: ExportInputs,
    settings: ExportSettings,
    *,
    on_roll: Sequence[str] = (),
) -> FireMap:
    """Write index.html and what it needs into the new folder `folder`; return what was drawn.

    Args:
        rows: The rows of the export, ADDRESS as dispatch spells it.
        folder: Where to write.
        inputs: City, flyover and chips.
        settings: The city's choices.
        on_roll: Address of every row as the vacant roll spells it: the search finds that too.
    """
    folder.mkdir(parents=True)
    base = write_ground(rows, folder, inputs, settings)
    roofs = write_roofs(rows, folder, inputs)
    shown = MapPhotos(folder=folder, base=base, roofs=roofs, on_roll=on_roll)
    return write_page(rows, folder, inputs, settings, shown=shown)


def write_page(
    rows: gpd.GeoDataFrame,
    folder: Path,
    inputs: ExportInputs,
    settings: ExportSettings,
    *,
    shown: MapPhotos,
) -> FireMap:
    """Write the page of a map whose photos have been written; return what was drawn."""
    ground = _ground_of(rows, settings)
    drawn = DrawnMap(
        ground=ground, base=shown.base, photos=shown.roofs.now, before=shown.roofs.before.names
    )
    spelled = shown.on_roll or rows["ADDRESS"].tolist()
    around = None
    if ground is not None:
        book = read_addresses(settings.dispatch)
        houses = houses_of(rows, ground, addresses=spelled, lots=inputs.roll.lots, book=book)
        around = Around(houses=houses, sides=sides_of(houses))

    data = page_data(rows, inputs, settings, drawn=drawn, on_roll=shown.on_roll)
    addresses = houses_data(around.houses, around.sides) if around else None
    scripts = (
        DataScript(file="data.js", name="ROOFWATCH", value=data),
        DataScript(file="addresses.js", name="ROOFWATCH_HOUSES", value=addresses),
    )
    folder.mkdir(parents=True, exist_ok=True)
    for script in scripts:
        (folder / script.file).write_text(script.text, encoding="utf-8")
    (folder / "index.html").write_text(page_html(inputs, scripts), encoding="utf-8")
    _copy_license(folder)

    text = _read_me(rows, {folder, shown.folder}, inputs)
    (folder / READ_ME).write_text(text, encoding="utf-8", newline="\r\n")
    return FireMap(folder=shown.folder, rows=rows, on_roll=spelled, drawn=drawn, around=around)


def write_ground(
    rows: gpd.GeoDataFrame, folder: Path, inputs: ExportInputs, settings: ExportSettings
) -> BaseMap:
    """Write the photo of the ground into the folder of the map."""
    ground = _ground_of(rows, settings)
    if ground is None or inputs.flyover is None:
        return _NO_MAP
    return write_base_map(inputs.flyover, ground, folder)


def write_roofs(
    rows: gpd.GeoDataFrame, folder: Path, inputs: ExportInputs, *, last: LastFiles = NO_FILES
) -> RoofsShown:
    """Write the photos of the roofs, of this year and of the one before.

    Args:
        rows: The rows of the export.
        folder: Folder of the map.
        inputs: The chips.
        last: The folder as the last export left it.
    """
    parcels = rows["PARCEL_ID"].tolist()
    before = inputs.earlier[0].chips if inputs.earlier and inputs.chips else None
    return RoofsShown(
        now=write_photos(inputs.chips, parcels, folder / CHIPS, last=last.below(CHIPS)),
        before=write_photos(
            before,
            parcels,
            folder / CHIPS_BEFORE,
            frames=inputs.chips,
            last=last.below(CHIPS_BEFORE),
        ),
    )


def _ground_of(rows: gpd.GeoDataFrame, settings: ExportSettings) -> Ground | None:
    """Return the grid of the map, None where no row has a geometry."""
    choice = settings.map
    return ground_of(rows.geometry, gsd_m=choice.gsd_m, megapixels=choice.megapixels)


def _copy_license(folder: Path) -> None:
    """Copy the license of the library that the page holds."""
    name = "LICENSE-leaflet.txt"
    text = (files("gis_export.fire.map") / "vendor" / name).read_text(encoding="utf-8")
    (folder / name).write_text(text, encoding="utf-8")


def _read_me(rows: gpd.GeoDataFrame, folders: Iterable[Path], inputs: ExportInputs) -> str:
    """Say how to open the map, how large it is and what it holds, for the person who copies it."""
    paths = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    sizes = [path.stat().st_size for path in paths]
    counts = rows["RISK_LVL"].value_counts()

    lines = [
        f"Vacant roofs, {inputs.city}, photo of {inputs.year}. Made {inputs.today.isoformat()}.",
        "",
        USE_LIMIT,
        *(text for text in (inputs.note, inputs.missed) if text),
        "",
        "Copy this whole folder to the tablet or laptop and open index.html in a browser. "
        "It needs no network and makes no network requests.",
        f"Size: {sum(sizes) / 1e6:.1f} MB in {len(sizes) + 1:,} files.",
        "",
        f"{len(rows):,} vacant buildings:",
    ]
    for symbol in SYMBOLS:
        count = counts.get(symbol.code, 0)
        lines.append(f"  {count:8,}  {symbol.word.value}: {symbol.meaning}")
    return "\n".join(lines) + "\n"
