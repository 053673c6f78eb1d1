"""Imagery on another machine: COGs are read by ranges.

They come from a web server, an object store, a VRT and STAC lists.
"""

import json
import subprocess
import sys
import urllib.request
import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import rasterio
import shapely
from cities import CityBuilder, Roofwatch, write_raster
from numpy.typing import NDArray
from one_lot import cut_lot
from rasterio.shutil import copy

from imagery.chips.settings import TileSettings
from imagery.chips.shards import CutRow
from imagery.errors import InputError, MissingInput
from imagery.flyover.flyover import Flyover, open_flyover
from imagery.flyover.gdal_env import set_network
from imagery.flyover.guard import ImageLimits
from imagery.flyover.remote_reads import StoreFailed
from imagery.flyover.sources import image_files
from roofwatch.config import read_city

METRIC = "EPSG:32618"
LEFT = 360_000.0
TOP = 4_350_064.0
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
        """Return what was asked so far, and start again with some failures."""
        with urllib.request.urlopen(f"{self.url}/counts?{hiccups}", timeout=10) as answer:
            return Counts(**json.loads(answer.read()))


class BucketHandler(BaseHTTPRequestHandler):
    """Answers HEAD, GET with ranges, and ListObjects.

    The first part of every path names a bucket, and all buckets hold the same files.
    """

    protocol_version = "HTTP/1.1"
    root: ClassVar[Path]
    """Folder of the files."""
    asked: ClassVar[dict[str, Counts]] = defaultdict(Counts)
    """What was asked, by bucket."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        """Answer without content."""
        self.answer()

    def do_GET(self) -> None:
        """Answer with content."""
        self.answer()

    def answer(self) -> None:
        """Send counts, a list, a file or an error."""
        address = urlsplit(self.path)
        bucket, _, name = address.path.strip("/").partition("/")
        counts = self.asked[bucket]

        if name == "counts":
            self.asked[bucket] = Counts(hiccups=int(address.query))
            self.send(200, json.dumps(asdict(counts)).encode())
        elif counts.hiccups:
            counts.hiccups -= 1
            self.send(503)
        elif not name and address.query:
            self.send(200, list_objects(self.root, bucket, address.query))
        elif "closed" in name:
            self.send(403)
        elif (self.root / name).is_file():
            self.send_part((self.root / name).read_bytes(), counts)
        else:
            self.send(404)

    def send_part(self, content: bytes, counts: Counts) -> None:
        """Send the range that was asked for, or the whole file."""
        byte_range = self.headers.get("Range")
        first = 0
        last = len(content) - 1
        if byte_range:
            start, _, end = byte_range.removeprefix("bytes=").partition("-")
            first = int(start)
            last = min(int(end or last), last)
        part = content[first : last + 1]

        if self.command == "GET":
            counts.bytes_out += len(part)
            counts.ranges += bool(byte_range)

        headers = {"Accept-Ranges": "bytes"}
        if byte_range:
            headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
        self.send(206 if byte_range else 200, part, headers)

    def send(self, code: int, content: bytes = b"", headers: dict[str, str] | None = None) -> None:
        """Send one answer."""
        self.send_response(code)
        for name, value in {**(headers or {}), "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)


def list_objects(root: Path, bucket: str, query: str) -> bytes:
    """Return what S3 answers to ListObjects.

    Folders below the prefix are named if a delimiter is asked for, and else gone through.
    """
    asks = parse_qs(query)
    prefix = asks.get("prefix", [""])[0]
    is_deep = "delimiter" not in asks

    names = sorted(str(file.relative_to(root)) for file in root.rglob("*") if file.is_file())
    below = [name for name in names if name.startswith(prefix)]
    files = [name for name in below if is_deep or "/" not in name[len(prefix) :]]
    others = [name for name in below if name not in files]
    folders = sorted({prefix + name[len(prefix) :].split("/")[0] + "/" for name in others})

    rows = []
    for name in files:
        size = (root / name).stat().st_size
        rows.append(f"<Contents><Key>{name}</Key><Size>{size}</Size></Contents>")
    for name in folders:
        rows.append(f"<CommonPrefixes><Prefix>{name}</Prefix></CommonPrefixes>")
    head = f"<Name>{bucket}</Name><Prefix>{prefix}</Prefix><IsTruncated>false</IsTruncated>"
    content = "".join([head, *rows])
    return f'<?xml version="1.0"?><ListBucketResult>{content}</ListBucketResult>'.encode()


def serve(root: Path) -> None:
    """Serve until killed; print the port first.

    The server has a process of its own, for GDAL may hold the GIL while it waits for an answer.
    """
    BucketHandler.root = root
    with ThreadingHTTPServer(("127.0.0.1", 0), BucketHandler) as server:
        print(server.server_port, flush=True)
        server.serve_forever()


@pytest.fixture(autouse=True)
def _network() -> None:
    """Let GDAL ask the server: a city without remote imagery, opened before, has forbidden it."""
    set_network(allowed=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two COGs of noise, about 3 MB each, side by side."""
    root = tmp_path_factory.mktemp("served")
    rng = np.random.default_rng(0)
    (root / "year").mkdir()
    plain = root / "plain.tif"
    cog = {"driver": "COG", "BLOCKSIZE": 128, "COMPRESS": "DEFLATE", "OVERVIEWS": "NONE"}

    for number in (0, 1):
        noise = rng.integers(0, 255, (3, SIDE_PX, SIDE_PX)).astype(np.uint8)
        write_raster(plain, noise, left=LEFT + number * SIDE_PX / 2, top=TOP, gsd=0.5, crs=METRIC)
        copy(plain, root / "year" / f"x{number}.tif", **cog)

    plain.unlink()
    (root / "year" / "notes.txt").write_text("flown in spring")
    return root


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """The server's host and port."""
    command = [sys.executable, __file__, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
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
        "no_proxy": "127.0.0.1",
        "NO_PROXY": "127.0.0.1",
    }
    for name, value in options.items():
        monkeypatch.setenv(name, value)
    return Served(root=folder, address=address, bucket=f"b{uuid.uuid4().hex}")


