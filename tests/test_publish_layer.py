"""Publishing to an Esri feature layer: the rows of a year, by parcel, and nothing else."""

import itertools
import shutil
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path

import pytest
import shapely
from cities import DoneCity, Roofwatch
from export_cases import make_inputs, make_ledger, make_roll
from feature_layer import FeatureLayer, fields_as_packed, serve_layer

from gis_export.formats import esri_layer
from gis_export.formats.esri_layer import AGAIN, Counts, apply_plan, plan_layer
from gis_export.formats.esri_target import open_target
from gis_export.table.export_table import ExportTable
from gis_export.table.fields import Tier, fields_of
from gis_export.table.rows import build_table
from gis_export.table.settings import ExportSettings
from imagery.errors import CrsMismatch, InputError, Refused
from imagery.services.client import Client
from imagery.services.service import Service
from imagery.services.settings import SnapshotSettings

QUICK = SnapshotSettings(requests_per_s=100_000, wait_s=0.001, tries=3, page_rows=5)
PASSING = ("429", "500", "error with status 200", "500 after", "half a JSON", "broken off")
"""Faults after which another try helps; the last three come after the edits were done."""


def make_table(count: int = 8, hazards: tuple[str, ...] | None = None) -> ExportTable:
    """Return the table of a small city."""
    roll = make_roll(count)
    ledger = make_ledger(roll, hazards) if hazards else None
    return build_table(make_inputs(roll, ledger), ExportSettings())


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROOFS_TOKEN", "t0p-secret")
    monkeypatch.setattr(esri_layer, "EDIT_ROWS", 3)


@pytest.fixture
def layer() -> Iterator[FeatureLayer]:
    """Yield a layer of housing with two rows of last year."""
    served = FeatureLayer(fields=fields_as_packed(Tier.HOUSING))
    for parcel in ("0216 001", "0999 001"):
        served.add({"PARCEL_ID": parcel, "FLY_YEAR": 2025, "RISK_LVL": "LIKELY", "SCORE": 0.5})
    with serve_layer(served):
        yield served


def client_of(layer: FeatureLayer) -> Client:
    """Return a client of a layer."""
    service = Service(section="", address=layer.url)
    return Client(service=service, settings=QUICK, kept="nothing was changed", again=AGAIN)


def publish(layer: FeatureLayer, table: ExportTable, year: int = 2026) -> Counts:
    """Publish a table and return the counts."""
    plan = plan_layer(table, open_target(client_of(layer)), year)
    if len(plan.edits):
        apply_plan(plan, lambda count: None)
    return plan.counts


def test_the_rows_of_a_year_go_in_and_nothing_else_changes(layer: FeatureLayer) -> None:
    table = make_table()
    others = deepcopy(layer.rows)

    assert publish(layer, table) == Counts(added=8, changed=0, same=0, left=0)
    assert [len(edits["adds"]) for edits in layer.edits] == [3, 3, 2]  # type: ignore[arg-type]  # JSON

    assert {row_id: layer.rows[row_id] for row_id in others} == others
    for field in fields_of(Tier.HOUSING):
        cells = table.rows[field.name].astype(object)
        if field.kind != "date":
            wanted = cells.where(cells.notna() & (cells != ""), None).tolist()
            assert list(layer.values(field.name).values()) == wanted, field.name
    flown = int(datetime(2026, 3, 9, 12, tzinfo=UTC).timestamp() * 1000)
    assert set(layer.values("IMG_DATE").values()) == {flown}

    # What was not scored has no number that could read as low.
    scores = layer.values("SCORE")
    unscored = [parcel for parcel, scored in layer.values("SCORED").items() if scored == "N"]
    assert [scores[parcel] for parcel in unscored] == [None, None]
    assert publish(layer, table) == Counts(added=0, changed=0, same=8, left=0)
    assert len(layer.edits) == 3


def test_an_outline_is_turned_as_esri_wants_it(layer: FeatureLayer) -> None:
    """A worked example: a lot of 15 x 72 feet with a court of 2 x 3, outside clockwise."""
    table = make_table(1)
    left, bottom = 1_415_000, 593_000
    court = shapely.box(left + 5, bottom + 5, left + 7, bottom + 8)
    table.rows.loc[0, "geometry"] = table.shapes[0].difference(court)

    publish(layer, table)

    outer, inner = layer.rows[layer.last_id]["geometry"]["rings"]  # type: ignore[index]  # JSON
    signed = [
        sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in itertools.pairwise(ring)) / 2
        for ring in ([[x - left, y - bottom] for x, y in each] for each in (outer, inner))
    ]
    assert signed == [-15 * 72, 2 * 3]
    assert publish(layer, table).same == 1


