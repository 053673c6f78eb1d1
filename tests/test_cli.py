"""The command line from end to end on a tiny city."""

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from gis_export.table.symbols import BY_WORD
from roofwatch.audit import first_broken_line
from roofwatch.cli import build_parser

ROOT = Path(__file__).parents[1]
QUICK = ("--executor", "serial", "--quiet", "--json")
COMMANDS = (
    "demo",
    "check",
    "tile",
    "train",
    "promote",
    "score",
    "export",
    "run",
    "evidence",
    "publish",
    "audit",
    "verify",
)
Run = Callable[..., object]


def ledger_of(path: Path, year: int = 2023) -> pd.DataFrame:
    return pd.read_csv(
        path.parent / "workspace" / str(year) / "ledger.csv", dtype={"parcel_id": str}
    )


def audit_lines(path: Path) -> list[str]:
    return (path.parent / "workspace" / "audit.csv").read_text().splitlines()


def test_run_answers_with_one_object(done_city: object) -> None:
    """Exit 0, one JSON object, not a word on stderr."""
    ran = done_city.ran  # type: ignore[attr-defined]  # the class lives in conftest
    assert ran.code == 0
    assert ran.err == ""
    answer = ran.answer
    assert answer["rows"] == 25
    assert answer["trained"] == "tinyville-roof/1"
    assert sum(answer["hazard"].values()) == 25
    assert answer["reasons"] == {"no_geometry": 1}
    assert all(Path(path).is_file() for path in answer["products"])


def test_ledger_is_balanced_and_right(done_city: object, houses: gpd.GeoDataFrame) -> None:
    """Every notice is one row, and failing roofs rank above sound ones."""
    table = ledger_of(done_city.path).set_index("parcel_id")  # type: ignore[attr-defined]
    assert sorted(table.index) == sorted([*houses["parcel_id"], "9999 999"])
    assert table.loc["9999 999", ["status", "reason", "hazard"]].tolist() == [
        "not_assessed",
        "no_geometry",
        "NOT ASSESSED",
    ]
    assert np.isnan(table.loc["9999 999", "score"])
    failing = houses.set_index("parcel_id")["failing"] == 1
    scores = table["score"].drop("9999 999")
    assert scores[failing[failing].index].min() > scores[failing[~failing].index].max()
    assert sorted(table["rank"].dropna()) == list(range(1, 25))


def test_workspace_is_the_contract(done_city: object) -> None:
    """The files that other programs look for are there, and the manifest's sums are true."""
    workspace: Path = done_city.workspace  # type: ignore[attr-defined]
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
        "report/change.csv",
        "report/manifest.json",
    ]
    assert [name for name in names if not (year / name).is_file()] == []
    assert (workspace / "mlflow.db").is_file()
    sums = json.loads((year / "report" / "manifest.json").read_text())
    assert {name: hashlib.sha256((year / name).read_bytes()).hexdigest() for name in sums} == sums
    assert "ledger.parquet" in sums
    assert [path for path in workspace.rglob(".*") if path.is_file()] == []
    assert "It was tested on " in (year / "public/index.html").read_text(encoding="utf-8")


def test_first_model_is_champion_and_audit_holds(done_city: object) -> None:
    """The log says so, and an edit shows."""
    path: Path = done_city.path  # type: ignore[attr-defined]
    log = path.parent / "workspace" / "audit.csv"
    commands = [line.split(",")[2] for line in audit_lines(path)[1:5]]
    assert commands == ["champion", "train", "score", "export"]
    assert first_broken_line(log) is None
    text = log.read_text()
    try:
        log.write_text(text.replace("the first one", "the best one", 1))
        assert first_broken_line(log) == 2
    finally:
        log.write_text(text)


def test_run_again_changes_nothing(done_city: object, roofwatch: Run) -> None:
    """The same inputs give the same ledger bytes, and no second model."""
    path: Path = done_city.path  # type: ignore[attr-defined]
    year = path.parent / "workspace" / "2023"
    before = [(year / name).read_bytes() for name in ("ledger.csv", "ledger.parquet")]
    ran = roofwatch("run", path, "--year", 2023, *QUICK)
    assert ran.code == 0
    assert ran.answer["trained"] == ""
    assert [(year / name).read_bytes() for name in ("ledger.csv", "ledger.parquet")] == before


