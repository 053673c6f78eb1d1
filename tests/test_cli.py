"""The command line from end to end on a tiny city."""

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from cities import STRANGER, CityBuilder, DoneCity, RasterWriter, Roofwatch
from paper_numbers import wrong_numbers

from gis_export.table.symbols import BY_WORD
from inference.hazard import HazardWord
from roofwatch.audit import first_broken_line
from roofwatch.commands import build_parser

ROOT = Path(__file__).parents[1]
QUICK = ("--executor", "serial", "--quiet", "--json")
COMMAND_LINE = re.compile(r"\s*(?:\$ )?(?:\.venv/bin/)?roofwatch ([a-z]+)(.*)")
EVERYWHERE = ("--executor", "--workers", "--scheduler", "--quiet", "--json")
"""Options of each command."""
LIST_LOADED = "print([name for name in {names} if name in sys.modules])"
NO_YEAR = ("demo", "init", "snapshot", "promote", "adopt", "findings", "audit", "verify")
"""Commands that are not of a year."""
COMMANDS = (
    "demo",
    "init",
    "snapshot",
    "check",
    "tile",
    "train",
    "promote",
    "adopt",
    "score",
    "drift",
    "export",
    "run",
    "desk",
    "findings",
    "plan",
    "storm",
    "evidence",
    "publish",
    "audit",
    "verify",
)


def ledger_of(path: Path, year: int = 2023) -> pd.DataFrame:
    """Read the ledger of a year of the city of a file."""
    ledger = path.parent / "workspace" / str(year) / "ledger.csv"
    return pd.read_csv(ledger, dtype={"parcel_id": str})


def audit_lines(path: Path) -> list[str]:
    """Return the lines of the audit log of the city of a file."""
    return (path.parent / "workspace" / "audit.csv").read_text().splitlines()


def test_run_answers_with_one_object(done_city: DoneCity) -> None:
    """Exit 0, one JSON object, not a word on stderr."""
    ran = done_city.ran
    assert ran.code == 0
    assert ran.err == ""

    answer = ran.answer
    assert answer["rows"] == 25
    assert answer["trained"] == "tinyville-roof/1"
    assert answer["reasons"] == {"no_geometry": 1}
    assert all(Path(path).is_file() for path in ran.texts("products"))

    hazard = answer["hazard"]
    assert isinstance(hazard, dict)
    assert sum(hazard.values()) == 25


def test_ledger_is_balanced_and_right(done_city: DoneCity, houses: gpd.GeoDataFrame) -> None:
    """Every notice is one row, and failing roofs rank above sound ones."""
    table = ledger_of(done_city.path).set_index("parcel_id")
    assert sorted(table.index) == sorted([*houses["parcel_id"], STRANGER])

    stranger = table.loc[[STRANGER]].to_dict("records")[0]
    assert stranger["status"] == "not_assessed"
    assert stranger["reason"] == "no_geometry"
    assert stranger["hazard"] == "NOT ASSESSED"
    assert np.isnan(stranger["score"])

    failing = houses.set_index("parcel_id")["failing"] == 1
    scores = table["score"].drop(STRANGER)
    assert scores[failing[failing].index].min() > scores[failing[~failing].index].max()
    assert sorted(table["rank"].dropna()) == list(range(1, 25))


def test_workspace_is_the_contract(done_city: DoneCity) -> None:
    """The files that other programs look for are there, and the manifest's sums are true."""
    workspace = done_city.workspace
    year = workspace / "2023"
    names = [
        "check.json",
        "check.html",
        "chips/manifest.parquet",
        "chips/features.parquet",
        "ledger.parquet",
        "ledger.csv",
        "fire/fire.shp",
        "fire/fire.gpkg",
        "fire/dispatch_add.csv",
        "housing/housing.shp",
        "housing/worklist.csv",
        "data/scores.parquet",
        "report/evaluation.html",
        "report/model_card.md",
        "report/datasheet.md",
        "report/nist_ai_rmf.md",
        "report/fact_sheet.html",
        "report/look_counts.csv",
        "report/change.csv",
        "report/change.gpkg",
        "report/lineage.csv",
        "report/year.html",
        "report/year.pdf",
        "report/resident.html",
        "report/manifest.json",
    ]

    assert [name for name in names if not (year / name).is_file()] == []
    assert (workspace / "mlflow.db").is_file()

    sums = json.loads((year / "report" / "manifest.json").read_text())
    balance = sums.pop("roll_balance")
    assert balance["rows"] == balance["vacants"] == 25
    assert {name: hashlib.sha256((year / name).read_bytes()).hexdigest() for name in sums} == sums
    assert "ledger.parquet" in sums

    assert [path for path in workspace.rglob(".*") if path.is_file()] == []
    assert "It was tested on " in (year / "public/index.html").read_text(encoding="utf-8")


