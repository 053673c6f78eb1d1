"""Imagery on another machine: COGs by ranges, from a web server, an object store, a VRT and STAC lists."""

import json
import subprocess
import sys
import urllib.request
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import rasterio
import shapely
from numpy.typing import NDArray
from one_lot import cut_lot
from rasterio.shutil import copy
from rasterio.transform import from_origin

from imagery.chips.settings import TileSettings
from imagery.errors import InputError, MissingInput
from imagery.flyover.flyover import Flyover, open_flyover
from imagery.flyover.sources import image_files
from roofwatch.config import read_city

METRIC = "EPSG:32618"
LEFT, TOP = 360_000.0, 4_350_064.0
SIDE_PX = 1024
LOT = shapely.box(LEFT + 300, TOP - 310, LEFT + 312, TOP - 304)


@dataclass(kw_only=True)
class Counts:
    """What one test asked of the server."""

    ranges: int = 0
    """Requests for a range."""
    bytes_out: int = 0
    """Bytes of files served."""
    hiccups: int = 0
    """How many requests to answer with 503 first."""


@dataclass(frozen=True, kw_only=True)
class Served:
    """The server as one test sees it: its own top folder and bucket, so that no cache helps."""

    root: Path
    """Folder of the files."""
    address: str
    """127.0.0.1:PORT."""
    bucket: str
    """Name of the top folder and bucket."""

    @property
    def url(self) -> str:
        """Address of the top folder."""
        return f"http://{self.address}/{self.bucket}"

    def counts(self, *, hiccups: int = 0) -> Counts:
        """Return what was asked so far; begin anew, with some failures."""
        with urllib.request.urlopen(f"{self.url}/counts?{hiccups}", timeout=10) as answer:
            return Counts(**json.loads(answer.read()))


