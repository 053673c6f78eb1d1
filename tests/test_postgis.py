"""Publishing to a real PostGIS: every year in one table, replaced whole.

A table holds nothing that its tier may not read.
"""

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import geopandas as gpd
import pandas as pd
import psycopg
import pytest
import shapely
import sqlalchemy
from export_cases import make_inputs, make_ledger, make_roll
from postgres_case import postgres

from gis_export.formats.postgis import count_replaced, publish
from gis_export.table.export_table import ExportTable
from gis_export.table.fields import Tier, fields_of
from gis_export.table.rows import build_table
from gis_export.table.settings import ExportSettings
from imagery.errors import CrsMismatch, InputError
from inference.hazard import USE_LIMIT

ODD = (
    '1 Peña & <b>Réunion</b> St "rear"',
    "=cmd()",
    "2 Main St\nUnit\t3 \\N",
    "\\.",
    "zero\x00byte 'quoted'",
)


def make_table(
    count: int = 8, *, hazards: tuple[str, ...] | None = None, crs: str = ""
) -> ExportTable:
    """Return the table of a small city with odd addresses."""
    roll = make_roll(count)
    for row, address in enumerate(ODD[:count]):
        roll.table.loc[row, "address"] = address
    ledger = make_ledger(roll, hazards) if hazards else None
    return build_table(make_inputs(roll, ledger), ExportSettings(crs=crs))


@pytest.fixture(scope="module")
def socket() -> Iterator[Path]:
    """Return the folder of the socket of a server with PostGIS."""
    has_postgis = "SELECT 1 FROM pg_available_extensions WHERE name = 'postgis'"
    with postgres() as folder:
        url = f"postgresql://roofwatch@/postgres?host={folder}"
        with psycopg.connect(url, autocommit=True) as connection:
            if connection.execute(has_postgis).fetchone() is None:
                pytest.skip("no PostGIS on this machine; apt-get install postgresql-15-postgis-3")
            connection.execute("CREATE DATABASE bare")
            connection.execute("CREATE ROLE guest LOGIN PASSWORD 's3cret/word'")
            connection.execute("CREATE EXTENSION postgis")
        yield folder


@pytest.fixture
def url(socket: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """Return the address of a database of one test's own."""
    name = f"t{abs(hash(request.node.name))}"
    server_url = f"postgresql://roofwatch@/postgres?host={socket}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE postgres")
        yield f"postgresql://roofwatch@/{name}?host={socket}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def read_back(url: str, query: str) -> gpd.GeoDataFrame:
    """Return the rows of a query with their geometry."""
    engine = sqlalchemy.create_engine(
        url.replace("postgresql:", "postgresql+psycopg:"), poolclass=sqlalchemy.NullPool
    )
    with engine.connect() as connection:
        return gpd.read_postgis(query, connection, geom_col="geom")


def ask(url: str, query: str) -> list[tuple[object, ...]]:
    """Return the rows of a query."""
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.parametrize("tier", list(Tier))
def test_the_table_of_a_tier_holds_its_fields_and_no_other(tier: Tier, url: str) -> None:
    rows = make_table().rows
    query = f"SELECT * FROM roofs.vacant_roofs_{tier.value.lower()} ORDER BY parcel_id"
    names = [field.alias for field in fields_of(tier)]

    assert publish(ExportTable(rows=rows), url, schema="roofs", tier=tier, year=2026) == 8

    table = read_back(url, query)
    assert list(table.columns) == ["flyover_year", *names, "geom"]
    assert list(table["parcel_id"]) == list(rows["PARCEL_ID"])
    assert table["parcel_id"][0] == "0216 001"
    assert list(table["address"][:5]) == [text.replace("\x00", "") for text in ODD]
    assert list(table["hazard_text"]) == list(rows["RISK_TXT"])
    assert set(table["image_date"]) == {date(2026, 3, 9)}
    assert table.crs == rows.crs
    assert set(table.geom_type) == {"MultiPolygon"}
    for published, written in zip(table.geometry, rows.geometry, strict=True):
        assert published.equals(written)

    hidden = {"score", "rank", "priority", "why", "notice_date", "previous_hazard_level"}
    if tier is Tier.RESPONDER:
        assert not hidden & set(table.columns)