def fly(path: object, *allow: str) -> Flyover:
    """Open a flyover of one path, whose images may also be elsewhere."""
    return open_flyover(2023, (str(path),), limits=ImageLimits(allow=allow))


def cut(flyover: Flyover, lot: shapely.Polygon = LOT) -> CutRow:
    """Cut one lot at 0.5 m."""
    settings = TileSettings(gsd_m=0.5, margin_m=0, max_side_m=100)
    return cut_lot(lot, flyover, settings=settings, crs=METRIC)


def shown(flyover: Flyover, lot: shapely.Polygon = LOT) -> NDArray[np.uint8]:
    """Return the pixels of a chip that must be there, (3, H, W)."""
    row = cut(flyover, lot)
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
    in_second_tile = shapely.affinity.translate(LOT, 512, 0)
    np.testing.assert_array_equal(shown(flyover, in_second_tile), expected(served.root, "x1.tif"))


def test_empty_folder_of_an_object_store(served: Served) -> None:
    """A folder without images is named."""
    with pytest.raises(MissingInput, match=r"2023: no image file at s3://.*/none/"):
        fly(f"s3://{served.bucket}/none/")


def test_same_bytes_as_local(served: Served) -> None:
    """Across the seam too, remote and local tiles give the same chip."""
    seam = shapely.affinity.rotate(shapely.box(LEFT + 506, TOP - 310, LEFT + 518, TOP - 304), 20)
    remote = shown(fly(f"s3://{served.bucket}/year/"), seam)
    local = shown(fly(served.root / "year"), seam)
    np.testing.assert_array_equal(remote, local)


def vrt(path: Path, source: str) -> Path:
    """Write a VRT of one COG."""
    size = f'RasterXSize="{SIDE_PX}" RasterYSize="{SIDE_PX}"'
    properties = f'{size} DataType="Byte" BlockXSize="128" BlockYSize="128"'
    bands = [
        f"""
        <VRTRasterBand dataType="Byte" band="{band}">
          <SimpleSource>
            <SourceFilename relativeToVRT="0">{source}</SourceFilename>
            <SourceBand>{band}</SourceBand>
            <SourceProperties {properties}/>
          </SimpleSource>
        </VRTRasterBand>"""
        for band in (1, 2, 3)
    ]
    place = f"<SRS>{METRIC}</SRS><GeoTransform>{LEFT}, 0.5, 0, {TOP}, 0, -0.5</GeoTransform>"
    head = f'<VRTDataset rasterXSize="{SIDE_PX}" rasterYSize="{SIDE_PX}">'
    path.write_text("\n".join([head, place, *bands, "</VRTDataset>"]))
    return path


@pytest.mark.parametrize("scheme", ["/vsicurl/{url}/year/x0.tif", "/vsis3/{bucket}/year/x0.tif"])
def test_vrt_of_remote_files(served: Served, tmp_path: Path, scheme: str) -> None:
    """A local mosaic of remote tiles is read by ranges."""
    source = scheme.format(url=served.url, bucket=served.bucket)
    mosaic = vrt(tmp_path / "mosaic.vrt", source)
    with pytest.raises(InputError, match=r"which is not of this flyover; .* \[imagery\] allow"):
        fly(mosaic)
    flyover = fly(mosaic, served.url, f"/vsis3/{served.bucket}")
    assert_partly_read(served, flyover)


def item(href: str, **others: object) -> dict[str, object]:
    """Return a STAC item whose picture is the asset "visual"; other assets come first."""
    cog = "image/tiff; application=geotiff; profile=cloud-optimized"
    visual = {"href": href, "type": cog, "roles": ["visual"]}
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": href,
        "geometry": None,
        "properties": {},
        "assets": {**others, "visual": visual},
    }