def handler(root: Path) -> type[BaseHTTPRequestHandler]:
    """Return a handler of HEAD, GET with ranges, and ListObjects; the first part of every path names a bucket, and all hold the same."""
    asked: dict[str, Counts] = defaultdict(Counts)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

        def do_HEAD(self) -> None:
            self.answer()

        def do_GET(self) -> None:
            self.answer()

        def answer(self) -> None:
            parts = urlsplit(self.path)
            bucket, _, name = parts.path.strip("/").partition("/")
            counts = asked[bucket]
            if name == "counts":
                asked[bucket] = Counts(hiccups=int(parts.query))
                self.send(200, json.dumps(asdict(counts)).encode())
            elif counts.hiccups:
                counts.hiccups -= 1
                self.send(503)
            elif not name and parts.query:
                asks = parse_qs(parts.query)
                self.send(
                    200,
                    listing(
                        root, bucket, asks.get("prefix", [""])[0], deep="delimiter" not in asks
                    ),
                )
            elif "closed" in name:
                self.send(403)
            elif (root / name).is_file():
                self.send_part((root / name).read_bytes(), counts)
            else:
                self.send(404)

        def send_part(self, content: bytes, counts: Counts) -> None:
            asked_range = self.headers.get("Range")
            first, last = 0, len(content) - 1
            if asked_range:
                start, _, end = asked_range.removeprefix("bytes=").partition("-")
                first, last = int(start), min(int(end or last), last)
            part = content[first : last + 1]
            if self.command == "GET":
                counts.bytes_out += len(part)
                counts.ranges += bool(asked_range)
            extra = {"Accept-Ranges": "bytes"} | (
                {"Content-Range": f"bytes {first}-{last}/{len(content)}"} if asked_range else {}
            )
            self.send(206 if asked_range else 200, part, extra)

        def send(
            self, code: int, content: bytes = b"", extra: dict[str, str] | None = None
        ) -> None:
            self.send_response(code)
            for name, value in {**(extra or {}), "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

    return Handler


def listing(root: Path, bucket: str, prefix: str, *, deep: bool) -> bytes:
    """Return what S3 answers to ListObjects; folders below the prefix are named, or gone through where `deep`."""
    names = sorted(str(file.relative_to(root)) for file in root.rglob("*") if file.is_file())
    below = [name for name in names if name.startswith(prefix)]
    files = [name for name in below if deep or "/" not in name[len(prefix) :]]
    folders = sorted(
        {prefix + name[len(prefix) :].split("/")[0] + "/" for name in below if name not in files}
    )
    rows = "".join(
        f"<Contents><Key>{name}</Key><Size>{(root / name).stat().st_size}</Size></Contents>"
        for name in files
    )
    rows += "".join(f"<CommonPrefixes><Prefix>{name}</Prefix></CommonPrefixes>" for name in folders)
    return f'<?xml version="1.0"?><ListBucketResult><Name>{bucket}</Name><Prefix>{prefix}</Prefix><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>'.encode()


def serve(root: Path) -> None:
    """Serve until killed; print the port first. In a process of its own, for GDAL may hold the GIL while it waits for an answer."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler(root)) as server:
        print(server.server_port, flush=True)
        server.serve_forever()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two COGs of noise, about 3 MB each, one east of the other."""
    root = tmp_path_factory.mktemp("served")
    rng = np.random.default_rng(0)
    (root / "year").mkdir()
    for number in (0, 1):
        profile = {
            "driver": "GTiff",
            "width": SIDE_PX,
            "height": SIDE_PX,
            "count": 3,
            "dtype": "uint8",
            "crs": METRIC,
        }
        with rasterio.open(
            root / "plain",
            "w",
            **profile,
            transform=from_origin(LEFT + number * 512, TOP, 0.5, 0.5),
        ) as target:
            target.write(rng.integers(0, 255, (3, SIDE_PX, SIDE_PX)).astype(np.uint8))
        copy(
            root / "plain",
            root / "year" / f"x{number}.tif",
            driver="COG",
            BLOCKSIZE=128,
            COMPRESS="DEFLATE",
            OVERVIEWS="NONE",
        )
    (root / "plain").unlink()
    (root / "year" / "notes.txt").write_text("flown in spring")
    return root


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """The server's host and port."""
    with subprocess.Popen(
        [sys.executable, __file__, str(folder)], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        yield f"127.0.0.1:{int(server.stdout.readline())}"
        server.terminate()


@pytest.fixture
def served(folder: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> Served:
    """The folder as a web server and object store."""
    options = {
        "AWS_S3_ENDPOINT": address,
        "AWS_HTTPS": "NO",
        "AWS_VIRTUAL_HOSTING": "FALSE",
        "AWS_NO_SIGN_REQUEST": "YES",
    }
    for name, value in {**options, "no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}.items():
        monkeypatch.setenv(name, value)
    return Served(root=folder, address=address, bucket=f"b{uuid.uuid4().hex}")


def fly(path: object) -> Flyover:
    return open_flyover(2023, (str(path),))


def shown(flyover: Flyover, lot: shapely.Polygon = LOT) -> NDArray[np.uint8]:
    row = cut_lot(
        lot,
        flyover,
        settings=TileSettings(gsd_m=0.5, margin_m=0, max_side_m=100),
        crs=METRIC,
    )
    assert row.reason == ""
    assert row.chip is not None
    return row.chip.pixels


def expected(folder: Path, name: str = "x0.tif") -> NDArray[np.uint8]:
    """Return the pixels under `LOT`, read from the local file by rasterio."""
    with rasterio.open(folder / "year" / name) as source:
        return np.asarray(source.read(window=((608, 620), (600, 624))), np.uint8)


def assert_partly_read(served: Served, flyover: Flyover) -> None:
    """The chip is right, and most of the COG stayed where it is."""
    np.testing.assert_array_equal(shown(flyover), expected(served.root))
    size = (served.root / "year" / "x0.tif").stat().st_size
    assert size > 2_000_000
    counts = served.counts()
    assert counts.ranges >= 2
    assert 0 < counts.bytes_out < size / 4


@pytest.mark.parametrize("prefix", ["", "/vsicurl/"])
@pytest.mark.parametrize("query", ["", "?sig=secret%2Fkey"])
def test_cog_by_address(served: Served, prefix: str, query: str) -> None:
    """A URL, with or without GDAL's prefix or a signature, is read by ranges."""
    flyover = fly(f"{prefix}{served.url}/year/x0.tif{query}")
    (tile,) = flyover.tiles
    assert (tile.name, tile.remote) == ("x0.tif", True)
    assert_partly_read(served, flyover)


def test_cog_of_an_object_store(served: Served) -> None:
    """s3:// is /vsis3/."""
    flyover = fly(f"s3://{served.bucket}/year/x0.tif")
    assert flyover.tiles[0].path == f"/vsis3/{served.bucket}/year/x0.tif"
    assert_partly_read(served, flyover)


@pytest.mark.parametrize("path", ["/vsis3/{bucket}/year/", "s3://{bucket}/year/"])
def test_folder_of_an_object_store(served: Served, path: str) -> None:
    """A folder is listed, and holds its images only."""
    flyover = fly(path.format(bucket=served.bucket))
    assert [tile.path for tile in flyover.tiles] == [
        f"/vsis3/{served.bucket}/year/x{number}.tif" for number in (0, 1)
    ]
    np.testing.assert_array_equal(shown(flyover), expected(served.root))
    np.testing.assert_array_equal(
        shown(flyover, shapely.affinity.translate(LOT, 512, 0)), expected(served.root, "x1.tif")
    )


def test_empty_folder_of_an_object_store(served: Served) -> None:
    """A folder without images is named."""
    with pytest.raises(MissingInput, match=r"2023: no image file at s3://.*/none/"):
        fly(f"s3://{served.bucket}/none/")


def test_same_bytes_as_local(served: Served) -> None:
    """Across the seam too, remote and local tiles give one chip."""
    seam = shapely.affinity.rotate(shapely.box(LEFT + 506, TOP - 310, LEFT + 518, TOP - 304), 20)
    np.testing.assert_array_equal(
        shown(fly(f"s3://{served.bucket}/year/"), seam), shown(fly(served.root / "year"), seam)
    )


def vrt(path: Path, source: str) -> Path:
    """Write a VRT of one COG."""
    bands = "".join(
        f'<VRTRasterBand dataType="Byte" band="{band}"><SimpleSource><SourceFilename relativeToVRT="0">{source}</SourceFilename><SourceBand>{band}</SourceBand>'
        f'<SourceProperties RasterXSize="{SIDE_PX}" RasterYSize="{SIDE_PX}" DataType="Byte" BlockXSize="128" BlockYSize="128"/></SimpleSource></VRTRasterBand>'
        for band in (1, 2, 3)
    )
    place = f"<SRS>{METRIC}</SRS><GeoTransform>{LEFT}, 0.5, 0, {TOP}, 0, -0.5</GeoTransform>"
    path.write_text(
        f'<VRTDataset rasterXSize="{SIDE_PX}" rasterYSize="{SIDE_PX}">{place}{bands}</VRTDataset>'
    )
    return path


@pytest.mark.parametrize("scheme", ["/vsicurl/{url}/year/x0.tif", "/vsis3/{bucket}/year/x0.tif"])
def test_vrt_of_remote_files(served: Served, tmp_path: Path, scheme: str) -> None:
    """A local mosaic of remote tiles is read by ranges."""
    assert_partly_read(
        served,
        fly(vrt(tmp_path / "mosaic.vrt", scheme.format(url=served.url, bucket=served.bucket))),
    )


def item(href: str, **others: object) -> dict[str, object]:
    """Return a STAC item whose picture is the asset "visual"; other assets come first."""
    visual = {
        "href": href,
        "type": "image/tiff; application=geotiff; profile=cloud-optimized",
        "roles": ["visual"],
    }
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": href,
        "geometry": None,
        "properties": {},
        "assets": {**others, "visual": visual},
    }


COLLECTION, LIST, SINGLE = "collection", "list", "single"


@pytest.mark.parametrize("shape", [COLLECTION, LIST, SINGLE])
@pytest.mark.parametrize("suffix", [".json", ".geojson"])
def test_stac_of_a_web_server(served: Served, tmp_path: Path, shape: str, suffix: str) -> None:
    """Absolute links of an ItemCollection, a list of items or one item are followed."""
    one = item(
        f"{served.url}/year/x0.tif",
        infrared={"href": f"{served.url}/year/x1.tif", "type": "image/tiff", "roles": ["data"]},
    )
    document: object = {
        COLLECTION: {"type": "FeatureCollection", "features": [one]},
        LIST: [one],
        SINGLE: one,
    }[shape]
    path = tmp_path / f"items{suffix}"
    path.write_text(json.dumps(document))
    flyover = fly(path)
    assert [tile.path for tile in flyover.tiles] == [f"/vsicurl/{served.url}/year/x0.tif"]
    assert_partly_read(served, flyover)


def test_stac_beside_its_images(folder: Path, tmp_path: Path) -> None:
    """Relative links start at the list; file:// and absolute ones are taken as they are; nothing but images is read."""
    (tmp_path / "tiles").symlink_to(folder / "year")
    picked = {"data": {"href": "./tiles/x0.tif", "roles": ["data"]}}
    thumb = {
        "thumb": {"href": "./thumb.png", "type": "image/png", "roles": ["thumbnail"]},
        "meta": {"href": "m.xml", "type": "application/xml", "roles": ["data"]},
    }
    for number, assets in enumerate(
        [
            {"visual": {"href": "tiles/x0.tif"}},
            {**thumb, **picked},
            {**thumb, "any": {"href": "tiles/../tiles/x0.tif", "type": "image/vnd.stac.geotiff"}},
            {"visual": {"href": f"file://{tmp_path}/tiles/x0.tif"}},
            {"image": {"href": f"{tmp_path}/tiles/x0.tif", "roles": None}, **thumb},
        ]
    ):
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps({"features": [{"id": "a", "assets": assets}]}))
        flyover = fly(path)
        assert [tile.path for tile in flyover.tiles] == [str(tmp_path / "tiles" / "x0.tif")]
        np.testing.assert_array_equal(shown(flyover), expected(folder))


def test_stac_list_on_the_server(served: Served) -> None:
    """Links of a list that itself is remote start at its address."""
    links = [
        "x0.tif",
        "./x1.tif",
        "../year/x0.tif",
        f"/{served.bucket}/year/x1.tif",
        f"{served.url}/year/x0.tif",
    ]
    path = served.root / "year" / "items.json"
    path.write_text(json.dumps([item(link) for link in links]))
    try:
        flyover = fly(f"{served.url}/year/items.json")
    finally:
        path.unlink()
    assert [tile.path for tile in flyover.tiles] == [
        f"/vsicurl/{served.url}/year/x{number}.tif" for number in (0, 1)
    ]
    assert_partly_read(served, flyover)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cannot be read as a STAC item list"),
        ("{", "cannot be read as a STAC item list"),
        ("3", "holds no STAC item"),
        ("[]", "holds no STAC item"),
        ('{"features": 3}', "holds no STAC item"),
        ('{"features": null}', "holds no STAC item"),
        ('[{"id": "a"}]', "item a in .* has no image asset"),
        ('[{"id": "a", "assets": 3}]', "item a in .* has no image asset"),
        (
            '[{"id": "a", "assets": {"b": {"href": "x.laz", "type": "application/vnd.laszip"}}}]',
            "has b",
        ),
        (
            '[{"id": "a", "assets": {"b": {"href": "gone.tif", "roles": 3}}}]',
            "gone.tif: cannot be opened",
        ),
    ],
)
def test_stac_that_is_none(tmp_path: Path, text: str, message: str) -> None:
    """What is no item list is said in one line."""
    (tmp_path / "items.json").write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        fly(tmp_path / "items.json")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "path",
    [
        "{url}/year/gone.tif",
        "{url}/closed/x0.tif",
        "/vsis3/{bucket}/year/gone.tif",
        "/vsis3/{bucket}/closed/x0.tif",
        "{url}/gone.json",
        "http://127.0.0.1:9/x.tif",
    ],
)
def test_remote_file_that_cannot_be_had(served: Served, path: str) -> None:
    """Gone, closed, or nobody there: one line."""
    with pytest.raises(InputError) as caught:
        fly(path.format(url=served.url, bucket=served.bucket))
    line = str(caught.value)
    assert "\n" not in line
    assert path.rsplit("/", 1)[1] in line