@pytest.mark.parametrize("hazards", [None, ("NOT ASSESSED",)])
def test_what_was_not_scored_has_no_score_no_rank_and_a_reason(
    hazards: tuple[str, ...] | None, url: str
) -> None:
    empty = ["score", "score_low", "score_high", "rank", "rank_in_district", "model_version"]
    scored_without_score = (
        "SELECT count(*) FROM vacant_roofs_data WHERE scored = 'Y' AND score IS NULL"
    )

    publish(make_table(hazards=hazards), url, schema="public", tier=Tier.DATA, year=2026)

    unscored = read_back(url, "SELECT * FROM vacant_roofs_data WHERE scored = 'N'")
    assert len(unscored) == (2 if hazards is None else 8)
    assert unscored[empty].isna().all(axis=None)
    assert set(unscored["hazard_level"]) == {"NA"}
    assert set(unscored["not_assessed_reason"]) == {"outside_imagery"}
    assert ask(url, scored_without_score) == [(0,)]


def test_a_year_is_replaced_and_the_others_stay(url: str) -> None:
    first = make_table(8)
    second = make_table(5, hazards=("LIKELY",))
    none = ExportTable(rows=second.rows.iloc[:0])
    latest_year = "SELECT DISTINCT flyover_year FROM roofs.vacant_roofs_housing_latest"
    count_by_year = (
        "SELECT flyover_year, count(*), count(*) FILTER (WHERE hazard_level = 'LIKELY') "
        "FROM roofs.vacant_roofs_housing GROUP BY 1 ORDER BY 1"
    )

    publish(first, url, schema="roofs", tier=Tier.HOUSING, year=2025)
    publish(first, url, schema="roofs", tier=Tier.HOUSING, year=2026)
    publish(second, url, schema="roofs", tier=Tier.HOUSING, year=2026)
    assert ask(url, count_by_year) == [(2025, 8, 2), (2026, 5, 5)]
    assert ask(url, latest_year) == [(2026,)]

    assert publish(none, url, schema="roofs", tier=Tier.HOUSING, year=2026) == 0
    assert ask(url, count_by_year) == [(2025, 8, 2)]


def test_a_dry_run_counts_and_creates_nothing(url: str) -> None:
    schemas = "SELECT count(*) FROM pg_namespace WHERE nspname = 'roofs'"
    assert count_replaced(make_table(), url, schema="roofs", tier=Tier.HOUSING, year=2026) == 0
    assert ask(url, schemas) == [(0,)]

    publish(make_table(5), url, schema="roofs", tier=Tier.HOUSING, year=2026)
    assert count_replaced(make_table(), url, schema="roofs", tier=Tier.HOUSING, year=2026) == 5
    assert ask(url, "SELECT count(*) FROM roofs.vacant_roofs_housing") == [(5,)]
    with psycopg.connect(url) as connection:
        connection.execute("ALTER TABLE roofs.vacant_roofs_housing ADD COLUMN owner text")
    with pytest.raises(InputError, match="has other columns than this version writes"):
        count_replaced(make_table(), url, schema="roofs", tier=Tier.HOUSING, year=2026)


def test_one_parcel_and_one_without_a_place(url: str) -> None:
    roll = make_roll(2)
    roll.table.loc[1, "geometry"] = None
    unplaced = "SELECT parcel_id, geom IS NULL FROM roofs.vacant_roofs_responder ORDER BY 1"
    table = build_table(make_inputs(roll), ExportSettings())

    publish(table, url, schema="roofs", tier=Tier.RESPONDER, year=2026)
    publish(make_table(1), url, schema="roofs", tier=Tier.HOUSING, year=2026)

    assert ask(url, unplaced) == [("0216 001", False), ("0217 001", True)]
    assert ask(url, "SELECT count(*) FROM roofs.vacant_roofs_housing") == [(1,)]