def test_first_model_is_champion_and_audit_holds(done_city: DoneCity) -> None:
    """The log says so, and an edit shows."""
    path = done_city.path
    log = path.parent / "workspace" / "audit.csv"
    commands = [line.split(",")[2] for line in audit_lines(path)[1:]]
    others = [command for command in commands if command != "seal"]
    assert others[:4] == ["champion", "train", "score", "export"]
    assert first_broken_line(log) is None

    text = log.read_text()
    try:
        log.write_text(text.replace("the first one", "the best one", 1))
        assert first_broken_line(log) == text[: text.index("the first one")].count("\n") + 1
    finally:
        log.write_text(text)


def test_run_again_changes_nothing(done_city: DoneCity, roofwatch: Roofwatch) -> None:
    """The same inputs give the same ledger bytes, and no second model."""
    path = done_city.path
    year = path.parent / "workspace" / "2023"
    before = [(year / name).read_bytes() for name in ("ledger.csv", "ledger.parquet")]
    ran = roofwatch("run", path, "--year", 2023, *QUICK)
    assert ran.code == 0
    assert ran.answer["trained"] == ""
    assert [(year / name).read_bytes() for name in ("ledger.csv", "ledger.parquet")] == before


def test_stage_by_stage(done_city: DoneCity, roofwatch: Roofwatch) -> None:
    """Next year's flyover: check, tile, score and export one by one."""
    path = done_city.path
    year = path.parent / "workspace" / "2024"
    ran = roofwatch("check", path, "--year", 2024, *QUICK)
    assert (ran.code, ran.answer["verdict"]) == (0, "GO")
    assert ran.answer["notices_unmatched"] == ["9999 999"]
    ran = roofwatch("tile", path, "--year", 2024, *QUICK)
    assert ran.code == 0
    assert (ran.answer["parcels"], ran.answer["counts"]) == (25, {"chip": 24, "no_geometry": 1})
    ran = roofwatch("score", path, "--year", 2024, "--model", "1", *QUICK)
    assert (ran.code, ran.answer["rows"]) == (0, 25)
    ran = roofwatch("export", path, "--year", 2024, *QUICK)
    assert ran.code == 0
    assert str(year / "fire" / "fire.shp") in ran.texts("products")

    changed = pd.read_csv(year / "report" / "change.csv", dtype={"parcel_id": str})
    layer = gpd.read_file(year / "housing/housing.gpkg", layer="vacant_roofs")
    ours = layer.set_index("parcel_id")["hazard_level"]  # aged, as all products are
    words = ledger_of(path, 2023).set_index("parcel_id")["hazard"]
    theirs = words.map(lambda word: BY_WORD[word].code)
    has_other_word = changed["hazard_level"] != changed["previous_hazard_level"]
    assert sorted(changed["parcel_id"][has_other_word]) == sorted(
        ours[ours != theirs[ours.index]].index
    )


def test_lines_for_people(done_city: DoneCity, roofwatch: Roofwatch) -> None:
    """Without --json the same facts come in words."""
    path = done_city.path
    ran = roofwatch("check", path, "--year", 2023)
    assert ran.code == 0
    assert ran.out.startswith("Tinyville 2023: GO\n")
    assert "1 of 25 notices match no parcel" in ran.out


def test_words_are_told_worst_first_and_reasons_below_their_own(
    done_city: DoneCity, roofwatch: Roofwatch
) -> None:
    ran = roofwatch("score", done_city.path, "--year", 2023, "--executor", "serial", "--quiet")
    lines = [line.split(maxsplit=1) for line in ran.out.splitlines()[1:]]
    words = [line[1] for line in lines if line[0].isdigit()]
    assert len(words) > 2
    assert words == [word for word in HazardWord if word in words]
    assert words[-1] == HazardWord.NOT_ASSESSED
    assert lines[len(words)][:1] == ["of"]


