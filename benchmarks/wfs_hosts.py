"""QGIS Server and MapServer on this machine, as CGI programs behind a small server of ours."""

import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

QGIS_SERVER = Path("/usr/lib/cgi-bin/qgis_mapserv.fcgi")
MAPSERVER = Path("/usr/lib/cgi-bin/mapserv")
PYTHON = Path("/usr/bin/python3")
"""Debian's, which knows QGIS."""
LIMIT_S = 120.0
"""Longest time an answer of a program may take."""

WRITE_PROJECT = """
import sys
from qgis.core import QgsApplication, QgsCoordinateReferenceSystem, QgsProject, QgsVectorLayer
app = QgsApplication([], False)
app.initQgis()
project = QgsProject.instance()
*sources, path = sys.argv[1:]
ids = []
for source in sources:
    name = source.rpartition("/")[2].removesuffix(".gpkg")
    layer = QgsVectorLayer(source, name, "ogr")
    project.addMapLayer(layer)
    ids.append(layer.id())
    project.writeEntry("WFSLayersPrecision", "/" + layer.id(), 9)
project.setCrs(QgsCoordinateReferenceSystem("EPSG:4326"))
project.writeEntry("WFSLayers", "/", ids)
project.writeEntry("WFSUrl", "/", "")
assert project.write(path)
"""
"""Publishes each layer, with nine decimals of a degree."""

MAPFILE = """
MAP
  NAME "city"
  PROJECTION "init=epsg:{epsg}" END
  OUTPUTFORMAT
    NAME "geojson"
    DRIVER "OGR/GEOJSON"
    MIMETYPE "application/json; subtype=geojson"
    FORMATOPTION "STORAGE=stream"
    FORMATOPTION "FORM=SIMPLE"
    FORMATOPTION "LCO:COORDINATE_PRECISION=9"
  END
  WEB
    METADATA
      "ows_title" "City"
      "ows_onlineresource" "http://127.0.0.1/wfs"
      "ows_srs" "EPSG:{epsg} EPSG:4326"
      "ows_enable_request" "*"
      {limit}
    END
  END
  LAYER
    NAME "{name}"
    TYPE POLYGON
    STATUS ON
    CONNECTIONTYPE OGR
    CONNECTION "{path}"
    DATA "{name}"
    PROJECTION "init=epsg:{epsg}" END
    METADATA
      "ows_title" "{name}"
      "gml_include_items" "all"
      "gml_types" "auto"
      "gml_featureid" "parcel_id"
      "wfs_getfeature_formatlist" "{formats}"
    END
  END
END
"""


@dataclass(frozen=True, kw_only=True)
class Program:
    """A server that is run once for each question."""

    path: Path
    """The program."""
    environment: Mapping[str, str]
    """What it is told beside the question."""


class Host(ThreadingHTTPServer):
    """Runs a program for each question, one at a time."""

    daemon_threads = True

    def __init__(self, program: Program) -> None:
        """Listen on a free port of this machine."""
        super().__init__(("127.0.0.1", 0), Handler)
        self.program = program
        self.lock = threading.Lock()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: those who ask are killed on purpose."""


class Handler(BaseHTTPRequestHandler):
    """Hands a question to the program, as CGI."""

    server: Host

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer one question."""
        parts = urlsplit(self.path)
        host, _, port = self.headers["Host"].partition(":")
        environment = {
            "GATEWAY_INTERFACE": "CGI/1.1",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "SERVER_NAME": host,
            "SERVER_PORT": port or "80",
            "HTTP_HOST": self.headers["Host"],
            "REQUEST_METHOD": "GET",
            "REQUEST_URI": self.path,
            "SCRIPT_NAME": parts.path,
            "QUERY_STRING": parts.query,
        }
        program = self.server.program
        with self.server.lock:
            ended = subprocess.run(
                [program.path],
                env={"PATH": os.environ["PATH"], **program.environment, **environment},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=LIMIT_S,
                check=False,
            )
        self.pass_on(ended.stdout)

    def pass_on(self, said: bytes) -> None:
        """Send what a program said, head and body."""
        for gap in (b"\r\n\r\n", b"\n\n"):
            head, found, body = said.partition(gap)
            if found:
                break
        lines = [line.partition(":") for line in head.decode("latin-1").splitlines()]
        headers = {name.strip().lower(): text.strip() for name, _, text in lines}
        status = headers.pop("status", "200" if found else "502")
        headers["content-length"] = str(len(body))
        self.send_response(int(status.split()[0]))
        for name, text in headers.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serve(program: Program) -> Iterator[int]:
    """Answer with a program until the block ends; yield the port."""
    with Host(program) as host:
        threading.Thread(target=host.serve_forever, daemon=True).start()
        try:
            yield host.server_port
        finally:
            host.shutdown()


def qgis_server(sources: list[Path], folder: Path) -> Program:
    """Publish files with QGIS Server.

    Args:
        sources: GeoPackages, whose layers are called as the files.
        folder: For the project and what QGIS keeps.

    Raises:
        SystemExit: QGIS cannot write the project, or is not installed.
    """
    project = folder / "city.qgs"
    environment = {"QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(folder)}
    words = [str(PYTHON), "-c", WRITE_PROJECT, *map(str, sources), str(project)]
    ended = subprocess.run(
        words, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    # QGIS may crash when it exits, after the work is done.
    if not project.exists():
        raise SystemExit(f"QGIS wrote no project: {ended.stderr}")
    told = {"QGIS_PROJECT_FILE": str(project), "QGIS_SERVER_LOG_LEVEL": "2", "HOME": str(folder)}
    return Program(path=QGIS_SERVER, environment=environment | told)


def mapserver(
    source: Path, epsg: int, folder: Path, *, has_json: bool, most_rows: int = 0
) -> Program:
    """Publish a file with MapServer.

    Args:
        source: A GeoPackage, whose layer is called as the file.
        epsg: Code of its CRS.
        folder: For its map and settings.
        has_json: Offer GeoJSON too.
        most_rows: Most rows of an answer, which it then takes for their count; 0 for no limit.
    """
    mapfile = folder / f"{source.stem}.map"
    text = MAPFILE.format(
        name=source.stem,
        path=source,
        epsg=epsg,
        formats="geojson" if has_json else "gml",
        limit=f'"wfs_maxfeatures" "{most_rows}"' if most_rows else "",
    )
    mapfile.write_text(text, encoding="utf-8")
    settings = folder / "mapserver.conf"
    settings.write_text('CONFIG\n  ENV\n    MS_MAP_NO_PATH "0"\n  END\nEND\n', encoding="utf-8")
    return Program(
        path=MAPSERVER,
        environment={"MS_MAPFILE": str(mapfile), "MAPSERVER_CONFIG_FILE": str(settings)},
    )