def test_stage_by_stage(done_city: object, roofwatch: Run) -> None:
    """Next year's flyover: check, tile, score and export one by one."""
    path: Path = done_city.path  # type: ignore[attr-defined]
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
    assert str(year / "fire" / "fire.shp") in ran.answer["products"]
    changed = pd.read_csv(year / "report" / "change.csv", dtype={"parcel_id": str})
    ours = gpd.read_file(year / "housing/housing.gpkg", layer="vacant_roofs").set_index(
        "parcel_id"
    )["hazard_level"]  # aged, as all products are
    theirs = (
        ledger_of(path, 2023).set_index("parcel_id")["hazard"].map(lambda word: BY_WORD[word].code)
    )
    assert sorted(changed["parcel_id"]) == sorted(ours[ours != theirs[ours.index]].index)


def test_lines_for_people(done_city: object, roofwatch: Run) -> None:
    """Without --json the same is said in words."""
    path: Path = done_city.path  # type: ignore[attr-defined]
    ran = roofwatch("check", path, "--year", 2023)
    assert ran.code == 0
    assert ran.out.startswith("Tinyville 2023: GO\n")
    assert "1 of 25 notices match no parcel" in ran.out


def test_training_leaves_nested_runs(done_city: object) -> None:
    """One parent, below it a run per rung, below each a run per fold, all finished; the parent carries the figures of the rung that ships."""
    from mlflow.tracking import MlflowClient

    uri = f"sqlite:///{done_city.workspace / 'mlflow.db'}"  # type: ignore[attr-defined]
    mlflow = MlflowClient(tracking_uri=uri, registry_uri=uri)
    experiment = mlflow.get_experiment_by_name("Tinyville")
    runs = {run.info.run_id: run for run in mlflow.search_runs([experiment.experiment_id])}
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    below: dict[str, list[str]] = {}
    for run_id, run in runs.items():
        below.setdefault(run.data.tags.get("mlflow.parentRunId", ""), []).append(run_id)
    (parent,) = below.pop("")
    rungs = {str(runs[run_id].info.run_name): run_id for run_id in below.pop(parent)}
    assert sorted(rungs) == ["dark_share", "measures", "network"]
    assert sorted(below) == sorted(rungs.values())
    labels = pd.read_parquet(done_city.workspace / "2023" / "report" / "out_of_fold.parquet")  # type: ignore[attr-defined]
    for folds in below.values():
        assert sorted(str(runs[run_id].info.run_name) for run_id in folds) == sorted(
            f"fold {fold}" for fold in labels["fold"].unique()
        )
    ships = runs[parent].data.tags["rung"]
    assert (
        runs[parent].data.metrics["average_precision"]
        == runs[rungs[ships]].data.metrics["average_precision"]
    )
    assert 0 < runs[parent].data.metrics["possible"] <= runs[parent].data.metrics["likely"] <= 1
    assert {
        "model.backbone",
        "train.penalty",
        "labels_sha256",
        "chips_sha256",
        "engine",
        "year",
    } <= set(runs[parent].data.params)


def test_new_labels_make_a_challenger_only(
    tmp_path: Path, tiny_city: Callable[..., Path], roofwatch: Run
) -> None:
    """Train, train on other labels, be refused, force, roll back: each step is in the log."""
    path = tiny_city(tmp_path / "city")
    first = roofwatch("train", path, "--year", 2023, *QUICK)
    assert first.code == 0
    assert (first.answer["version"], first.answer["champion"]) == (1, True)
    same = roofwatch("train", path, "--year", 2023, *QUICK)
    assert (same.answer["version"], same.answer["sha256"]) == (1, first.answer["sha256"])
    labels = pd.read_csv(path.parent / "labels.csv", dtype={"parcel_id": str})
    labels["collapsed"] = np.random.default_rng(3).permutation(labels["collapsed"])
    labels.to_csv(path.parent / "labels.csv", index=False)
    ran = roofwatch("run", path, "--year", 2023, *QUICK)
    assert ran.code == 0
    assert ran.answer["trained"] == "tinyville-roof/2"
    assert set(ledger_of(path)["model_version"].dropna()) == {"tinyville-roof/1"}
    page = path.parent / "workspace/2023/public/index.html"
    assert "It was tested on " not in page.read_text(
        encoding="utf-8"
    )  # the figures there are of version 2
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
    assert "version 2 by Ann (forced): drill" in log and "version 1 by Bob: roll back" in log
    assert first_broken_line(path.parent / "workspace" / "audit.csv") is None
    _champion_is_found_after_a_crash(path, roofwatch)