def test_training_leaves_nested_runs(done_city: DoneCity) -> None:
    """Each rung is a run below the training, and each fold a run below its rung.

    All are finished, and the parent has the figures of the rung that ships.
    """
    from mlflow.tracking import MlflowClient

    uri = f"sqlite:///{done_city.workspace / 'mlflow.db'}"
    mlflow = MlflowClient(tracking_uri=uri, registry_uri=uri)
    experiment = mlflow.get_experiment_by_name("Tinyville")
    assert experiment is not None
    runs = {run.info.run_id: run for run in mlflow.search_runs([experiment.experiment_id])}
    assert {run.info.status for run in runs.values()} == {"FINISHED"}

    below: dict[str, list[str]] = {}
    for run_id, run in runs.items():
        below.setdefault(run.data.tags.get("mlflow.parentRunId", ""), []).append(run_id)
    (parent,) = below.pop("")
    rungs = {str(runs[run_id].info.run_name): run_id for run_id in below.pop(parent)}
    assert sorted(rungs) == ["dark_share", "joined", "measures", "network"]
    assert sorted(below) == sorted(rungs.values())

    labels = pd.read_parquet(done_city.workspace / "2023" / "report" / "out_of_fold.parquet")
    fold_names = sorted(f"fold {fold}" for fold in labels["fold"].unique())
    for folds in below.values():
        assert sorted(str(runs[run_id].info.run_name) for run_id in folds) == fold_names

    training = runs[parent].data
    ships = runs[rungs[training.tags["rung"]]].data
    assert training.metrics["average_precision"] == ships.metrics["average_precision"]
    assert 0 < training.metrics["possible"] <= 1
    assert 0.5 <= training.metrics["likely"] <= 1
    assert set(training.params) >= {
        "model.backbone",
        "train.penalty",
        "labels_sha256",
        "chips_sha256",
        "engine",
        "year",
    }


def test_new_labels_make_a_challenger_only(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch
) -> None:
    """Train, train on other labels, be refused, force, roll back: each step is in the log."""
    path = tiny_city(tmp_path / "city")
    first = roofwatch("train", path, "--year", 2023, *QUICK)
    assert first.code == 0
    assert (first.answer["version"], first.answer["champion"]) == (1, True)
    same = roofwatch("train", path, "--year", 2023, *QUICK)
    assert (same.answer["version"], same.answer["sha256"]) == (1, first.answer["sha256"])

    figures = (path.parent / "workspace/2023/report/evaluation.json").read_bytes()
    true_labels = (path.parent / "labels.csv").read_bytes()
    labels = pd.read_csv(path.parent / "labels.csv", dtype={"parcel_id": str})
    labels["collapsed"] = np.random.default_rng(3).permutation(labels["collapsed"])
    labels.to_csv(path.parent / "labels.csv", index=False)
    ran = roofwatch("run", path, "--year", 2023, *QUICK)
    assert ran.code == 0
    assert ran.answer["trained"] == "tinyville-roof/2"
    assert set(ledger_of(path)["model_version"].dropna()) == {"tinyville-roof/1"}
    _reports_tell_which_version(path, figures)

    refused = roofwatch("promote", path, "--version", 2, "--by", "Ann")
    assert refused.code == 4
    assert "gate does not hold" in refused.error
    forced = roofwatch(
        "promote", path, "--version", 2, "--by", "Ann", "--why", "drill", "--force", "--json"
    )
    assert (forced.code, forced.answer["champion"], forced.answer["gate_holds"]) == (0, 2, False)

    roofwatch("score", path, "--year", 2023, *QUICK)
    assert set(ledger_of(path)["model_version"].dropna()) == {"tinyville-roof/2"}

    back = roofwatch("promote", path, "--version", 1, "--by", "Bob", "--why", "roll back", "--json")
    assert (back.code, back.answer["gate_holds"]) == (0, True)
    roofwatch("score", path, "--year", 2023, *QUICK)
    assert set(ledger_of(path)["model_version"].dropna()) == {"tinyville-roof/1"}

    log = "\n".join(audit_lines(path))
    assert "version 2 by Ann (forced): drill" in log
    assert "version 1 by Bob: roll back" in log
    assert first_broken_line(path.parent / "workspace" / "audit.csv") is None
    (path.parent / "labels.csv").write_bytes(true_labels)
    _champion_is_found_after_a_crash(path, roofwatch)


def _reports_tell_which_version(path: Path, figures: bytes) -> None:
    """Version 2 was trained last, and version 1 scores."""
    # The figures of this year are those of version 2, which does not score.
    page = path.parent / "workspace/2023/public/index.html"
    assert "It was tested on " not in page.read_text(encoding="utf-8")
    report = path.parent / "workspace/2023/report"
    evaluation = (report / "evaluation.html").read_text(encoding="utf-8")
    assert "Compared with champion 1 by the checks of the gate that look at labels" in evaluation
    assert "these fail: " in evaluation
    # The papers tell those of version 1, which does.
    assert (report / "model_evaluation.json").read_bytes() == figures
    card = (report / "model_card.md").read_text(encoding="utf-8")
    assert "a later training has written its own report since" in card
    assert wrong_numbers(report.parent, report / "model_card.md") == {}


