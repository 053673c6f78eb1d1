"""Read the finished products back and hold them against the ledger, before they take their place."""

import json
from pathlib import Path

import pandas as pd
import pyogrio

from gis_export.dispatch import COLUMNS as DISPATCH_COLUMNS
from gis_export.fields import FIELDS, Tier, fields_of
from gis_export.geopackage import CENTROIDS, ROOFS
from gis_export.rows import TOO_OLD
from gis_export.symbols import BY_CODE
from gis_export.tables import harmless
from imagery.errors import RoofwatchError
from imagery.parcels import VacantRoll
from inference.ledger import Ledger

PACK = (".shp", ".shx", ".dbf", ".prj", ".cpg", ".qml", ".shp.xml")
_DISPATCH_FILES = ("dispatch_add.csv", "dispatch_change.csv", "dispatch_delete.csv")
_LONG_TO_SHORT = {field.alias: field.name for field in FIELDS}


class TierLeak(RoofwatchError):
    """A product carries a field of a tier that may not read it."""


class BadProduct(RoofwatchError, RuntimeError):
    """A product does not say what the ledger says."""


def verify_products(out: Path, ledger: Ledger, roll: VacantRoll) -> None:
    """Check fields, widths, the null rule, tiers and counts of every product under `out`.

    Raises:
        TierLeak: a field of one tier stands in a product of another.
        BadProduct: fields, widths, counts, words or scores are off.
    """
    _verify_tier(out / "fire", "fire", Tier.RESPONDER, ledger, roll)
    _verify_tier(out / "housing", "housing", Tier.HOUSING, ledger, roll)
    for name in _DISPATCH_FILES:
        path = out / "fire" / name
        table = pd.read_csv(path, dtype=str, nrows=0)
        _verify_columns(path, table, Tier.RESPONDER)
        _want(set(DISPATCH_COLUMNS) <= set(table.columns), f"{path} lacks columns of {list(DISPATCH_COLUMNS)}")
    match = _read_csv(out / "fire" / "match_report.csv")
    _verify_columns(out / "fire" / "match_report.csv", match, Tier.RESPONDER)
    _want(len(match) == len(ledger.table), f"match_report.csv has {len(match)} rows, the ledger {len(ledger.table)}")
    _verify_page(out / "fire" / "fire_map" / "data.js", ledger)
    worklist = out / "housing" / "worklist.csv"
    _verify_columns(worklist, _read_csv(worklist), Tier.HOUSING)
    _verify_rows(worklist, _read_csv(worklist), ledger)
    _verify_rows(out / "data" / "scores.csv", _short(_read_csv(out / "data" / "scores.csv")), ledger)
    _verify_rows(out / "data" / "scores.parquet", _short(pd.read_parquet(out / "data" / "scores.parquet")), ledger)


def _verify_tier(folder: Path, name: str, tier: Tier, ledger: Ledger, roll: VacantRoll) -> None:
    shape = folder / f"{name}.shp"
    missing = [suffix for suffix in PACK if not shape.with_suffix(suffix).is_file()]
    _want(not missing, f"{shape} lacks {missing}")
    placed = _read_layer(shape)
    beside = _read_csv(folder / "no_geometry.csv")
    for path, table in ((shape, placed), (folder / "no_geometry.csv", beside)):
        _verify_columns(path, table, tier)
        wanted = [field.name for field in fields_of(tier)]
        _want(list(table.columns) == wanted, f"{path} has fields {list(table.columns)}, want {wanted}")
    _verify_widths(shape, tier)
    _verify_rows(shape, pd.concat([placed, beside]), ledger)
    _want(len(placed) <= int(roll.table.geometry.notna().sum()), f"{shape} has {len(placed)} shapes, more than the roll")
    if tier is Tier.HOUSING and len(placed):
        unscored = placed["SCORED"] == "N"
        _want(bool((placed.loc[unscored, ["SCORE", "RANK", "RANK_DIST"]] == -1).all(axis=None)), f"{shape}: a row that was not scored lacks -1")
    for layer in (ROOFS, CENTROIDS):
        path = folder / f"{name}.gpkg"
        table = _short(_read_layer(path, layer))
        _verify_columns(path, table, tier)
        _verify_rows(path, table, ledger)


def _verify_columns(path: Path, table: pd.DataFrame, tier: Tier) -> None:
    allowed = {field.name for field in fields_of(tier)}
    leaks = ({field.name for field in FIELDS} & {str(name).upper() for name in _short(table).columns}) - allowed
    if leaks:
        raise TierLeak(f"{path} carries {sorted(leaks)}, which {tier.value} may not read; take the field out of the product")