def test_a_layer_in_web_mercator_gets_its_own_coordinates(layer: FeatureLayer) -> None:
    layer.wkid = 3857
    table = make_table(3)
    publish(layer, table)

    feature = layer.rows[layer.last_id]["geometry"]
    assert feature["spatialReference"] == {"wkid": 102100, "latestWkid": 3857}  # type: ignore[index]  # JSON
    ring = feature["rings"][0]  # type: ignore[index]  # JSON
    wanted = table.rows.to_crs(3857).geometry.iloc[2]
    assert shapely.Polygon(ring).symmetric_difference(wanted).area < 1e-6
    assert publish(layer, table).same == 3


def test_only_what_differs_is_changed_and_the_citys_own_field_stays(layer: FeatureLayer) -> None:
    table = make_table(8)
    publish(layer, table)
    for row in layer.rows.values():
        row["attributes"]["crew_note"] = "dog"  # type: ignore[index]  # JSON
    layer.edits.clear()

    fewer = ExportTable(rows=table.rows.iloc[:5].copy())
    fewer.rows.loc[2, "RISK_LVL"] = "CONFIRMED"
    assert publish(layer, fewer) == Counts(added=0, changed=1, same=4, left=3)

    assert layer.values("RISK_LVL")["0218 001"] == "CONFIRMED"
    assert set(layer.values("crew_note").values()) == {"dog"}
    assert len(layer.values("RISK_LVL")) == 8  # rows of parcels that are gone are left
    (sent,) = layer.edits
    assert "crew_note" not in sent["updates"][0]["attributes"]  # type: ignore[index]  # JSON


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_leaves_each_row_once(layer: FeatureLayer, fault: str) -> None:
    layer.faults = ["", fault]
    assert publish(layer, make_table()).added == 8
    assert len(layer.rows) == 2 + 8
    assert publish(layer, make_table()).same == 8


@pytest.mark.parametrize("can_roll_back", [True, False])
@pytest.mark.parametrize("fault", ["refused", "500"])
def test_what_fails_for_good_is_undone(
    layer: FeatureLayer, fault: str, *, can_roll_back: bool
) -> None:
    """Four rows are there; the third chunk of new and changed rows fails."""
    publish(layer, make_table(4, ("LIKELY",)))
    layer.can_roll_back = can_roll_back
    before = deepcopy(layer.rows)
    layer.faults = ["", "", *[fault] * (1 if fault == "refused" else 3)]

    with pytest.raises(InputError) as caught:
        publish(layer, make_table(8))

    assert layer.rows == before
    assert "what had been changed was undone; run the same command again" in str(caught.value)
    assert ("Setting of Value for WHY failed" in str(caught.value)) == (fault == "refused")
    assert publish(layer, make_table(8)).changed == 3


def test_where_undoing_fails_too_it_is_said_and_the_next_run_goes_on(layer: FeatureLayer) -> None:
    layer.faults = ["", *["500"] * 6]
    with pytest.raises(InputError, match="some rows are new and others old; run the same command"):
        publish(layer, make_table())
    assert len(layer.rows) == 2 + 3

    assert publish(layer, make_table()) == Counts(added=5, changed=0, same=3, left=0)


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("WHY", None, "WHY is missing, want String of 254"),
        ("FLY_YEAR", None, "FLY_YEAR is missing, want Integer"),
        ("SCORE", {"type": "esriFieldTypeSingle"}, "SCORE is Single, want Double"),
        ("PARCEL_ID", {"length": 20}, "PARCEL_ID holds 20 characters, want 60"),
        ("RANK", {"editable": False}, "RANK cannot be edited"),
        ("SCORE", {"nullable": False}, "SCORE may not be empty"),
    ],
)
def test_a_layer_whose_fields_do_not_fit_is_refused(
    layer: FeatureLayer, name: str, change: dict[str, object] | None, said: str
) -> None:
    if change is None:
        layer.fields.remove(layer.described(name))
    else:
        layer.described(name).update(change)
    for row in layer.rows.values():
        row["attributes"].pop(name)  # type: ignore[attr-defined]  # JSON
    with pytest.raises(InputError, match=f"1 fields of the layer do not fit: {said}.*nothing was"):
        publish(layer, make_table())
    assert not layer.edits


@pytest.mark.parametrize(
    ("info", "said"),
    [
        (
            {"geometryType": "esriGeometryPoint"},
            "holds esriGeometryPoint, want esriGeometryPolygon",
        ),
        ({"capabilities": "Query,Update"}, "does not allow Create, Delete"),
        ({"hasZ": True}, "holds heights"),
        ({"extent": {"spatialReference": {"wkid": 1}}}, "names no CRS that is known"),
    ],
)
def test_another_kind_of_layer_is_refused(
    layer: FeatureLayer, info: dict[str, object], said: str
) -> None:
    layer.info = info
    with pytest.raises(InputError, match=said) as caught:
        publish(layer, make_table())
    assert isinstance(caught.value, CrsMismatch) == ("CRS" in said)
    assert not layer.edits


