"""Whether two workspaces hold the same products: `python -m benchmarks.same_products ONE OTHER`.

Compares ledgers, layers, tables, dispatch files, the data of the fire map and workbooks cell by
cell, pictures by their pixels and printed pages by their text. Checksums, run times and days of
writing are left out. Prints a line for every difference.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pypdf
from PIL import Image

ANY_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(T[\d:.]+)?|\blog [0-9a-f]{16}\b")
"""A day or time of writing in texts, or the head of a log, which depends on times."""
LEFT_OUT = frozenset({"SHA256SUMS", "manifest.json", "mlflow.db", "audit.csv", "dispatch_log.csv"})
"""Files of checksums and times."""
TABLES = (".csv", ".parquet")
LAYERS = (".shp", ".gpkg")
PICTURES = (".webp", ".png", ".jpg")
TEXTS = (".json", ".js", ".html", ".css", ".md", ".qml", ".sld", ".xml", ".qgs", ".prj", ".cpg")


def main() -> int:
    """Compare two folders; return 1 when they differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("one", type=Path)
    parser.add_argument("other", type=Path)
    options = parser.parse_args()

    differences = list(compare_folders(options.one, options.other))
    print("\n".join(differences) or "no difference")
    return 1 if differences else 0


def compare_folders(one: Path, other: Path) -> Iterator[str]:
    """Yield a line for every file that is missing or differs."""
    names = find_files(one)
    others = find_files(other)
    yield from (f"only in {one}: {name}" for name in sorted(names - others))
    yield from (f"only in {other}: {name}" for name in sorted(others - names))
    for name in sorted(names & others):
        difference = compare_files(one / name, other / name)
        if difference:
            yield f"{name}: {difference}"


def find_files(folder: Path) -> set[str]:
    """Return the files that are compared, relative to a workspace; MLflow's own are left out."""
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {str(path) for path in files if path.parts[0] != "mlruns" and path.name not in LEFT_OUT}


def compare_files(one: Path, other: Path) -> str:
    """Say how two files differ; "" when they hold the same."""
    suffix = one.suffix
    if suffix in TABLES:
        return compare_tables(read_table(one), read_table(other))
    if suffix in LAYERS:
        return compare_layers(one, other)
    if suffix in PICTURES:
        return compare_pictures(one, other)
    if suffix == ".xlsx":
        return compare_workbooks(one, other)
    if suffix == ".pdf":
        return "" if read_pages(one) == read_pages(other) else "text of the pages differs"
    if suffix in TEXTS:
        return "" if read_text(one) == read_text(other) else "text differs"
    return "" if one.read_bytes() == other.read_bytes() else "bytes differ"


def read_table(path: Path) -> pd.DataFrame:
    """Read a table as text or as it is typed."""
    if path.suffix == ".parquet":
        return pd.read_parquet(path)

    # A dispatch vendor may want another separator.
    header = path.read_text(encoding="utf-8-sig").partition("\n")[0]
    separator = "|" if "|" in header else ","
    return pd.read_csv(path, dtype=str, keep_default_na=False, sep=separator)


def compare_tables(one: pd.DataFrame, other: pd.DataFrame) -> str:
    """Name the columns that differ."""
    if list(one.columns) != list(other.columns):
        return f"columns {sorted(set(one.columns) ^ set(other.columns))}"
    if len(one) != len(other):
        return f"{len(one)} and {len(other)} rows"
    differing = [name for name in one.columns if not is_same_column(one[name], other[name])]
    return f"columns {differing} differ" if differing else ""


def is_same_column(one: pd.Series, other: pd.Series) -> bool:
    """Tell whether two columns hold the same; arrays are compared by value."""
    if len(one) and isinstance(one.iloc[0], np.ndarray):
        return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    return one.equals(other)


def compare_layers(one: Path, other: Path) -> str:
    """Compare every layer of a vector file, geometry included."""
    layers = pyogrio.list_layers(one)[:, 0].tolist()
    if layers != pyogrio.list_layers(other)[:, 0].tolist():
        return "layers differ"
    for layer in layers:
        difference = compare_layer(
            gpd.read_file(one, layer=layer), gpd.read_file(other, layer=layer)
        )
        if difference:
            return f"layer {layer}: {difference}"
    return ""


def compare_layer(one: pd.DataFrame, other: pd.DataFrame) -> str:
    """Compare one layer."""
    if isinstance(one, gpd.GeoDataFrame) and isinstance(other, gpd.GeoDataFrame):
        if one.crs != other.crs:
            return "CRS differ"
        one = without_geometry(one)
        other = without_geometry(other)
    return compare_tables(one, other)


def without_geometry(layer: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return a layer as a table, its shapes as WKB."""
    table = pd.DataFrame(layer.drop(columns=layer.geometry.name))
    table["shape"] = layer.geometry.to_wkb()
    return table


def compare_pictures(one: Path, other: Path) -> str:
    """Compare two pictures by their pixels."""
    with Image.open(one) as first, Image.open(other) as second:
        is_same = np.array_equal(np.asarray(first), np.asarray(second))
    return "" if is_same else "pixels differ"


def compare_workbooks(one: Path, other: Path) -> str:
    """Name the first cell that differs."""
    first = openpyxl.load_workbook(one)
    second = openpyxl.load_workbook(other)
    if first.sheetnames != second.sheetnames:
        return "sheets differ"
    for sheet in first:
        cells = {cell.coordinate: cell.value for row in sheet for cell in row}
        others = {cell.coordinate: cell.value for row in second[sheet.title] for cell in row}
        for place in sorted(cells.keys() | others.keys()):
            if cells.get(place) != others.get(place):
                return f"{sheet.title} {place}: {cells.get(place)!r}, {others.get(place)!r}"
    return ""


def read_pages(path: Path) -> list[str]:
    """Return the text of every page, without days."""
    return [ANY_DAY.sub("", page.extract_text()) for page in pypdf.PdfReader(path).pages]


def read_text(path: Path) -> str:
    """Return a text without days; of JSON in a fixed order."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        text = json.dumps(json.loads(text), sort_keys=True, indent=1)
    return ANY_DAY.sub("", text)


if __name__ == "__main__":
    sys.exit(main())
