"""Where `benchmarks.team_setup` sets a team up: folders, ports, passwords, and the example files.

The files of examples/team are used as they are, with the paths, ports and names of this trial in
the place of those of a server.
"""

import grp
import os
import secrets
import socket
import string
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

EXAMPLES = Path(__file__).parents[1] / "examples" / "team"
MLFLOW = "roofwatch-mlflow.service"
DESK = "roofwatch-desk@.service"
YEAR = "2024"
READERS = 20
"""People at the desk."""
ODD = "p@s/s:w%r#d "
"""Characters that spoil an address or a file of passwords that is not written with care."""
ROLES = {
    "mlflow": "MLFLOW_PASSWORD",
    "looks_owner": "LOOKS_OWNER_PASSWORD",
    "looks_writer": "LOOKS_WRITER_PASSWORD",
    "roofs_publisher": "ROOFS_PUBLISHER_PASSWORD",
    "fire_reader": "FIRE_READER_PASSWORD",
    "housing_reader": "HOUSING_READER_PASSWORD",
}
"""Roles of PostgreSQL, and what databases.sql calls their passwords."""


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Ports of this machine, on its loopback interface."""

    database: int
    """PostgreSQL."""
    mlflow: int
    """MLflow."""
    desk: int
    """The desk."""
    tls: int
    """nginx."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where everything is."""

    root: Path
    """Folder of the trial, instead of /."""
    ports: Ports
    """Ports."""
    passwords: dict[str, str] = field(repr=False)
    """Of each role, of "trainer" at MLflow, and of "postgres"."""
    tokens: dict[str, str] = field(repr=False)
    """Token of each reader of the desk."""

    @property
    def etc(self) -> Path:
        """Return where secrets and certificates are."""
        return self.root / "etc"

    @property
    def logs(self) -> Path:
        """Return where every server writes its log."""
        return self.root / "log"

    @property
    def city(self) -> Path:
        """Return the folder of the city."""
        return self.root / "city"

    @property
    def city_file(self) -> Path:
        """Return the city file."""
        return self.city / "city.toml"

    @property
    def desk(self) -> str:
        """Return the address of the desk."""
        return f"https://localhost:{self.ports.tls}"

    @property
    def mlflow(self) -> str:
        """Return the address of MLflow."""
        return f"https://127.0.0.1:{self.ports.tls}"

    @property
    def environment(self) -> dict[str, str]:
        """Return what a person's commands find in their environment."""
        return {
            "PGPASSWORD": self.passwords["looks_writer"],
            "MLFLOW_TRACKING_USERNAME": "trainer",
            "MLFLOW_TRACKING_PASSWORD": self.passwords["trainer"],
            "MLFLOW_TRACKING_SERVER_CERT_PATH": str(self.etc / "tls" / "ca.pem"),
        }

    def fill(self, name: str) -> str:
        """Return a file of examples/team with our paths, ports and names."""
        ports = self.ports
        text = (EXAMPLES / name).read_text(encoding="utf-8")
        for theirs, ours in (
            ("https://desk.city.example", self.desk),
            ("https://mlflow.city.example", self.mlflow),
            ("--allowed-hosts mlflow.city.example", f"--allowed-hosts 127.0.0.1:{ports.tls}"),
            ("server_name desk.city.example", "server_name localhost"),
            ("server_name mlflow.city.example", "server_name 127.0.0.1"),
            ("listen 443 ssl", f"listen 127.0.0.1:{ports.tls} ssl"),
            ("/opt/roofwatch/.venv/bin/", f"{Path(sys.executable).parent}/"),
            ("/etc/roofwatch", str(self.etc)),
            ("/var/lib/roofwatch-mlflow", str(self.root / "mlflow")),
            ("/var/log/nginx", str(self.logs)),
            ("/srv/roofwatch", str(self.city)),
            ("HOME=/tmp", f"HOME={self.root / 'private'}"),
            ("127.0.0.1:5432", f"127.0.0.1:{ports.database}"),
            ("127.0.0.1:5000", f"127.0.0.1:{ports.mlflow}"),
            ("--port 5000", f"--port {ports.mlflow}"),
            ("127.0.0.1:8765", f"127.0.0.1:{ports.desk}"),
            ("--port 8765", f"--port {ports.desk}"),
        ):
            text = text.replace(theirs, ours)
        return text


def make_place(root: Path) -> Place:
    """Make folders, passwords, tokens and certificates below an empty folder."""
    names = ("etc/tls", "log", "mlflow", "private", "nginx")
    for name in names:
        (root / name).mkdir(parents=True)
    people = (*ROLES, "postgres", "trainer")
    database, mlflow, desk, tls = free_ports(4)
    place = Place(
        root=root,
        ports=Ports(database=database, mlflow=mlflow, desk=desk, tls=tls),
        passwords={name: ODD.strip() + secrets.token_hex(16) for name in people},
        tokens={f"Reader {letter}": secrets.token_hex(24) for letter in reader_letters()},
    )
    _write_secrets(place)
    _make_certificates(place.etc / "tls")
    return place


def reader_letters() -> str:
    """Return a letter for each reader."""
    return string.ascii_uppercase[:READERS]


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _write_secrets(place: Place) -> None:
    """Write what the units read: each file for its owner alone."""
    said = subprocess.run(
        ["openssl", "passwd", "-6", "-stdin"],
        input=place.passwords["trainer"],
        capture_output=True,
        text=True,
        check=True,
    )
    desk = {**place.environment, "MLFLOW_TRACKING_SERVER_CERT_PATH": ""}
    files = {
        "mlflow.env": f"PGPASSWORD='{place.passwords['mlflow']}'\n",
        "desk.env": "".join(f"{name}='{text}'\n" for name, text in desk.items() if text),
        "desk_tokens": "".join(f"{token} {who}\n" for who, token in place.tokens.items()),
        "mlflow_people": f"trainer:{said.stdout.strip()}\n",
        "postgres_password": place.passwords["postgres"],
    }
    for name, text in files.items():
        path = place.etc / name
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
    if not os.geteuid():
        os.chown(place.etc / "mlflow_people", -1, grp.getgrnam("www-data").gr_gid)
        (place.etc / "mlflow_people").chmod(0o640)


def _make_certificates(folder: Path) -> None:
    """Make an authority of our own, and a certificate for this machine signed by it."""
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    authority = ["-x509", "-days", "30", "-subj", "/CN=trial authority"]
    server = ["-x509", "-days", "30", "-subj", "/CN=localhost", "-addext", names]
    server += ["-addext", "basicConstraints=critical,CA:FALSE"]
    signed_by = ["-CA", str(folder / "ca.pem"), "-CAkey", str(folder / "ca.key")]
    for name, words in (("ca", authority), ("city", [*server, *signed_by])):
        files = ["-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.pem")]
        subprocess.run(["openssl", "req", *key, *words, *files], capture_output=True, check=True)