def _champion_is_found_after_a_crash(path: Path, roofwatch: Roofwatch) -> None:
    """A run killed before its first model became champion goes on as if nothing had happened."""
    from mlflow.tracking import MlflowClient

    uri = f"sqlite:///{path.parent / 'workspace' / 'mlflow.db'}"
    MlflowClient(tracking_uri=uri, registry_uri=uri).delete_registered_model_alias(
        "tinyville-roof", "champion"
    )
    ran = roofwatch("run", path, "--year", 2023, *QUICK)
    assert (ran.code, ran.err) == (0, "")


def test_no_chip_at_all(  # noqa: PLR0913  # a city, its command line and one more tile
    tmp_path: Path,
    done_city: DoneCity,
    tiny_city: CityBuilder,
    roofwatch: Roofwatch,
    write_raster: RasterWriter,
    city_toml: str,
) -> None:
    """A flyover that misses every parcel scores none of them and loses none."""
    text = f'{city_toml}\n[mlflow]\nuri = "sqlite:///{done_city.workspace}/mlflow.db"\n'
    path = tiny_city(tmp_path / "city", text)
    folder = path.parent / "flyover" / "2024"
    for tile in folder.iterdir():
        tile.unlink()
    write_raster(folder / "far.tif", np.full((3, 32, 32), 9, np.uint8), left=500_000)

    ran = roofwatch("score", path, "--year", 2024, *QUICK)
    assert ran.code == 0, ran.err
    assert ran.answer["hazard"] == {"NOT ASSESSED": 25}
    assert ran.answer["reasons"] == {"no_geometry": 1, "no_imagery": 24}


def test_verify_finds_nothing_in_an_export_and_names_what_was_changed(
    done_city: DoneCity, roofwatch: Roofwatch, tmp_path: Path
) -> None:
    year = done_city.workspace / "2023"
    ran = roofwatch("verify", year, *QUICK)
    assert (ran.code, ran.answer["findings"], ran.err) == (0, [], "")

    shutil.copytree(year, tmp_path / "2023", ignore=shutil.ignore_patterns("chips"))
    (tmp_path / "2023/fire/fire.cpg").write_text("ISO-8859-1", encoding="ascii")
    ran = roofwatch("verify", tmp_path / "2023", *QUICK)
    assert ran.code == 3
    assert any("fire.cpg" in line for line in ran.texts("findings"))


def test_what_if_says_who_moves_and_writes_nothing(
    done_city: DoneCity, roofwatch: Roofwatch
) -> None:
    products = done_city.workspace / "2023/housing"
    before = {path: path.stat().st_mtime_ns for path in products.rglob("*")}
    command = ("export", done_city.path, "--year", 2023, *QUICK, "--what-if")

    ran = roofwatch(*command, "likely=0", "not_seen=90")
    assert ran.code == 0, ran.err
    changed = ran.answer["changed"]
    assert isinstance(changed, dict)
    assert changed["not_seen"] == [0, 90]
    assert {path: path.stat().st_mtime_ns for path in products.rglob("*")} == before

    wrong = roofwatch(*command, "likley=0")
    assert (wrong.code, "likely" in wrong.err) == (2, True)


def test_evidence_of_one_parcel(
    done_city: DoneCity, roofwatch: Roofwatch, houses: gpd.GeoDataFrame
) -> None:
    parcel = str(houses["parcel_id"].iloc[0])
    command = ("evidence", done_city.path, "--year", 2023, *QUICK, "--parcel")

    ran = roofwatch(*command, parcel)
    assert ran.code == 0, ran.err
    assert sorted(Path(path).suffix for path in ran.texts("packets")) == [".html", ".pdf"]

    wrong = roofwatch(*command, "no such")
    assert (wrong.code, wrong.err.count("\n")) == (3, 1)

    verified = roofwatch("verify", done_city.workspace / "2023", *QUICK)
    assert verified.answer["findings"] == []
    shutil.rmtree(done_city.workspace / "2023/evidence")


