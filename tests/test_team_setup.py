"""The files of examples/team: they hold no secret, systemd reads them, roles may do what they need.

`python -m benchmarks.team_setup` starts all of it.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
import yaml
from book_cases import FILE, VISIT
from postgres_case import find_program, postgres
from test_postgis import make_table

from benchmarks.team_checks import ALLOWED, REFUSED
from benchmarks.team_place import EXAMPLES, ODD, ROLES
from gis_export.formats.postgis import publish
from gis_export.table.fields import Tier
from labels.book import open_book

UNITS = sorted(EXAMPLES.glob("*.service"))
SECRET = re.compile(r"(?i)\b\w*(password|token|secret)\w*[ ]*[=:][ ]*(?P<value>[^\s#]+)")
PLAIN = re.compile(r"-?/|\$|\.\.\.|\[|\{|'scram-sha-256'|'\w+_password'")
"""What may stand for a secret: a file, a variable, an ellipsis, the name of a method."""


def test_no_file_holds_a_secret() -> None:
    for path in EXAMPLES.iterdir():
        for found in SECRET.finditer(path.read_text(encoding="utf-8")):
            assert PLAIN.match(found["value"]), f"{path.name}: {found[0]}"
    sql = (EXAMPLES / "databases.sql").read_text(encoding="utf-8")
    assert len(re.findall(r" PASSWORD :'\w+'", sql)) == len(re.findall("LOGIN", sql)) == len(ROLES)
    leaked = SECRET.search("PGPASSWORD=hunter2")
    assert leaked
    assert not PLAIN.match(leaked["value"])


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_systemd_reads_the_units_and_finds_them_closed(unit: Path, tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze on this machine; apt-get install systemd")
    text = unit.read_text(encoding="utf-8")
    path = tmp_path / unit.name.replace("@", "@2024")
    path.write_text(re.sub(r"/opt/roofwatch/\S+", "/bin/true", text), encoding="utf-8")

    verified = subprocess.run(
        ["systemd-analyze", "verify", str(path)], capture_output=True, text=True, check=False
    )
    assert (verified.returncode, verified.stderr) == (0, "")
    said = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    exposure = re.search(r"exposure level for \S+: ([\d.]+)", said.stdout)
    assert exposure
    assert float(exposure[1]) < 2, "0 is closed, 10 is open"


def test_containers_publish_the_proxy_alone() -> None:
    compose = yaml.safe_load((EXAMPLES / "compose.yaml").read_text(encoding="utf-8"))
    services = compose["services"]
    assert {name for name, service in services.items() if "ports" in service} == {"proxy"}
    assert services["proxy"]["ports"] == ["443:443"]
    for name in ("mlflow", "desk"):
        assert services[name]["cap_drop"] == ["ALL"]
        assert services[name]["read_only"] is True


@pytest.fixture(scope="module")
def team() -> Iterator[Path]:
    """Return the socket of a server on which databases.sql and readers.sql were run."""
    psql = find_program("psql")
    with postgres() as folder:
        admin = f"postgresql://roofwatch@/postgres?host={folder}"
        with psycopg.connect(admin) as connection:
            query = "SELECT 1 FROM pg_available_extensions WHERE name = 'postgis'"
            if connection.execute(query).fetchone() is None:
                pytest.skip("no PostGIS on this machine; apt-get install postgresql-15-postgis-3")

        def run(name: str, user: str, base: str) -> None:
            secrets = {variable: ODD + role for role, variable in ROLES.items()}
            subprocess.run(
                [psql, "-q", "-h", str(folder), "-U", user, "-d", base, "-f", EXAMPLES / name],
                env={**os.environ, **secrets, "PGPASSWORD": ODD + user},
                capture_output=True,
                check=True,
            )

        run("databases.sql", "roofwatch", "postgres")
        open_book(address(folder, "looks_owner", "looks"))
        for tier in (Tier.RESPONDER, Tier.HOUSING):
            url = address(folder, "roofs_publisher", "gis")
            assert publish(make_table(), url, schema="roofs", tier=tier, year=2024) == 8
        run("readers.sql", "roofs_publisher", "gis")
        yield folder


def address(folder: Path, role: str, base: str) -> str:
    """Return how a role reaches a database, by a password with odd characters."""
    return f"postgresql://{role}:{quote(ODD + role, safe='')}@/{base}?host={folder}"


def test_each_role_does_its_work_and_nothing_else(team: Path) -> None:
    writer = open_book(address(team, "looks_writer", "looks"))
    assert writer.add([VISIT], FILE) == 1
    for role, base, statement in ALLOWED:
        with psycopg.connect(address(team, role, base)) as connection:
            row = connection.execute(statement).fetchone()
        assert row
        assert row[0], f"{role}: {statement}"

    for role, base, statement in REFUSED:
        refused = pytest.raises(psycopg.Error, match=r"permission denied|must be owner|only added")
        with refused, psycopg.connect(address(team, role, base)) as connection:
            connection.execute(statement)
