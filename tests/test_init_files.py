"""What `roofwatch init` does with odd, damaged and hostile files, and what it never overwrites."""

import os
from pathlib import Path

import pytest
from cities import Roofwatch, make_houses
from init_cases import Delivery


@pytest.fixture
def city(tmp_path: Path, roofwatch: Roofwatch) -> Delivery:
    """Return a delivery with lots, notices and one flyover."""
    delivery = Delivery(folder=tmp_path / "given", roofwatch=roofwatch)
    delivery.write_lots()
    delivery.write_notices()
    delivery.write_photos("imagery/2023/tiles")
    return delivery


def test_nothing_is_overwritten_and_nothing_is_made_before_that_is_known(
    city: Delivery, tmp_path: Path
) -> None:
    """One line each, exit code 3, and the file is what it was."""
    city.out.write_text("mine")
    assert "is there already and is not overwritten" in city.init().error
    assert city.out.read_text() == "mine"

    lost = city.roofwatch("init", tmp_path / "nowhere", "--out", tmp_path / "b.toml")
    assert lost.code == 3
    assert "no folder at" in lost.error
    high = city.roofwatch("init", city.folder, "--out", tmp_path / "no" / "b.toml")
    assert high.code == 3
    assert "no folder" in high.error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["given", "new.toml"]


def test_odd_and_damaged_files_are_lines_and_stop_nothing(city: Delivery, tmp_path: Path) -> None:
    """A pipe, links, names of other encodings, cut-off files: each is named, none is opened."""
    folder = city.folder
    os.mkfifo(folder / "pipe.csv")
    (folder / "gone.csv").symlink_to(folder / "nothing.csv")
    (tmp_path / "outside.csv").write_text("Key,Issued\n0216 001,2021-01-01\n")
    (folder / "out.csv").symlink_to(tmp_path / "outside.csv")
    (folder / "loop").symlink_to(folder)
    (folder / "cash$.csv").write_text("a,b\n1,2\n")
    Path(os.fsdecode(bytes(folder) + b"/\xff.csv")).write_text("a,b\n1,2\n")
    (folder / "cut.gpkg").write_bytes(b"SQLite format 3\0" + b"\0" * 100)
    (folder / "web.gpkg").write_text("<OGRWFSDataSource><URL>http://x</URL></OGRWFSDataSource>")
    (folder / "run.geojson").write_text('{"type": "gdal_streamed_alg", "x": "FeatureCollection"}')
    (folder / "empty.csv").write_text("")
    (folder / "old.zip").write_bytes(b"PK\3\4")
    (folder / "imagery" / "2023" / "tiles" / "bad.tif").write_bytes(b"II*\0" + b"\1" * 30)
    (folder / "imagery" / "2023" / "tiles" / "net.tif").write_text("<GDAL_WMS></GDAL_WMS>")

    assert city.init().code == 0
    for words in (
        "pipes, sockets and devices: 1: 'pipe.csv'",
        "broken links",
        "links that lead out of the folders: 1: 'out.csv'",
        "cash$.csv",
        "names that are not UTF-8",
        "'cut.gpkg'",
        "'web.gpkg': is no .gpkg file inside",
        "'run.geojson': is no .geojson file inside",
        "'empty.csv'",
        "archives: 1: 'old.zip'; unpack them",
        "2 of 6 headers cannot be used",
    ):
        assert words in city.text, words


def test_a_layer_without_a_crs_is_named_with_its_remedy(city: Delivery) -> None:
    """Nothing can be matched on it, so parcels are not settled."""
    (city.folder / "gis" / "base.gpkg").unlink()
    city.write_lots("gis/base.shp")
    (city.folder / "gis" / "base.prj").unlink()
    assert city.init().code == 3
    assert "'base.shp' has places but no CRS" in city.text
    assert "# path: not found; looked for a layer of outlines with a CRS" in city.text


def test_a_workspace_is_no_input(city: Delivery) -> None:
    """What a run left is passed over: its tables would look like lists of the city."""
    city.folder.joinpath("workspace", "2023").mkdir(parents=True)
    for name in ("audit.csv", "mlflow.db", "2023/ledger.csv"):
        (city.folder / "workspace" / name).write_text("parcel_id,year\n0216 001,2023\n")
    city.init()
    assert "workspaces of roofwatch: 1" in city.text
    assert "ledger.csv" not in city.text


def test_names_cannot_break_out_of_comments_or_text(city: Delivery) -> None:
    """Line breaks, quotes and brackets in names of files and columns leave valid TOML."""
    odd = 'No"tice\n[city]\nname = "x"'
    ids = make_houses()["parcel_id"].iloc[::2]
    (city.folder / "lists" / "vbn.csv").unlink()
    city.write_table("lists/v\nbn.csv", **{"Key": ids, odd: ["2021-03-14"] * 12})
    city.init("--yes")
    assert city.section("city")["name"] == "given"
    assert city.section("vacant")["id"] == "Key"
