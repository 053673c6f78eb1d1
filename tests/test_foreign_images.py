"""A flyover from outside makes the machine read no other file and ask no host."""

import http.server
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
from cities import CityBuilder, RasterWriter, Roofwatch

from imagery.flyover.flyover import open_flyover
from imagery.flyover.guard import ImageLimits
from imagery.flyover.headers import read_header

QUICK = ("--executor", "serial", "--quiet")


class Host:
    """A server on this machine that counts who asks."""

    def __init__(self) -> None:
        """Start it."""
        self.asked: list[str] = []
        asked = self.asked

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_error(404)

            do_HEAD = do_GET

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def host() -> Iterator[Host]:
    """Yield a running server."""
    host = Host()
    yield host
    host.server.shutdown()
    host.server.server_close()


def wms(url: str) -> str:
    """Return the description of a map service, as GDAL reads it."""
    return (
        f'<GDAL_WMS><Service name="TMS"><ServerUrl>{url}/${{z}}/${{x}}/${{y}}.png</ServerUrl>'
        "</Service><DataWindow><UpperLeftX>0</UpperLeftX><UpperLeftY>1</UpperLeftY><LowerRightX>1"
        "</LowerRightX><LowerRightY>0</LowerRightY><TileLevel>2</TileLevel><TileCountX>1"
        "</TileCountX><TileCountY>1</TileCountY></DataWindow><BlockSizeX>64</BlockSizeX>"
        "<BlockSizeY>64</BlockSizeY><BandsCount>3</BandsCount></GDAL_WMS>"
    )


def raw_vrt(source: str) -> str:
    """Return a VRT that takes the bytes of any file for pixels."""
    return (
        '<VRTDataset rasterXSize="8" rasterYSize="8"><SRS>EPSG:32618</SRS>'
        "<GeoTransform>360000, 1, 0, 4350000, 0, -1</GeoTransform>"
        '<VRTRasterBand dataType="Byte" band="1" subClass="VRTRawRasterBand">'
        f'<SourceFilename relativeToVRT="0">{source}</SourceFilename><ImageOffset>0</ImageOffset>'
        "<PixelOffset>1</PixelOffset><LineOffset>8</LineOffset></VRTRasterBand></VRTDataset>"
    )


def mosaic(source: str) -> str:
    """Return a VRT of one image."""
    return (
        '<VRTDataset rasterXSize="8" rasterYSize="8"><VRTRasterBand dataType="Byte" band="1">'
        f"<SimpleSource><SourceFilename>{source}</SourceFilename></SimpleSource></VRTRasterBand>"
        "</VRTDataset>"
    )


def overview_elsewhere(url: str) -> str:
    """Return an .aux.xml whose overview is at an address."""
    item = f'<MDI key="OVERVIEW_FILE">/vsicurl/{url}/x.tif</MDI>'
    return f'<PAMDataset><Metadata domain="OVERVIEWS">{item}</Metadata></PAMDataset>'


def test_no_description_is_opened_in_the_place_of_an_image(
    tmp_path: Path, host: Host, tiny_city: CityBuilder, roofwatch: Roofwatch
) -> None:
    """`check` names each, nobody is asked, and the sound tiles are used."""
    city = tiny_city(tmp_path / "city")
    folder = city.parent / "flyover" / "2023"
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(range(64)))
    files = {
        "a.tif": wms(host.url),
        "b.tif": raw_vrt(str(secret)),
        "c.vrt": raw_vrt(str(secret)),
        "d.vrt": mosaic(f"/vsicurl/{host.url}/x.tif"),
        "e.vrt": mosaic(wms(host.url).replace("<", "&lt;")),
        "f.vrt": mosaic("a.tif"),
        "g.vrt": mosaic("c.vrt"),
        "h.jpg": '{"type": "Feature", "stac_version": "1.0.0"}',
    }
    for name, text in files.items():
        (folder / name).write_text(text)

    problems = {tile.name: tile.problem for tile in open_flyover(2023, (str(folder),)).broken}
    assert set(problems) == set(files)
    for name in ("a.tif", "b.tif", "h.jpg"):
        assert "is a text that describes imagery elsewhere, not an image" in problems[name]
    for name in ("c.vrt", "d.vrt", "e.vrt", "g.vrt"):
        assert "which is not of this flyover; " in problems[name]
        assert "[imagery] allow" in problems[name]
    assert "a.tif, which describes imagery elsewhere" in problems["f.vrt"]

    ran = roofwatch("check", city, "--year", 2023, *QUICK)
    assert (ran.code, "a.tif" in ran.out) == (0, True)
    assert roofwatch("tile", city, "--year", 2023, *QUICK).code == 0
    assert host.asked == []