@pytest.mark.parametrize("shape", ["collection", "list", "single"])
@pytest.mark.parametrize("suffix", [".json", ".geojson"])
def test_stac_of_a_web_server(served: Served, tmp_path: Path, shape: str, suffix: str) -> None:
    """Absolute links of an ItemCollection, a list of items or one item are followed."""
    infrared = {"href": f"{served.url}/year/x1.tif", "type": "image/tiff", "roles": ["data"]}
    single = item(f"{served.url}/year/x0.tif", infrared=infrared)
    documents: dict[str, object] = {
        "collection": {"type": "FeatureCollection", "features": [single]},
        "list": [single],
        "single": single,
    }
    path = tmp_path / f"items{suffix}"
    path.write_text(json.dumps(documents[shape]))

    with pytest.raises(InputError, match=r"is not of this flyover; .* \[imagery\] allow"):
        fly(path)
    flyover = fly(path, served.url)

    assert [tile.path for tile in flyover.tiles] == [f"/vsicurl/{served.url}/year/x0.tif"]
    assert_partly_read(served, flyover)


def test_stac_beside_its_images(folder: Path, tmp_path: Path) -> None:
    """Relative links start at the list, file:// and absolute ones are taken as they are.

    Nothing but images is read.
    """
    (tmp_path / "tiles").symlink_to(folder / "year")
    others = {
        "thumb": {"href": "./thumb.png", "type": "image/png", "roles": ["thumbnail"]},
        "meta": {"href": "m.xml", "type": "application/xml", "roles": ["data"]},
    }
    geotiff = {"href": "tiles/../tiles/x0.tif", "type": "image/vnd.stac.geotiff"}
    lists: list[dict[str, object]] = [
        {"visual": {"href": "tiles/x0.tif"}},
        {**others, "data": {"href": "./tiles/x0.tif", "roles": ["data"]}},
        {**others, "any": geotiff},
        {"visual": {"href": f"file://{tmp_path}/tiles/x0.tif"}},
        {"image": {"href": f"{tmp_path}/tiles/x0.tif", "roles": None}, **others},
    ]

    for number, assets in enumerate(lists):
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps({"features": [{"id": "a", "assets": assets}]}))

        flyover = fly(path, str(folder))

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
    """A file that is not a STAC item list is named in one line."""
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
    """A file that is gone or closed, or a server that does not answer, is one line."""
    with pytest.raises((InputError, StoreFailed)) as caught:
        fly(path.format(url=served.url, bucket=served.bucket))

    line = str(caught.value)
    assert "\n" not in line
    assert path.rsplit("/", 1)[1] in line


def test_one_of_two_is_gone(served: Served, tmp_path: Path) -> None:
    """A remote file that is gone costs its own parcels alone."""
    items = [item(f"{served.url}/year/{name}") for name in ("gone.tif", "x0.tif")]
    path = tmp_path / "items.json"
    path.write_text(json.dumps(items))

    flyover = fly(path, served.url)

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
    """A file that is lost after its header was read becomes a parcel's reason."""
    path = served.root / "year" / "brief.tif"
    path.write_bytes((served.root / "year" / "x0.tif").read_bytes())
    flyover = fly(f"s3://{served.bucket}/year/brief.tif")
    path.unlink()

    row = cut(flyover)

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
    tmp_path: Path, tiny_city: CityBuilder, city_toml: str, path: str
) -> None:
    """A URL of a flyover is kept as it is, alone or in a list; a relative path becomes absolute."""
    text = city_toml.replace('path = "flyover/2023"', f'path = ["{path}", "flyover/2023"]')
    text = text.replace('path = "flyover/2024"', f'path = "{path}"')

    file = read_city(tiny_city(tmp_path, text))

    assert file.source(2023).path == (path, str(tmp_path / "flyover" / "2023"))
    assert file.source(2024).path == (path,)


def test_address_becomes_a_virtual_path() -> None:
    """Every scheme has its GDAL name."""
    virtual = {
        "http://h/x.tif": "/vsicurl/http://h/x.tif",
        "https://h/x.tif": "/vsicurl/https://h/x.tif",
        "s3://b/x.tif": "/vsis3/b/x.tif",
        "gs://b/x.tif": "/vsigs/b/x.tif",
        "az://b/x.tif": "/vsiaz/b/x.tif",
    }
    for path, name in virtual.items():
        assert image_files(2023, path) == [name]


def test_whole_run_from_a_server(
    served: Served,
    tmp_path: Path,
    tiny_city: CityBuilder,
    city_toml: str,
    roofwatch: Roofwatch,
) -> None:
    """`tile` cuts a city whose flyover is on a web server."""
    url = f'path = "{served.url}/year/x0.tif"'
    city = tiny_city(tmp_path, city_toml.replace('path = "flyover/2023"', url))

    ran = roofwatch("tile", city, "--year", 2023, "--executor", "serial", "--quiet", "--json")

    assert (ran.code, ran.err) == (0, "")
    assert ran.answer["counts"] == {"chip": 24, "no_geometry": 1}


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