def test_the_table_says_what_it_is_and_has_key_and_index(url: str) -> None:
    publish(make_table(), url, schema="roofs", tier=Tier.RESPONDER, year=2026)

    description = ask(url, "SELECT obj_description('roofs.vacant_roofs_responder'::regclass)")
    assert description == [(USE_LIMIT,)]

    meanings = [field.meaning for field in fields_of(Tier.RESPONDER)]
    comments = ask(
        url,
        "SELECT col_description('roofs.vacant_roofs_responder'::regclass, n) "
        f"FROM generate_series(2, {1 + len(meanings)}) n",
    )
    assert [text for (text,) in comments] == meanings

    definitions = ask(url, "SELECT indexdef FROM pg_indexes WHERE schemaname = 'roofs'")
    indexes = [str(definition) for (definition,) in definitions]
    assert any("UNIQUE" in text and "(flyover_year, parcel_id)" in text for text in indexes)
    assert any("USING gist (geom)" in text for text in indexes)

    geometry = ask(
        url,
        "SELECT type, srid, coord_dimension FROM geometry_columns "
        "WHERE f_table_name = 'vacant_roofs_responder'",
    )
    assert geometry == [("MULTIPOLYGON", 2248, 2)]

    near = "ST_MakeEnvelope(1415000, 593000, 1415010, 593010, 2248)"
    found = ask(url, f"SELECT parcel_id FROM roofs.vacant_roofs_responder WHERE geom && {near}")
    assert found == [("0216 001",)]


def test_a_run_that_fails_leaves_the_old_rows(url: str) -> None:
    publish(make_table(), url, schema="roofs", tier=Tier.HOUSING, year=2026)
    twice = make_table(2)
    twice.rows["PARCEL_ID"] = "0216 001"
    with pytest.raises(InputError, match=r"duplicate key.*nothing was changed"):
        publish(twice, url, schema="roofs", tier=Tier.HOUSING, year=2026)
    assert ask(url, "SELECT count(*) FROM roofs.vacant_roofs_housing") == [(8,)]


def test_readers_see_the_old_rows_until_the_new_ones_are_in(url: str) -> None:
    count = "SELECT count(*) FROM roofs.vacant_roofs_housing"
    publish(make_table(), url, schema="roofs", tier=Tier.HOUSING, year=2026)
    with psycopg.connect(url) as reader:
        reader.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        assert reader.execute(count).fetchone() == (8,)

        writer = threading.Thread(
            target=publish,
            args=(make_table(3), url),
            kwargs={"schema": "roofs", "tier": Tier.HOUSING, "year": 2026},
        )
        writer.start()
        writer.join(timeout=60)
        assert not writer.is_alive(), "an open reader delays a writer"
        assert reader.execute(count).fetchone() == (3,)


def test_another_crs_or_other_columns_are_refused(url: str) -> None:
    publish(make_table(), url, schema="roofs", tier=Tier.HOUSING, year=2026)
    degrees = make_table(crs="EPSG:4326")
    local_crs = "+proj=tmerc +lat_0=39 +lon_0=-76.6 +units=m"
    local = ExportTable(rows=make_table().rows.set_crs(local_crs, allow_override=True))

    message = r"holds geometry\(MultiPolygon,2248\), got geometry\(MultiPolygon,4326\)"
    with pytest.raises(CrsMismatch, match=message):
        publish(degrees, url, schema="roofs", tier=Tier.HOUSING, year=2026)

    with psycopg.connect(url) as connection:
        connection.execute("ALTER TABLE roofs.vacant_roofs_housing ADD COLUMN owner text")
    message = r"other columns than this version writes, such as owner; rename"
    with pytest.raises(InputError, match=message):
        publish(make_table(), url, schema="roofs", tier=Tier.HOUSING, year=2026)

    with pytest.raises(CrsMismatch, match=r"does not know the CRS .* set \[export\] crs"):
        publish(local, url, schema="other", tier=Tier.HOUSING, year=2026)