def test_one_of_two_is_gone(served: Served, tmp_path: Path) -> None:
    """A remote file that is gone costs its own parcels alone."""
    path = tmp_path / "items.json"
    path.write_text(
        json.dumps([item(f"{served.url}/year/gone.tif"), item(f"{served.url}/year/x0.tif")])
    )
    flyover = fly(path)
    assert [tile.name for tile in flyover.broken] == ["gone.tif"]
    assert "correct the address or fix the permissions" in flyover.broken[0].problem
    assert_partly_read(served, flyover)


def test_server_that_hiccups(served: Served) -> None:
    """A 503 is asked again, in headers and in pixels."""
    served.counts(hiccups=1)
    flyover = fly(f"{served.url}/year/x0.tif")
    assert served.counts(hiccups=1).hiccups == 0
    np.testing.assert_array_equal(shown(flyover), expected(served.root))
    assert served.counts().hiccups == 0


def test_vanished_between_header_and_pixels(served: Served) -> None:
    """What is lost after the plan is a parcel's reason."""
    path = served.root / "year" / "brief.tif"
    path.write_bytes((served.root / "year" / "x0.tif").read_bytes())
    flyover = fly(f"s3://{served.bucket}/year/brief.tif")
    path.unlink()
    row = cut_lot(
        LOT,
        flyover,
        settings=TileSettings(gsd_m=0.5, margin_m=0, max_side_m=100),
        crs=METRIC,
    )
    assert (row.chip, row.reason, row.tiles) == (None, "unreadable_tile", "brief.tif")