@pytest.mark.parametrize("name", ["x.tif.ovr", "x.tif.msk", "x.tif.aux.xml", "inside"])
def test_side_files_that_lead_elsewhere(
    name: str,
    tmp_path: Path,
    host: Host,
    write_raster: RasterWriter,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The overview that the metadata of a TIFF names is not asked for either."""
    path = write_raster(tmp_path / "x.tif", np.zeros((3, 64, 64), np.uint8))
    if name == "inside":
        with rasterio.open(path, "r+") as image:
            image.update_tags(ns="OVERVIEWS", OVERVIEW_FILE=f"/vsicurl/{host.url}/x.tif")
    elif name.endswith(".aux.xml"):
        (tmp_path / name).write_text(overview_elsewhere(host.url))
    else:
        (tmp_path / name).write_text(wms(host.url))

    for key in ("GDAL_HTTP_PROXY", "CPL_VSIL_CURL_ALLOWED_EXTENSIONS"):
        monkeypatch.delenv(key, raising=False)
    tile = read_header(str(path))
    if name != "inside":
        assert f"has {name} beside it" in tile.problem
    else:
        assert "names an overview elsewhere" in tile.problem
    assert host.asked == []


def test_links_to_folders_are_followed_inside_the_flyover_only(
    tmp_path: Path, write_raster: RasterWriter
) -> None:
    """The others are named; [imagery] allow lets them in."""
    flyover = tmp_path / "flyover"
    elsewhere = tmp_path / "elsewhere"
    for folder in (flyover / "north", elsewhere):
        folder.mkdir(parents=True)
        pixels = np.full((3, 64, 64), 90, np.uint8)
        write_raster(folder / f"{folder.name}.tif", pixels)
    (flyover / "again").symlink_to(flyover / "north")
    (flyover / "out").symlink_to(elsewhere)
    (flyover / "all").symlink_to("/")

    found = open_flyover(2023, (str(flyover),))
    assert {tile.name for tile in found.tiles} == {"north.tif"}
    assert {tile.name for tile in found.broken} == {"out", "all"}
    assert all("is not of this flyover" in tile.problem for tile in found.broken)

    limits = ImageLimits(allow=(str(elsewhere),))
    found = open_flyover(2023, (str(flyover),), limits=limits)
    assert {tile.name for tile in found.tiles} == {"north.tif", "elsewhere.tif"}
    assert {tile.name for tile in found.broken} == {"all"}


def test_names_that_are_no_utf8(tmp_path: Path, write_raster: RasterWriter) -> None:
    """Such a file is named, and costs the others nothing."""
    write_raster(tmp_path / "sound.tif", np.full((3, 64, 64), 90, np.uint8))
    odd = os.fsencode(tmp_path) + b"/t\xefle.tif"
    with open(odd, "wb") as stream:  # noqa: PTH123  # a name in bytes
        stream.write((tmp_path / "sound.tif").read_bytes())
    found = open_flyover(2023, (str(tmp_path),))
    assert "sound.tif" in {tile.name for tile in found.tiles}
    assert len(found.tiles) + len(found.broken) == 2
