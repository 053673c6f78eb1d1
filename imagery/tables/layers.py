"""Layers of vector files, and which of several is meant."""

import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import shapely
from pyogrio.errors import CRSError, DataLayerError, DataSourceError, FeatureError, GeometryError

from imagery.errors import InputError, MissingInput, first_line
from imagery.limits import means_the_file
from imagery.tables.table_file import TableFile
from imagery.troubles import Trouble, name_few, only_troubles, shown, trouble_of


class DamagedFile(ValueError):
    """A file that does not hold what it says it holds."""


READ_ERRORS = (
    CRSError,
    DamagedFile,
    DataLayerError,
    DataSourceError,
    FeatureError,
    GeometryError,
    shapely.errors.ShapelyError,
    UnicodeDecodeError,
    pa.ArrowException,
    zipfile.BadZipFile,
)
"""What reading a layer raises where GDAL or Arrow cannot."""
SINGLE = (".shp", ".geojson", ".geojsonl", ".geojsons", ".fgb", ".dbf")
"""Suffixes of files that hold one layer; listing those of a GeoJSON would read all of it."""
HARMLESS = ("Measured (M) geometry types", "organizePolygons", "More than one layer")
"""What GDAL says of files that are read right nonetheless."""
WINDOWS = "cp1252"
"""Encoding of texts that are not UTF-8 and whose file declares none."""
MOST_NAMED = 8
"""Layers that a message names."""
OWN_TABLES = frozenset({"layer_styles", "qgis_projects", "sqlite_sequence"})
"""Tables that programs keep beside the layers."""

_INTEGERS = {
    pa.int8(): pd.Int64Dtype(),
    pa.int16(): pd.Int64Dtype(),
    pa.int32(): pd.Int64Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.uint8(): pd.Int64Dtype(),
    pa.uint16(): pd.Int64Dtype(),
    pa.uint32(): pd.Int64Dtype(),
    pa.uint64(): pd.UInt64Dtype(),
}
"""Whole numbers stay whole beside a null; as floats they would lose digits."""


def why_unread(error: Exception, path: Path) -> str:
    """Return what a library said of a file, without paths and hints for programmers."""
    if path.is_dir():
        return "it is a folder, and no file geodatabase"
    words = str(error).strip().replace(str(path), path.name).split("; It might help", 1)[0]
    is_foreign = "not recognized as being in a supported file format" in words
    if not words or is_foreign or "not a zip file" in words:
        return "it is damaged, or no file of the kind that its suffix says"
    return words.splitlines()[0].rstrip(". ;")


def exact_type(kind: pa.DataType) -> object:
    """Return the type of pandas that holds a column exactly; None leaves it to Arrow."""
    return _INTEGERS.get(kind)


@contextmanager
def telling_damage() -> Iterator[None]:
    """Let what libraries call an error of the system be one of the file, where it is.

    Raises:
        DamagedFile: the file is damaged.
    """
    try:
        yield
    except InputError:
        raise
    except OSError as error:
        if not means_the_file(error):
            raise
        raise DamagedFile("" if error.errno else first_line(error)) from error


def read_layer(file: TableFile) -> tuple[pd.DataFrame, tuple[Trouble, ...]]:
    """Read one layer of a vector file, and what GDAL said of it.

    Raises:
        MissingInput: no such layer, or a part of a shapefile.
        InputError: several layers could be meant.
        DamagedFile: texts are not UTF-8 in a format that wants it.
    """
    _check_parts(file)
    layer = find_layer(file)
    table, messages = _read_frame(file, layer)
    is_foreign = not _is_utf8(table)
    if is_foreign:
        try:
            table, messages = _read_frame(file, layer, encoding=WINDOWS)
        except ValueError as error:  # formats other than shapefiles must be UTF-8
            raise DamagedFile("its texts are not UTF-8") from error
    foreign = _foreign_texts(table, file) if is_foreign else None
    lost = _lost_rows(file, layer, len(table))
    return table, only_troubles([lost, foreign, _said(messages, file)])


def _read_frame(
    file: TableFile, layer: str | None, encoding: str | None = None
) -> tuple[pd.DataFrame, list[str]]:
    """Read a layer, and return what GDAL said of it."""
    # An outline that cannot be parsed, such as an open ring, reads as None: it costs its row.
    with np.errstate(invalid="ignore"), warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        table: pd.DataFrame = pyogrio.read_dataframe(
            file.path,
            layer=layer,
            encoding=encoding,
            on_invalid="ignore",
            use_arrow=True,
            arrow_to_pandas_kwargs={"types_mapper": exact_type},
        )
    return table, [str(warning.message) for warning in said]


def _texts_of(table: pd.DataFrame) -> list[str]:
    """Return the names of the columns of text."""
    kinds = table.dtypes
    return [str(name) for name in table.columns if isinstance(kinds[name], pd.StringDtype)]