def _champion_is_found_after_a_crash(path: Path, roofwatch: Run) -> None:
    """A run killed between registering the first model and naming it champion goes on as if nothing had been."""
    from mlflow.tracking import MlflowClient

    uri = f"sqlite:///{path.parent / 'workspace' / 'mlflow.db'}"
    MlflowClient(tracking_uri=uri, registry_uri=uri).delete_registered_model_alias(
        "tinyville-roof", "champion"
    )
    ran = roofwatch("run", path, "--year", 2023, *QUICK)
    assert (ran.code, ran.err) == (0, "")


def test_no_chip_at_all(
    tmp_path: Path,
    done_city: object,
    tiny_city: Callable[..., Path],
    roofwatch: Run,
    write_raster: Callable[..., Path],
    city_toml: str,
) -> None:
    """A flyover that misses every parcel scores none of them and loses none."""
    text = city_toml + f'\n[mlflow]\nuri = "sqlite:///{done_city.workspace}/mlflow.db"\n'  # type: ignore[attr-defined]
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
    done_city: object, roofwatch: Run, tmp_path: Path
) -> None:
    year: Path = done_city.workspace / "2023"  # type: ignore[attr-defined]
    ran = roofwatch("verify", year, *QUICK)
    assert (ran.code, ran.answer["findings"], ran.err) == (0, [], "")
    shutil.copytree(year, tmp_path / "2023", ignore=shutil.ignore_patterns("chips"))
    (tmp_path / "2023/fire/fire.cpg").write_text("ISO-8859-1", encoding="ascii")
    ran = roofwatch("verify", tmp_path / "2023", *QUICK)
    assert ran.code == 3
    assert any("fire.cpg" in line for line in ran.answer["findings"])


def test_what_if_says_who_moves_and_writes_nothing(done_city: object, roofwatch: Run) -> None:
    products = done_city.workspace / "2023/housing"  # type: ignore[attr-defined]
    before = {path: path.stat().st_mtime_ns for path in products.rglob("*")}
    ran = roofwatch(
        "export", done_city.path, "--year", 2023, *QUICK, "--what-if", "likely=0", "not_seen=90"
    )  # type: ignore[attr-defined]
    assert ran.code == 0, ran.err
    assert ran.answer["changed"]["not_seen"] == [0, 90]
    assert {path: path.stat().st_mtime_ns for path in products.rglob("*")} == before
    wrong = roofwatch("export", done_city.path, "--year", 2023, *QUICK, "--what-if", "likley=0")  # type: ignore[attr-defined]
    assert (wrong.code, "likely" in wrong.err) == (2, True)


def test_evidence_of_one_parcel(
    done_city: object, roofwatch: Run, houses: gpd.GeoDataFrame
) -> None:
    parcel = str(houses["parcel_id"].iloc[0])
    ran = roofwatch("evidence", done_city.path, "--year", 2023, "--parcel", parcel, *QUICK)  # type: ignore[attr-defined]
    assert ran.code == 0, ran.err
    assert sorted(Path(path).suffix for path in ran.answer["packets"]) == [".html", ".pdf"]
    wrong = roofwatch("evidence", done_city.path, "--year", 2023, "--parcel", "no such", *QUICK)  # type: ignore[attr-defined]
    assert (wrong.code, wrong.err.count("\n")) == (3, 1)
    assert roofwatch("verify", done_city.workspace / "2023", *QUICK).answer["findings"] == []  # type: ignore[attr-defined]
    shutil.rmtree(done_city.workspace / "2023/evidence")  # type: ignore[attr-defined]