def _verify_widths(path: Path, tier: Tier) -> None:
    info = pyogrio.read_info(path)
    _want(str(info["encoding"]).upper() == "UTF-8", f"{path} is read as {info['encoding']}, want UTF-8")
    for field, dtype in zip(fields_of(tier), info["ogr_types"], strict=True):
        wanted = {"text": "OFTString", "int": "OFTInteger", "real": "OFTReal", "date": "OFTDate"}[field.kind]
        _want(dtype == wanted, f"{path} field {field.name} is {dtype}, want {wanted}")
    with path.with_suffix(".dbf").open("rb") as stream:
        header = stream.read(32 + 32 * len(fields_of(tier)))
    for index, field in enumerate(fields_of(tier)):
        width = header[32 + 32 * index + 16]
        _want(width == field.width, f"{path} field {field.name} is {width} wide, want {field.width}")


def _verify_rows(path: Path, table: pd.DataFrame, ledger: Ledger) -> None:
    """Hold ids, words, SCORED and SCORE against the ledger."""
    wanted = ledger.table.set_index(_keys(ledger.table["parcel_id"]))
    _want(len(table) == len(wanted), f"{path} has {len(table)} rows, the ledger {len(wanted)}")
    known = wanted.reindex(_keys(table["PARCEL_ID"]))
    _want(bool(known["status"].notna().all()), f"{path} carries a parcel that the ledger lacks")
    scored = (table["SCORED"] == "Y").to_numpy()
    _want(bool((known["status"] == "scored").to_numpy()[scored].all()), f"{path} says SCORED of a row that was not scored")
    reason = table["NA_REASON"].fillna("").astype(str).to_numpy()
    _want(bool((reason[~scored] != "").all()), f"{path}: a row that was not scored has no reason")
    aged = known["status"].to_numpy()[~scored] == "scored"
    _want(bool((reason[~scored][aged] == TOO_OLD).all()), f"{path}: a scored row of the ledger is missing its score")
    _want(bool(table["RISK_LVL"].isin(list(BY_CODE)).all()), f"{path} carries an unknown RISK_LVL")
    words = [BY_CODE[str(code)].word.value for code in table["RISK_LVL"]]
    _want(bool((known["hazard"].to_numpy()[scored] == pd.array(words, dtype=object)[scored]).all()), f"{path} says another hazard word than the ledger")
    if "SCORE" in table.columns:
        score = pd.to_numeric(table["SCORE"].replace("", None)).to_numpy(dtype=float, na_value=float("nan"))
        off = abs(score[scored] - known["score"].to_numpy(dtype=float)[scored]) > 1e-5
        _want(not off.any(), f"{path} carries another score than the ledger")
        _want(not (score[~scored] >= 0).any(), f"{path}: a row that was not scored carries a score")


def _verify_page(path: Path, ledger: Ledger) -> None:
    text = path.read_text(encoding="utf-8").removeprefix("window.ROOFWATCH=").rstrip(";\n")
    columns = json.loads(text)["columns"]
    table = pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in columns.items()})
    _verify_columns(path, table, Tier.RESPONDER)
    status = dict(zip(ledger.table["parcel_id"].astype(str), ledger.table["status"], strict=True))
    _want(len(table) == len(status), f"{path} has {len(table)} rows, the ledger {len(status)}")
    for parcel, code in zip(table["PARCEL_ID"], table["RISK_LVL"], strict=True):
        _want(code == "NA" or code == "CONFIRMED" or status.get(parcel) == "scored", f"{path} gives {parcel!r} {code} without a score")


def _read_csv(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def _read_layer(path: Path, layer: str | None = None) -> pd.DataFrame:
    return pd.DataFrame(pyogrio.read_dataframe(path, layer=layer, read_geometry=False, use_arrow=True))


def _keys(ids: pd.Series) -> pd.Index:
    """Return ids as every format can give them back: formulas made harmless, no trailing blank."""
    return pd.Index([harmless(str(parcel)).rstrip() for parcel in ids], dtype=object)


def _short(table: pd.DataFrame) -> pd.DataFrame:
    return table.rename(columns=_LONG_TO_SHORT)


def _want(holds: bool, message: str) -> None:
    if not holds:
        raise BadProduct(f"{message}; nothing was delivered, the last good products stand")
