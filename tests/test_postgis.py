"""Publishing to a real PostGIS: every year in one table, replaced whole, and nothing that another tier may not read."""

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

from gis_export.formats.postgis import publish
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
    roll = make_roll(count)
    for row, address in enumerate(ODD[:count]):
        roll.table.loc[row, "address"] = address
    return build_table(
        make_inputs(roll, make_ledger(roll, hazards) if hazards else None), ExportSettings(crs=crs)
    )


@pytest.fixture(scope="module")
def socket() -> Iterator[Path]:
    with postgres() as folder:
        with psycopg.connect(
            f"postgresql://roofwatch@/postgres?host={folder}", autocommit=True
        ) as connection:
            if (
                connection.execute(
                    "SELECT 1 FROM pg_available_extensions WHERE name = 'postgis'"
                ).fetchone()
                is None
            ):
                pytest.skip("no PostGIS on this machine; apt-get install postgresql-15-postgis-3")
            connection.execute("CREATE DATABASE bare")
            connection.execute("CREATE ROLE guest LOGIN PASSWORD 's3cret/word'")
            connection.execute("CREATE EXTENSION postgis")
        yield folder


@pytest.fixture
def url(socket: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of one test's own."""
    name = f"t{abs(hash(request.node.name))}"
    with psycopg.connect(
        f"postgresql://roofwatch@/postgres?host={socket}", autocommit=True
    ) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE postgres")
        yield f"postgresql://roofwatch@/{name}?host={socket}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def read_back(url: str, query: str) -> gpd.GeoDataFrame:
    engine = sqlalchemy.create_engine(
        url.replace("postgresql:", "postgresql+psycopg:"), poolclass=sqlalchemy.NullPool
    )
    with engine.connect() as connection:
        return gpd.read_postgis(query, connection, geom_col="geom")


def ask(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.parametrize("tier", list(Tier))
def test_the_table_of_a_tier_holds_its_fields_and_no_other(tier: Tier, url: str) -> None:
    rows = make_table().rows
    assert publish(ExportTable(rows=rows), url, schema="roofs", tier=tier, year=2026) == 8
    table = read_back(
        url, f"SELECT * FROM roofs.vacant_roofs_{tier.value.lower()} ORDER BY parcel_id"
    )
    assert list(table.columns) == [
        "flyover_year",
        *(field.alias for field in fields_of(tier)),
        "geom",
    ]
    assert list(table["parcel_id"]) == list(rows["PARCEL_ID"])
    assert table["parcel_id"][0] == "0216 001"
    assert list(table["address"][:5]) == [text.replace("\x00", "") for text in ODD]
    assert list(table["hazard_text"]) == list(rows["RISK_TXT"])
    assert set(table["image_date"]) == {date(2026, 3, 9)}
    assert table.crs == rows.crs
    assert set(table.geom_type) == {"MultiPolygon"}
    assert all(
        mine.equals(theirs) for mine, theirs in zip(table.geometry, rows.geometry, strict=True)
    )
    if tier is Tier.RESPONDER:
        assert not {
            "score",
            "rank",
            "priority",
            "why",
            "notice_date",
            "previous_hazard_level",
        } & set(table.columns)


@pytest.mark.parametrize("hazards", [None, ("NOT ASSESSED",)])
def test_what_was_not_scored_has_no_score_no_rank_and_a_reason(
    hazards: tuple[str, ...] | None, url: str
) -> None:
    publish(
        make_table(hazards=hazards),
        url,
        schema="public",
        tier=Tier.DATA,
        year=2026,
    )
    unscored = read_back(url, "SELECT * FROM vacant_roofs_data WHERE scored = 'N'")
    assert len(unscored) == (2 if hazards is None else 8)
    assert (
        unscored[["score", "score_low", "score_high", "rank", "rank_in_district", "model_version"]]
        .isna()
        .all(axis=None)
    )
    assert set(unscored["hazard_level"]) == {"NA"}
    assert set(unscored["not_assessed_reason"]) == {"outside_imagery"}
    assert ask(
        url, "SELECT count(*) FROM vacant_roofs_data WHERE scored = 'Y' AND score IS NULL"
    ) == [(0,)]


def test_a_year_is_replaced_and_the_others_stay(url: str) -> None:
    first, second = make_table(8).rows, make_table(5, hazards=("LIKELY",)).rows
    publish(ExportTable(rows=first), url, schema="roofs", tier=Tier.HOUSING, year=2025)
    publish(ExportTable(rows=first), url, schema="roofs", tier=Tier.HOUSING, year=2026)
    publish(ExportTable(rows=second), url, schema="roofs", tier=Tier.HOUSING, year=2026)
    counts = ask(
        url,
        "SELECT flyover_year, count(*), count(*) FILTER (WHERE hazard_level = 'LIKELY') FROM roofs.vacant_roofs_housing GROUP BY 1 ORDER BY 1",
    )
    assert counts == [(2025, 8, 2), (2026, 5, 5)]
    assert ask(url, "SELECT DISTINCT flyover_year FROM roofs.vacant_roofs_housing_latest") == [
        (2026,)
    ]
    assert (
        publish(
            ExportTable(rows=second.iloc[:0]), url, schema="roofs", tier=Tier.HOUSING, year=2026
        )
        == 0
    )
    assert ask(url, "SELECT flyover_year, count(*) FROM roofs.vacant_roofs_housing GROUP BY 1") == [
        (2025, 8)
    ]


def test_one_parcel_and_one_without_a_place(url: str) -> None:
    roll = make_roll(2)
    roll.table.loc[1, "geometry"] = None
    publish(
        build_table(make_inputs(roll), ExportSettings()),
        url,
        schema="roofs",
        tier=Tier.RESPONDER,
        year=2026,
    )
    publish(make_table(1), url, schema="roofs", tier=Tier.HOUSING, year=2026)
    assert ask(
        url, "SELECT parcel_id, geom IS NULL FROM roofs.vacant_roofs_responder ORDER BY 1"
    ) == [("0216 001", False), ("0217 001", True)]
    assert ask(url, "SELECT count(*) FROM roofs.vacant_roofs_housing") == [(1,)]


def test_the_table_says_what_it_is_and_has_key_and_index(url: str) -> None:
    publish(make_table(), url, schema="roofs", tier=Tier.RESPONDER, year=2026)
    assert ask(url, "SELECT obj_description('roofs.vacant_roofs_responder'::regclass)") == [
        (USE_LIMIT,)
    ]
    comments = ask(
        url,
        "SELECT col_description('roofs.vacant_roofs_responder'::regclass, n) FROM generate_series(1, 18) n",
    )
    assert [text for (text,) in comments][1:17] == [
        field.meaning for field in fields_of(Tier.RESPONDER)
    ]
    indexes = [
        str(definition)
        for (definition,) in ask(url, "SELECT indexdef FROM pg_indexes WHERE schemaname = 'roofs'")
    ]
    assert any("UNIQUE" in text and "(flyover_year, parcel_id)" in text for text in indexes)
    assert any("USING gist (geom)" in text for text in indexes)
    assert ask(
        url,
        "SELECT type, srid, coord_dimension FROM geometry_columns WHERE f_table_name = 'vacant_roofs_responder'",
    ) == [("MULTIPOLYGON", 2248, 2)]
    near = "ST_MakeEnvelope(1415000, 593000, 1415010, 593010, 2248)"
    assert ask(url, f"SELECT parcel_id FROM roofs.vacant_roofs_responder WHERE geom && {near}") == [
        ("0216 001",)
    ]


def test_a_run_that_fails_leaves_the_old_rows(url: str) -> None:
    publish(make_table(), url, schema="roofs", tier=Tier.HOUSING, year=2026)
    twice = make_table(2)
    twice.rows["PARCEL_ID"] = "0216 001"
    with pytest.raises(InputError, match=r"duplicate key.*nothing was changed"):
        publish(twice, url, schema="roofs", tier=Tier.HOUSING, year=2026)
    assert ask(url, "SELECT count(*) FROM roofs.vacant_roofs_housing") == [(8,)]


def test_readers_see_the_old_rows_until_the_new_ones_are_in(url: str) -> None:
    publish(make_table(), url, schema="roofs", tier=Tier.HOUSING, year=2026)
    with psycopg.connect(url) as reader:
        reader.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        assert reader.execute("SELECT count(*) FROM roofs.vacant_roofs_housing").fetchone() == (8,)
        writer = threading.Thread(
            target=publish,
            args=(make_table(3), url),
            kwargs={"schema": "roofs", "tier": Tier.HOUSING, "year": 2026},
        )
        writer.start()
        writer.join(timeout=60)
        assert not writer.is_alive()  # an open reader holds up nobody
        assert reader.execute("SELECT count(*) FROM roofs.vacant_roofs_housing").fetchone() == (3,)


def test_another_crs_or_other_columns_are_refused(url: str) -> None:
    publish(make_table(), url, schema="roofs", tier=Tier.HOUSING, year=2026)
    with pytest.raises(
        CrsMismatch, match=r"holds geometry\(MultiPolygon,2248\), got geometry\(MultiPolygon,4326\)"
    ):
        publish(
            make_table(crs="EPSG:4326"),
            url,
            schema="roofs",
            tier=Tier.HOUSING,
            year=2026,
        )
    with psycopg.connect(url) as connection:
        connection.execute("ALTER TABLE roofs.vacant_roofs_housing ADD COLUMN owner text")
    with pytest.raises(
        InputError, match=r"other columns than this version writes, such as owner; rename"
    ):
        publish(make_table(), url, schema="roofs", tier=Tier.HOUSING, year=2026)
    local = make_table().rows.set_crs(
        "+proj=tmerc +lat_0=39 +lon_0=-76.6 +units=m", allow_override=True
    )
    with pytest.raises(CrsMismatch, match=r"does not know the CRS .* set \[export\] crs"):
        publish(ExportTable(rows=local), url, schema="other", tier=Tier.HOUSING, year=2026)


def test_names_cannot_break_out_of_the_statement(url: str) -> None:
    publish(
        make_table(),
        url,
        schema='odd "; DROP TABLE x; --',
        tier=Tier.HOUSING,
        year=2026,
    )
    assert ask(url, """SELECT count(*) FROM "odd ""; DROP TABLE x; --".vacant_roofs_housing""") == [
        (8,)
    ]


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
    with pytest.raises(InputError, match=said) as caught:
        publish(
            make_table(1),
            address.format(socket=socket),
            schema="new",
            tier=Tier.HOUSING,
            year=2026,
        )
    for error in (caught.value, caught.value.__cause__):
        assert "\n" not in str(caught.value)
        assert "WRONG" not in str(error) and "s3cret" not in str(error)


def test_a_role_that_may_only_change_rows_can_publish(url: str, socket: Path) -> None:
    publish(make_table(), url, schema="roofs", tier=Tier.HOUSING, year=2025)
    with psycopg.connect(url) as connection:
        connection.execute("GRANT USAGE ON SCHEMA roofs TO guest")
        connection.execute("GRANT SELECT, INSERT, DELETE ON roofs.vacant_roofs_housing TO guest")
    assert (
        publish(
            make_table(),
            url.replace("roofwatch@", "guest:s3cret%2Fword@"),
            schema="roofs",
            tier=Tier.HOUSING,
            year=2026,
        )
        == 8
    )


def test_without_psycopg_the_remedy_is_named() -> None:
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from gis_export.formats.postgis_connection import connected\n"
        "from imagery.errors import InputError\n"
        "try:\n    connected('postgresql://host/db').__enter__()\n"
        "except InputError as error:\n    print(error)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (
        ended.stdout.strip()
        == "publishing needs psycopg, which is not installed; install roofwatch with its extra: pip install 'roofwatch[postgres]'"
    )


def test_areas_come_back_in_the_units_of_the_city(url: str) -> None:
    """A worked example: a lot of 15 x 72 feet."""
    publish(make_table(1), url, schema="roofs", tier=Tier.DATA, year=2026)
    assert ask(url, "SELECT ST_Area(geom), ST_IsValid(geom) FROM roofs.vacant_roofs_data") == [
        (1080.0, True)
    ]
    assert isinstance(
        read_back(url, "SELECT * FROM roofs.vacant_roofs_data").geometry[0], shapely.MultiPolygon
    )
    assert pd.api.types.is_integer_dtype(
        read_back(url, "SELECT * FROM roofs.vacant_roofs_data")["rank"]
    )