def _is_utf8(table: pd.DataFrame) -> bool:
    """Tell whether all texts are UTF-8, as Arrow believes them to be."""
    try:
        for name in _texts_of(table):
            pa.array(table[name]).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _foreign_texts(table: pd.DataFrame, file: TableFile) -> Trouble:
    """Name the texts of a file that does not declare its encoding."""
    named: list[str] = []
    for name in _texts_of(table):
        texts = table[name].dropna()
        named.extend(shown(text) for text in texts[~texts.str.isascii()])
    return Trouble(
        what=f"{file.name}: texts that are not UTF-8 and were read as Windows-1252",
        examples=tuple(named),
        remedy=f"see that the accents are right, and name the encoding in {file.path.stem}.cpg",
    )


def list_layers(path: Path) -> list[tuple[str, str | None]]:
    """Return name and type of geometry of each layer, without what GDAL prints meanwhile."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [(str(name), kind) for name, kind in pyogrio.list_layers(path)]


def _check_parts(file: TableFile) -> None:
    """Check that a shapefile has the parts without which it has no columns or no rows.

    Raises:
        MissingInput: it has not.
    """
    if file.path.suffix.lower() != ".shp" or not file.path.is_file():
        return
    beside = {path.suffix.lower() for path in file.path.parent.glob("*") if _is_part(path, file)}
    missing = [file.path.stem + suffix for suffix in (".shx", ".dbf") if suffix not in beside]
    if missing:
        raise MissingInput(
            f"[{file.what}] path: {file.name} lacks {' and '.join(missing)}; "
            "copy every part of the shapefile beside it"
        )


def _is_part(path: Path, file: TableFile) -> bool:
    return path.stem == file.path.stem


def find_layer(file: TableFile) -> str | None:
    """Return the layer to read; None for a file that holds one.

    Raises:
        MissingInput: no such layer.
        InputError: several layers could be meant.
    """
    if file.path.suffix.lower() in SINGLE and not file.layer:
        return None

    listed = list_layers(file.path)
    names = [name for name, _ in listed if name not in OWN_TABLES]
    if file.layer:
        check_layer(file, names)
        return file.layer
    if len(names) < 2:
        return names[0] if names else None

    kinds = dict(listed)
    fitting = [name for name in names if _fits(file, name, has_shapes=bool(kinds[name]))]
    return choose_layer(file, fitting or names)


def check_layer(file: TableFile, names: Sequence[str]) -> None:
    """Check that the layer that the city file names is there.

    Raises:
        MissingInput: it is not.
    """
    if file.layer not in names:
        raise MissingInput(
            f"[{file.what}] layer: no layer {file.layer!r} in {file.name}; "
            f"it has {_few(names)}; correct the name"
        )


def choose_layer(file: TableFile, candidates: Sequence[str]) -> str:
    """Return the only candidate.

    Raises:
        InputError: there are several.
    """
    if len(candidates) == 1:
        return candidates[0]
    raise InputError(
        f"[{file.what}] path: {file.name} has {len(candidates)} layers that could be meant: "
        f"{_few(candidates)}; name one with [{file.what}] layer"
    )


def _fits(file: TableFile, layer: str, *, has_shapes: bool) -> bool:
    """Tell whether a layer could be meant: it has rows, and the columns that are named."""
    if file.must_have_shapes and not has_shapes:
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        info = pyogrio.read_info(file.path, layer=layer)
    return info["features"] != 0 and set(file.wanted) - {"geometry"} <= set(info["fields"])


def _few(names: Sequence[str]) -> str:
    return name_few([shown(name) for name in names], total=len(names), most=MOST_NAMED)


def _lost_rows(file: TableFile, layer: str | None, read: int) -> Trouble | None:
    """Return the rows that the file declares and that cannot be read."""
    if file.path.suffix.lower().startswith(".geojson"):
        return None  # it declares none
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        declared = int(pyogrio.read_info(file.path, layer=layer)["features"])
    if declared <= read:
        return None

    return Trouble(
        what=f"{file.name}: rows that the file declares and that cannot be read",
        examples=(f"{read:,} of {declared:,} rows were read",),
        remedy="the file is cut off or damaged: export it again",
        is_fix=True,
        count=declared - read,
    )


def _said(messages: Sequence[str], file: TableFile) -> Trouble | None:
    """Return what GDAL said of a file, as one trouble."""
    told = [text for text in messages if not text.startswith(HARMLESS)]
    texts = [shown(text.replace(str(file.path), file.name)) for text in told]
    return trouble_of(
        list(dict.fromkeys(texts)),
        what=f"{file.name}: what GDAL noticed when it read the file",
        remedy="see that the table is whole",
    )
