"""Edits by hand of products, for the tests of `verify`."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from export_cases import read_csv

Edit = Callable[[Path], None]


def cell(parcel: str, **cells: str) -> Edit:
    """Edit cells of a parcel's row in a CSV."""

    def edit(path: Path) -> None:
        table = read_csv(path)
        key = "PARCEL_ID" if "PARCEL_ID" in table else "parcel_id"
        table.loc[table[key] == parcel, list(cells)] = list(cells.values())
        table.to_csv(path, index=False)

    return edit


def column(name: str, value: str) -> Edit:
    """Edit the first cell of a column of a CSV, or add the column."""

    def edit(path: Path) -> None:
        table = read_csv(path)
        if name not in table:
            table[name] = ""
        table.loc[0, name] = value
        table.to_csv(path, index=False)

    return edit


def without_row(path: Path) -> None:
    """Take the first row out of a CSV."""
    read_csv(path).iloc[1:].to_csv(path, index=False)


def twice(path: Path) -> None:
    """Repeat the last row of a CSV in place of the first."""
    table = read_csv(path)
    pd.concat([table.iloc[1:], table.iloc[-1:]]).to_csv(path, index=False)


def text(old: str, new: str, *, count: int = 1) -> Edit:
    """Replace a text in a file."""

    def edit(path: Path) -> None:
        whole = path.read_text(encoding="utf-8")
        assert old in whole
        path.write_text(whole.replace(old, new, count), encoding="utf-8")

    return edit


def cut(path: Path) -> None:
    """Take away the last third of a file."""
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) * 2 // 3])


def sql(table: str, **cells: str | float) -> Edit:
    """Edit the first row of a layer of a GeoPackage."""

    def edit(path: Path) -> None:
        with sqlite3.connect(path) as book:
            names = ", ".join(f"{name} = ?" for name in cells)
            triggers = book.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?",
                (table,),
            ).fetchall()
            for name, _ in triggers:
                book.execute(f'DROP TRIGGER "{name}"')
            book.execute(f"UPDATE {table} SET {names} WHERE fid = 1", list(cells.values()))
        book.close()

    return edit


def dbf(old: bytes, new: bytes) -> Edit:
    """Replace the first bytes of a table in place."""

    def edit(path: Path) -> None:
        raw = path.read_bytes()
        assert old in raw and len(old) == len(new)
        path.write_bytes(raw.replace(old, new, 1))

    return edit


def renderer(change: Callable[[dict[str, object]], None]) -> Edit:
    """Change the first symbol of the first layer of a drawingInfo."""

    def edit(path: Path) -> None:
        document = json.loads(path.read_text(encoding="utf-8"))
        infos = document["layers"][0]["drawingInfo"]["renderer"]["uniqueValueInfos"]
        change(infos[0])
        path.write_text(json.dumps(document), encoding="utf-8")

    return edit


def relabel(info: dict[str, object]) -> None:
    """Give a symbol another label."""
    info["label"] = "vacant"


def recolor(info: dict[str, object]) -> None:
    """Give a symbol another color."""
    info["symbol"] = {"type": "esriSFS", "color": [0, 158, 115, 255]}


def rename(info: dict[str, object]) -> None:
    """Give a symbol another value."""
    info["value"] = "HIGH"