def test_names_cannot_break_out_of_the_statement(url: str) -> None:
    schema = 'odd "; DROP TABLE x; --'
    count = """SELECT count(*) FROM "odd ""; DROP TABLE x; --".vacant_roofs_housing"""

    publish(make_table(), url, schema=schema, tier=Tier.HOUSING, year=2026)

    assert ask(url, count) == [(8,)]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (
            "postgresql://guest:WRONG-pw@/postgres?host={socket}",
            'password authentication failed for user "guest"',
        ),
        (
            "postgresql://guest:s3cret%2Fword@/postgres?host={socket}",
            "permission denied for database postgres; ask its administrator",
        ),
        (
            "postgresql://roofwatch:WRONG-pw@/nowhere?host={socket}",
            'database "nowhere" does not exist',
        ),
        (
            "postgresql://nobody:WRONG-pw@127.0.0.1:1/postgres",
            "cannot connect to 127.0.0.1, database postgres: .*Connection refused",
        ),
        (
            "postgresql://nobody:WRONG-pw@no-such-host.invalid/postgres",
            "cannot connect to no-such-host.invalid, database postgres",
        ),
        (
            "postgresql://roofwatch:WRONG-pw@/bare?host={socket}",
            "database bare has no PostGIS; ask its administrator for CREATE EXTENSION postgis",
        ),
        (
            "postgresql://guest:s3cret/word@/postgres?host={socket}",
            "cannot be read, want postgresql://USER@HOST:PORT/DATABASE",
        ),
        ("postgresql://guest:WRONG-pw@s3cret@host/postgres", "cannot be read"),
        ("postgresql://guest:WRONG%pw@host/postgres", "cannot be read"),
        ("mysql://guest:WRONG-pw@host/postgres", "cannot be read"),
        ("host=/tmp password=WRONG-pw", "cannot be read"),
    ],
)
def test_a_wrong_address_is_one_clear_line_without_the_password(
    address: str, said: str, socket: Path
) -> None:
    url = address.format(socket=socket)
    with pytest.raises(InputError, match=said) as caught:
        publish(make_table(1), url, schema="new", tier=Tier.HOUSING, year=2026)

    assert "\n" not in str(caught.value)
    for error in (caught.value, caught.value.__cause__):
        assert "WRONG" not in str(error)
        assert "s3cret" not in str(error)


def test_a_role_that_may_only_change_rows_can_publish(url: str, socket: Path) -> None:
    publish(make_table(), url, schema="roofs", tier=Tier.HOUSING, year=2025)
    with psycopg.connect(url) as connection:
        connection.execute("GRANT USAGE ON SCHEMA roofs TO guest")
        connection.execute("GRANT SELECT, INSERT, DELETE ON roofs.vacant_roofs_housing TO guest")
    guest_url = url.replace("roofwatch@", "guest:s3cret%2Fword@")
    assert publish(make_table(), guest_url, schema="roofs", tier=Tier.HOUSING, year=2026) == 8


def test_without_psycopg_the_remedy_is_named() -> None:
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from gis_export.formats.postgis_connection import connected\n"
        "from imagery.errors import InputError\n"
        "try:\n    connected('postgresql://host/db').__enter__()\n"
        "except InputError as error:\n    print(error)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == (
        "publishing needs psycopg, which is not installed; "
        "install roofwatch with its extra: pip install 'roofwatch[postgres]'"
    )


def test_areas_come_back_in_the_units_of_the_city(url: str) -> None:
    """A worked example: a lot of 15 x 72 feet."""
    publish(make_table(1), url, schema="roofs", tier=Tier.DATA, year=2026)

    facts = ask(url, "SELECT ST_Area(geom), ST_IsValid(geom) FROM roofs.vacant_roofs_data")
    assert facts == [(1080.0, True)]

    table = read_back(url, "SELECT * FROM roofs.vacant_roofs_data")
    assert isinstance(table.geometry[0], shapely.MultiPolygon)
    assert pd.api.types.is_integer_dtype(table["rank"])