def test_audit_names_what_was_changed(done_city: DoneCity, roofwatch: Roofwatch) -> None:
    """A whole workspace passes; an edited line of the log and an edited product are named."""
    path = done_city.path
    log = path.parent / "workspace" / "audit.csv"
    ran = roofwatch("audit", path, *QUICK)
    assert (ran.code, ran.answer["findings"]) == (0, []), ran.err

    text = log.read_text()
    edited = text[: text.index("the first one")].count("\n") + 1
    product = log.parent / "2023" / "housing" / "capacity.csv"
    content = product.read_bytes()
    try:
        log.write_text(text.replace("the first one", "the best one", 1))
        product.write_bytes(content + b"\n")
        changed = roofwatch("audit", path, *QUICK)
        verified = roofwatch("verify", log.parent, *QUICK)
    finally:
        log.write_text(text)
        product.write_bytes(content)

    assert changed.code == verified.code == 3
    for ran in (changed, verified):
        findings = " ".join(ran.texts("findings"))
        assert f"audit.csv: line {edited} does not follow from the line before it" in findings
        assert "capacity.csv" in findings


def test_audit_without_a_log_is_one_line(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch
) -> None:
    ran = roofwatch("audit", tiny_city(tmp_path), *QUICK)
    assert (ran.code, ran.err.count("\n"), "no log at" in ran.err) == (3, 1, True)


def test_a_day_before_the_flight_is_refused_before_any_work(
    tmp_path: Path, tiny_city: CityBuilder, city_toml: str, roofwatch: Roofwatch
) -> None:
    """`score` and `run` refuse a day of the products that no export could keep."""
    path = tiny_city(tmp_path, city_toml + '\n[export]\nas_of = "2023-02-01"\n')
    for command in ("score", "run"):
        ran = roofwatch(command, path, "--year", 2023, *QUICK)
        assert (ran.code, ran.err.count("\n")) == (3, 1)
        assert "the flight of 2023-03-01 lies after 2023-02-01" in ran.err
        assert not (tmp_path / "workspace" / "2023").exists()


def test_publishing_to_no_database_is_one_line(done_city: DoneCity, roofwatch: Roofwatch) -> None:
    database = "postgresql://me:secret@127.0.0.1:1/none"
    ran = roofwatch("publish", done_city.path, "--year", 2023, "--to", database, *QUICK)
    assert (ran.code, ran.err.count("\n"), "secret" in ran.err) == (3, 1, False)


def commands_of_parser() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of each command."""
    actions = build_parser()._actions
    found = next(action for action in actions if isinstance(action, argparse._SubParsersAction))
    return dict(found.choices)


def test_contract_and_readme_agree_with_the_parser() -> None:
    """Every command is in README, and README names no other; options too."""
    parser = commands_of_parser()
    assert tuple(parser) == COMMANDS
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```[a-z]*\n(.*?)```", readme, re.DOTALL)
    lines = "\n".join(blocks).splitlines()

    named = set()
    for line in lines:
        match = COMMAND_LINE.match(line)
        if match is None:
            continue
        command = match[1]
        named.add(command)

        known = parser[command].format_help()
        usage = re.split(r"\s{3,}|#", match[2])[0]
        options = re.findall(r"--[a-z]+", usage)
        assert [option for option in options if option not in known] == [], line
    assert named == set(parser)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command(command: str) -> None:
    """Each has a description and the options that are everywhere."""
    text = " ".join(commands_of_parser()[command].format_help().split())
    assert [option for option in EVERYWHERE if option not in text] == []
    assert ("--year Y" in text) == (command not in NO_YEAR)
    assert ("CITY.toml" in text) == (command not in ("demo", "init", "verify"))


def loaded_by(code: str, names: tuple[str, ...]) -> str:
    """Return, as printed, which of some modules a fresh Python has loaded after some code."""
    script = f"{code}\n{LIST_LOADED.format(names=names)}"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return done.stdout.strip()


def test_the_package_runs_as_the_command_does() -> None:
    told = [
        subprocess.run([*start, "score", "--help"], capture_output=True, text=True, check=True)
        for start in (
            [sys.executable, "-m", "roofwatch"],
            [Path(sys.executable).with_name("roofwatch")],
        )
    ]
    assert told[0].stdout == told[1].stdout
    assert told[0].stdout.startswith("usage: roofwatch score")


def test_products_are_written_and_cities_read_without_torch() -> None:
    """It takes seconds to load, and neither a wrong key nor an export needs it."""
    code = "import sys, roofwatch.config, roofwatch.stages.export"
    assert loaded_by(code, ("torch", "torchvision", "mlflow")) == "[]"


def test_help_starts_without_torch() -> None:
    """Asking for help loads neither torch nor MLflow nor rasterio."""
    code = "import sys; from roofwatch.commands import build_parser; build_parser()"
    assert loaded_by(code, ("torch", "mlflow", "rasterio", "pandas")) == "[]"