def test_a_layer_of_no_department_or_of_both_is_refused(layer: FeatureLayer) -> None:
    layer.fields.append({"name": "sign_post", "type": "esriFieldTypeString", "length": 1})
    with pytest.raises(InputError, match="both departments, such as SIGN_POST and CHANGE"):
        publish(layer, make_table())
    layer.fields = layer.fields[:3]
    with pytest.raises(InputError, match="no field of fire's or of housing's own"):
        publish(layer, make_table())


def test_two_rows_of_one_parcel_are_refused(layer: FeatureLayer) -> None:
    for _ in range(2):
        layer.add({"PARCEL_ID": "0217 001", "FLY_YEAR": 2026})
    with pytest.raises(
        InputError, match="1 parcels have more than one row of 2026, the first '0217"
    ):
        publish(layer, make_table())
    assert not layer.edits


def test_a_layer_that_anybody_can_read_gets_nothing(layer: FeatureLayer) -> None:
    layer.token = ""
    with pytest.raises(Refused, match="anybody can read this layer without a token"):
        publish(layer, make_table())
    assert not layer.edits


@pytest.mark.parametrize("value", ["wrong-and-secret", "t0p-secret"])
def test_a_token_is_in_no_message_and_no_address_of_an_edit(
    layer: FeatureLayer, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROOFS_TOKEN", value)
    layer.faults = ["error with status 200"] * 3
    with pytest.raises(InputError) as caught:
        publish(layer, make_table())
    assert value not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not [path for path in layer.paths if "applyEdits" in path and value in path]


def test_days_without_a_time_and_names_in_small_letters(layer: FeatureLayer) -> None:
    layer.described("IMG_DATE")["type"] = "esriFieldTypeDateOnly"
    layer.described("RISK_TXT")["name"] = "risk_txt"
    for row in layer.rows.values():
        row["attributes"]["risk_txt"] = None  # type: ignore[index]  # JSON
    publish(layer, make_table(2))
    assert set(layer.values("IMG_DATE").values()) == {"2026-03-09"}
    assert None not in layer.values("risk_txt").values()
    assert publish(layer, make_table(2)).same == 2


def test_dry_run_counts_and_the_command_publishes(
    tmp_path: Path, done_city: DoneCity, roofwatch: Roofwatch
) -> None:
    shutil.copytree(done_city.path.parent, tmp_path / "city")
    path = tmp_path / "city" / done_city.path.name
    words = ("publish", path, "--year", 2023, "--quiet", "--json", "--to")
    quick = "\n[snapshot]\nwait_s = 0.001\nrequests_per_s = 100000\n"
    path.write_text(path.read_text() + quick)
    log = path.parent / "workspace" / "audit.csv"
    before = log.read_text()

    with serve_layer(FeatureLayer(fields=fields_as_packed(Tier.RESPONDER))) as layer:
        counted = roofwatch(*words, layer.url, "--dry-run")
        assert (counted.code, counted.answer["added"], counted.answer["dry_run"]) == (0, 25, True)
        assert not layer.edits
        assert log.read_text() == before

        ran = roofwatch(*words, layer.url)
        assert (ran.code, ran.answer["added"], ran.answer["tier"]) == (0, 25, "RESPONDER")
        assert len(layer.values("SIGN_POST", 2023)) == 25
        assert "t0p-secret" not in log.read_text()
        added = log.read_text().removeprefix(before).splitlines()
        assert ["begin" in line for line in added] == [True, False]

        literal = roofwatch(*words, layer.url.replace("$ROOFS_TOKEN", "t0p-secret"))
        assert literal.code == 3
        assert "the token itself stands in the address" in literal.err
        assert "t0p-secret" not in literal.err

        bare = roofwatch(*words, layer.url.partition("?")[0])
        assert bare.code == 3
        assert "it answers 499: 'Token Required'; nothing was changed" in bare.err


def test_the_fire_department_reads_addresses_as_dispatch_spells_them(
    tmp_path: Path, done_city: DoneCity, roofwatch: Roofwatch
) -> None:
    """As in the fire pack; the housing department keeps those of the roll."""
    shutil.copytree(done_city.path.parent, tmp_path / "city")
    path = tmp_path / "city" / done_city.path.name
    words = ("publish", path, "--year", 2023, "--quiet", "--json", "--to")

    found = {}
    for tier in (Tier.RESPONDER, Tier.HOUSING):
        with serve_layer(FeatureLayer(fields=fields_as_packed(tier))) as layer:
            assert roofwatch(*words, layer.url).code == 0
            on_roll = layer.values("ADDRESS", 2023)
            spelled = {parcel: text and str(text).swapcase() for parcel, text in on_roll.items()}
            (path.parent / "list.csv").write_text(
                "".join(f"{text}\n" for text in ["address", *filter(None, spelled.values())])
            )
            before = path.read_text()
            path.write_text(f'{before}\n[export.dispatch]\naddresses = "list.csv"\n')
            assert roofwatch(*words, layer.url).code == 0
            path.write_text(before)
            found[tier] = layer.values("ADDRESS", 2023) == spelled
    assert found == {Tier.RESPONDER: True, Tier.HOUSING: False}
