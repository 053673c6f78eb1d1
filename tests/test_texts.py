"""Texts of a city's files: clean where they enter, so that every product can hold them."""

import unicodedata
from pathlib import Path
from xml.etree import ElementTree

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis_export.fire.dispatch.address_match import read_addresses
from gis_export.table.settings import DispatchSettings
from gis_export.verify.rows import keys_of
from imagery.errors import ConfigError
from imagery.roll.files import ParcelFile
from imagery.roll.lots import read_lots
from imagery.values.texts import LONGEST_ID, LONGEST_TEXT, clean_ids, clean_texts, find_bad_texts
from roofwatch.config import read_city

ODD = {
    "100 A\u0007 ST": "100 A ST",
    "106 \u001b[31mA\u001b[0m ST": "106 [31mA[0m ST",
    "104 B\u000b ST\u000c": "104 B  ST",
    "110 B\ufffe ST": "110 B ST",
    "110 B\U0001ffff ST": "110 B ST",
    "102 C\u202e TS": "102 C TS",
    "114 C\r\nST\u0085": "114 C ST",
    "1 Row\nUnit\t2\x00": "1 Row Unit 2",
    "9 \u2028Elm\u2029": "9  Elm",
    "\ufeff7 ELM": "7 ELM",
}
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)


@pytest.mark.parametrize("text", ODD)
def test_odd_texts(text: str) -> None:
    assert clean_texts(pd.Series([text])).tolist() == [ODD[text]]


@pytest.mark.parametrize("text", ["", " 12  ELM ST ", "Ñuñoa \u4e1c\u4eac", "=1+1", "a" * 250])
def test_ordinary_texts_stay(text: str) -> None:
    assert clean_texts(pd.Series([text])).tolist() == [text]


@given(TEXT)
def test_clean_texts_fit_every_product(text: str) -> None:
    """One line, short, and XML gives it back; cleaning it again changes nothing."""
    (cleaned,) = clean_texts(pd.Series([text])).tolist()
    assert len(cleaned) <= LONGEST_TEXT
    assert cleaned.splitlines() in ([], [cleaned])
    assert all(unicodedata.category(letter) != "Cc" for letter in cleaned)
    assert clean_texts(pd.Series([cleaned])).tolist() == [cleaned]

    element = ElementTree.Element("address", text=cleaned)
    element.text = cleaned
    read = ElementTree.fromstring(ElementTree.tostring(element, encoding="utf-8"))
    assert (read.text or "") == cleaned == read.get("text")


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=80), max_size=6))
def test_clean_ids_stay_apart_in_every_product(ids: list[str]) -> None:
    """`verify` compares ids as every format holds them; ids that differ here differ there."""
    cleaned = clean_ids(pd.Series(ids, dtype="str"))
    distinct = set(cleaned)
    assert len(set(keys_of(pa.array(sorted(distinct), pa.string())).to_pylist())) == len(distinct)
    assert all(len(text.encode()) <= LONGEST_ID for text in distinct)


def test_a_long_text_is_cut_and_named() -> None:
    texts = pd.Series(["C STREET " * 555, "9 ELM", "8 \ufffd ELM"])
    cleaned = clean_texts(texts)
    assert cleaned.str.len().tolist() == [250, 5, 7]
    assert cleaned.iloc[0].endswith("...")

    trouble = find_bad_texts(texts, cleaned, pd.Series(["A", "B", "C"]), what="[parcels] address")
    assert trouble is not None
    assert trouble.total == 2
    assert trouble.line.startswith(
        "texts of [parcels] address with control characters, lost characters, or more than 250 "
        "characters: 2: 'A' 'C STREET"
    )


def test_parcels_are_clean_and_named(tmp_path: Path) -> None:
    """Each column has one line; blanks at the end of an id are no trouble."""
    path = tmp_path / "lots.gpkg"
    table = {"id": ["A ", "B"], "street": ["1 \x07ELM", "2 ELM"], "ward": ["I\u202e", "II"]}
    boxes = [shapely.box(0, 0, 9, 9), shapely.box(9, 0, 18, 9)]
    gpd.GeoDataFrame(table, geometry=boxes, crs=32618).to_file(path)

    keys = ParcelFile(path=path, id=("id",), address="street", neighborhood="ward")
    lots, troubles = read_lots(keys)

    assert lots["parcel_id"].tolist() == ["A", "B"]
    assert lots["address"].tolist() == ["1 ELM", "2 ELM"]
    assert lots["neighborhood"].tolist() == ["I", "II"]
    assert [trouble.what.split(" with ")[0] for trouble in troubles] == [
        "texts of [parcels] address",
        "texts of [parcels] neighborhood",
    ]


def test_addresses_of_dispatch_are_clean(tmp_path: Path) -> None:
    path = tmp_path / "addresses.csv"
    path.write_text("a\n1 \x07ELM\u202eREAR\n2 ELM\n", encoding="utf-8")
    book = read_addresses(DispatchSettings(addresses=path, address="a"))
    assert book is not None
    assert book.spelled == ("1 ELMREAR", "2 ELM")


@pytest.mark.parametrize("name", ["Case\\u0007ville", "A\\u202Eb", "x" * 251, "\\u6771\\u4eac"])
def test_a_city_name_that_no_product_can_hold(tmp_path: Path, name: str) -> None:
    path = tmp_path / "city.toml"
    for file in ("parcels.gpkg", "vacant.csv"):
        (tmp_path / file).touch()
    path.write_text(
        f'[city]\nname = "{name}"\nworkspace = "w"\n[parcels]\npath = "parcels.gpkg"\nid = "a"\n'
        '[vacant]\npath = "vacant.csv"\nid = "a"\n[[flyover]]\nyear = 2023\npath = "f"\n',
        encoding="utf-8",
    )
    with pytest.raises(ConfigError, match=r"\[city\] name: got"):
        read_city(path)
