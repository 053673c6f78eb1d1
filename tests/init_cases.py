"""The tiny city delivered as other cities deliver: other names, folders and columns."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
from cities import Ran, Roofwatch, paint_city, write_raster, write_tiles
from cities import make_houses as make_lots


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A folder of files, and the command that looks at it."""

    folder: Path
    """Where the files are."""
    roofwatch: Roofwatch
    """Runs a command."""

    @property
    def out(self) -> Path:
        """Return the path of the new city file."""
        return self.folder.parent / "new.toml"

    def init(self, *options: str) -> Ran:
        """Run `init` on the folder."""
        return self.roofwatch("init", self.folder, "--out", self.out, "--quiet", *options)

    @property
    def text(self) -> str:
        """Return the new city file."""
        return self.out.read_text(encoding="utf-8")

    def section(self, name: str) -> dict[str, object]:
        """Return a section of the new city file, empty where it has none."""
        found = tomllib.loads(self.text).get(name, {})
        assert isinstance(found, dict)
        return found

    def flyovers(self) -> list[dict[str, object]]:
        """Return the flyovers of the new city file."""
        found = tomllib.loads(self.text).get("flyover", [])
        assert isinstance(found, list)
        return found

    def write_lots(self, path: str = "gis/base.gpkg", **columns: object) -> gpd.GeoDataFrame:
        """Write the lots with columns of other names."""
        lots = make_lots().drop(columns=["failing", "block", "battalion"])
        lots = lots.rename(columns={"parcel_id": "PIN_NO", "address": "SITUS"}).assign(**columns)
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        gpd.GeoDataFrame(lots).to_file(target)
        return gpd.GeoDataFrame(lots)

    def write_table(self, path: str, **columns: object) -> None:
        """Write a CSV."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame(columns).to_csv(target, index=False)

    def write_notices(self, path: str = "lists/vbn.csv", **columns: object) -> None:
        """Write notices of every second lot."""
        ids = make_lots()["parcel_id"].iloc[::2]
        days = [f"2021-03-{13 + place % 15}" for place in range(len(ids))]
        self.write_table(path, **({"Key": ids, "Issued": days} | columns))

    def write_photos(self, folder: str, year: int = 2023) -> list[Path]:
        """Write the four tiles of a year."""
        return write_tiles(self.folder / folder, paint_city(make_lots(), year))

    def write_photo(self, path: str, *, left: float = 360_000.0, **tags: str) -> Path:
        """Write one small photo with tags of TIFF."""
        pixels = np.full((3, 64, 64), 90, dtype=np.uint8)
        target = write_raster(self.folder / path, pixels, left=left)
        if tags:
            with rasterio.open(target, "r+") as opened:
                opened.update_tags(**tags)
        return target