@pytest.mark.parametrize(
    "path",
    [
        "http://host/a b/x.tif",
        "https://host/x.tif?sig=a%2Fb",
        "s3://bucket/year/",
        "gs://bucket/x.tif",
        "az://box/x.tif",
        "HTTPS://host/x.tif",
        "/vsis3/b/x.tif",
        "file:///d/x.tif",
    ],
)
def test_city_file_leaves_addresses_alone(
    tmp_path: Path, tiny_city: Callable[..., Path], city_toml: str, path: str
) -> None:
    """A URL of a flyover passes unharmed, alone or in a list; a relative path becomes absolute."""
    city = tiny_city(
        tmp_path,
        city_toml.replace('path = "flyover/2023"', f'path = ["{path}", "flyover/2023"]').replace(
            'path = "flyover/2024"', f'path = "{path}"'
        ),
    )
    file = read_city(city)
    assert file.source(2023).path == (path, str(tmp_path / "flyover" / "2023"))
    assert file.source(2024).path == (path,)


def test_address_becomes_a_virtual_path() -> None:
    """GDAL's name of every scheme."""
    virtual = {
        "http://h/x.tif": "/vsicurl/http://h/x.tif",
        "https://h/x.tif": "/vsicurl/https://h/x.tif",
        "s3://b/x.tif": "/vsis3/b/x.tif",
        "gs://b/x.tif": "/vsigs/b/x.tif",
        "az://b/x.tif": "/vsiaz/b/x.tif",
    }
    assert {path: image_files(2023, path) for path in virtual} == {
        path: [name] for path, name in virtual.items()
    }


def test_whole_run_from_a_server(
    served: Served,
    tmp_path: Path,
    tiny_city: Callable[..., Path],
    city_toml: str,
    roofwatch: Callable[..., object],
) -> None:
    """`tile` cuts a city whose flyover lies on a web server."""
    city = tiny_city(
        tmp_path, city_toml.replace('path = "flyover/2023"', f'path = "{served.url}/year/x0.tif"')
    )
    ran = roofwatch("tile", city, "--year", 2023, "--executor", "serial", "--quiet", "--json")
    assert (ran.code, ran.err) == (0, "")  # type: ignore[attr-defined]  # the class lives in conftest
    assert ran.answer["counts"] == {"chip": 24, "no_geometry": 1}  # type: ignore[attr-defined]


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