def test_audit_names_what_was_changed(done_city: object, roofwatch: Run) -> None:
    """A whole workspace passes; an edited line of the log and an edited product are named."""
    path: Path = done_city.path  # type: ignore[attr-defined]
    log = path.parent / "workspace" / "audit.csv"
    ran = roofwatch("audit", path, *QUICK)
    assert (ran.code, ran.answer["findings"]) == (0, []), ran.err

    text = log.read_text()
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
        findings = " ".join(ran.answer["findings"])
        assert "audit.csv: line 2 does not follow from the line before it" in findings
        assert "capacity.csv" in findings


def test_audit_without_a_log_is_one_line(
    tmp_path: Path, tiny_city: Callable[..., Path], roofwatch: Run
) -> None:
    ran = roofwatch("audit", tiny_city(tmp_path), *QUICK)
    assert (ran.code, ran.err.count("\n"), "no log at" in ran.err) == (3, 1, True)


def test_a_day_before_the_flight_is_refused_before_any_work(
    tmp_path: Path, tiny_city: Callable[..., Path], city_toml: str, roofwatch: Run
) -> None:
    """`score` and `run` refuse a day of the products that no export could keep."""
    path = tiny_city(tmp_path, city_toml + '\n[export]\nas_of = "2023-02-01"\n')
    for command in ("score", "run"):
        ran = roofwatch(command, path, "--year", 2023, *QUICK)
        assert (ran.code, ran.err.count("\n")) == (3, 1)
        assert "the flight of 2023-03-01 lies after 2023-02-01" in ran.err
        assert not (tmp_path / "workspace" / "2023").exists()


def test_publishing_to_no_database_is_one_line(done_city: object, roofwatch: Run) -> None:
    ran = roofwatch(
        "publish",
        done_city.path,
        "--year",
        2023,
        "--to",
        "postgresql://me:secret@127.0.0.1:1/none",
        *QUICK,
    )  # type: ignore[attr-defined]
    assert (ran.code, ran.err.count("\n"), "secret" in ran.err) == (3, 1, False)


def commands_of_parser() -> dict[str, argparse.ArgumentParser]:
    actions = build_parser()._actions
    found = next(action for action in actions if isinstance(action, argparse._SubParsersAction))
    return dict(found.choices)


def test_contract_and_readme_agree_with_the_parser() -> None:
    """Every command is in README, and README names no other; options too."""
    parser = commands_of_parser()
    assert tuple(parser) == COMMANDS
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```[a-z]*\n(.*?)```", readme, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    named = {
        match[1]: ""
        for line in lines
        if (match := re.match(r"\s*(?:\$ )?(?:\.venv/bin/)?roofwatch ([a-z]+)", line))
    }
    assert set(named) == set(parser)
    for line in lines:
        if match := re.match(r"\s*(?:\$ )?(?:\.venv/bin/)?roofwatch ([a-z]+)(.*)", line):
            known = parser[match[1]].format_help()
            usage = re.split(r"\s{3,}|#", match[2])[0]
            assert [
                option for option in re.findall(r"--[a-z]+", usage) if option not in known
            ] == [], line


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command(command: str) -> None:
    """Each has a description and the options that are everywhere."""
    text = " ".join(commands_of_parser()[command].format_help().split())
    assert [
        option
        for option in ("--executor", "--workers", "--scheduler", "--quiet", "--json")
        if option not in text
    ] == []
    assert ("--year Y" in text) == (command not in ("demo", "promote", "audit", "verify"))
    assert ("CITY.toml" in text) == (command not in ("demo", "verify"))


def test_products_are_written_and_cities_read_without_torch() -> None:
    """It takes seconds to load, and neither a wrong key nor an export needs it."""
    code = "import sys, roofwatch.config, roofwatch.stages.export; print([n for n in ('torch', 'torchvision', 'mlflow') if n in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"


def test_help_starts_without_torch() -> None:
    """Asking for help loads neither torch nor MLflow nor rasterio."""
    code = "import sys; from roofwatch.cli import build_parser; build_parser(); print([n for n in ('torch', 'mlflow', 'rasterio', 'pandas') if n in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"
