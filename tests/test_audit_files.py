"""Every file of a workspace is compared; what the imagery can make anew is made anew."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from cities import DoneCity, Roofwatch

from imagery.workspace import Workspace, YearFiles
from models.checksum import NAMES, model_checksum
from roofwatch.audit import AuditLine, append_audit, first_broken_line, head_of, read_audit

ALONE = ("--executor", "serial", "--quiet")
SCORE = ("score", "--year", 2023)


@pytest.fixture
def city(done_city: DoneCity, tmp_path: Path) -> Path:
    """Return the city file of a done city of one test's own."""
    shutil.copytree(done_city.path.parent, tmp_path / "city")
    return tmp_path / "city" / "city.toml"


def workspace_of(city: Path) -> Workspace:
    """Return the workspace of a city file."""
    return Workspace(folder=city.parent / "workspace")


def year_of(city: Path) -> YearFiles:
    """Return the year that was run."""
    return workspace_of(city).year(2023)


def flip(path: Path) -> bytes:
    """Flip a bit in the middle of a file, which keeps its size; return what it held."""
    content = path.read_bytes()
    middle = len(content) // 2
    path.unlink()  # other names of the file, as exports share them, stay whole
    path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    return content


def artifacts_of(city: Path) -> Path:
    """Return the folder of the files of the only run that registered a model."""
    (package,) = workspace_of(city).mlruns.rglob("artifacts/model/MLmodel")
    return package.parents[1]


@pytest.mark.parametrize(
    "name",
    [
        "2023/chips/manifest.parquet",
        "2023/chips/shard_00000.bin",
        "2023/chips/features.parquet",
        "2023/chips/features_relit.parquet",
        "2023/chips/flyover_stats.json",
        "2023/registration.json",
        "2023/ledger.parquet",
        "2023/ledger.csv",
        "2023/report/roll.parquet",
        "2023/report/looked.json",
        "2023/report/drift.json",
        "2023/report/evaluation.json",
        "2023/report/evaluation.html",
        "2023/report/out_of_fold.parquet",
        "2023/report/heads/network.safetensors",
        "2023/model/head.safetensors",
        "2023/explain/explain.csv",
        "2023/fire/fire.dbf",
        "2023/housing/worklist.xlsx",
        "2023/housing/findings_form.xlsx",
        "2023/data/scores.pmtiles",
        "dispatch_state.csv",
        "dispatch_log.csv",
        "deliveries/2024-06-01_01/dispatch_add.csv",
        "audit.csv",
    ],
)
def test_a_flipped_bit_is_named(name: str, city: Path, roofwatch: Roofwatch) -> None:
    path = workspace_of(city).folder / name
    if name.startswith("deliveries"):
        (path,) = workspace_of(city).deliveries.glob("*/dispatch_add.csv")
    flip(path)
    ran = roofwatch("audit", city, "--json", *ALONE)
    assert ran.code == 3, ran.out
    assert any(path.name in line or path.parent.name in line for line in ran.texts("findings"))


@pytest.mark.parametrize("name", ["model/pyfunc.py", "model/head.safetensors", "report/curves.png"])
def test_a_file_of_a_registered_run_is_named(name: str, city: Path, roofwatch: Roofwatch) -> None:
    folder = artifacts_of(city)
    (path,) = folder.rglob(Path(name).name) if "head" in name else [folder / name]
    flip(path)
    ran = roofwatch("audit", city, "--json", *ALONE)
    assert ran.code == 3
    assert any("model" in line for line in ran.texts("findings"))


def test_repair_makes_the_same_again(city: Path, roofwatch: Roofwatch) -> None:
    """From the imagery and the registered model; what people entered is not touched."""
    files = year_of(city)
    paths = [
        files.chips.folder / "shard_00000.bin",
        files.chips.manifest,
        files.ledger,
        files.report.roll,
        files.fire / "fire.dbf",
        files.housing / "worklist.csv",
    ]
    before = [flip(path) for path in paths]
    features = pd.read_parquet(files.chips.features)["features"].map(str)
    flip(files.chips.features)

    said = roofwatch("audit", city, *ALONE)
    assert said.code == 3
    assert "--repair would make 2023 anew, from export, score, tile on" in said.out

    ran = roofwatch("audit", city, "--repair", *ALONE)
    assert ran.code == 0, ran.out + ran.err
    assert "2023: made anew by tile, score, export" in ran.out
    assert [path.read_bytes() for path in paths] == before
    assert pd.read_parquet(files.chips.features)["features"].map(str).equals(features)
    last = read_audit(workspace_of(city).audit)[-1]
    assert last[2:4] == ["audit", "2023 repaired: tile, score, export"]
    assert roofwatch("audit", city, *ALONE).code == 0


def test_what_only_a_backup_brings_back_is_left(city: Path, roofwatch: Roofwatch) -> None:
    path = year_of(city).report.out_of_fold
    content = flip(path)
    ran = roofwatch("audit", city, "--repair", *ALONE)
    assert ran.code == 3
    assert "out_of_fold.parquet: is not the file that was sealed" in ran.out
    path.write_bytes(content)
    assert roofwatch("audit", city, *ALONE).code == 0


@pytest.mark.parametrize(
    ("stage", "names"),
    [
        ("train", ["model/head.safetensors", "report/evaluation.json"]),
        ("train", ["report/out_of_fold.parquet", "model/backbone.safetensors"]),
        ("score", ["report/roll.parquet", "report/model.json", "explain/explain.csv"]),
        ("score", ["ledger.parquet"]),
        ("drift", ["report/drift.json"]),
    ],
)
def test_the_command_that_a_refusal_names_helps(
    city: Path, stage: str, names: list[str], roofwatch: Roofwatch
) -> None:
    """What is not as sealed is refused by export; its stage makes it anew without looking at it."""
    for name in names:
        flip(year_of(city).folder / name)
    refused = roofwatch("export", city, "--year", 2023, *ALONE)
    assert refused.code in (3, 4)  # 3 where it cannot be read any more
    assert f"{stage} 2023 again" in refused.error

    assert roofwatch(stage, city, "--year", 2023, *ALONE).code == 0
    assert roofwatch("export", city, "--year", 2023, *ALONE).code == 0
    assert roofwatch("audit", city, *ALONE).code == 0


def test_a_training_after_an_export_is_no_damage(city: Path, roofwatch: Roofwatch) -> None:
    labels = pd.read_csv(city.parent / "labels.csv", dtype=str, keep_default_na=False)
    labels.iloc[:-3].to_csv(city.parent / "labels.csv", index=False)
    before = year_of(city).report.out_of_fold.read_bytes()
    assert roofwatch("train", city, "--year", 2023, *ALONE).code == 0
    assert year_of(city).report.out_of_fold.read_bytes() != before
    audited = roofwatch("audit", city, *ALONE)
    assert (audited.code, audited.err) == (0, ""), audited.out


def test_swapped_features_are_made_anew(city: Path, roofwatch: Roofwatch) -> None:
    """Whoever exchanges what was seen of two roofs changes no score."""
    files = year_of(city)
    ledger = files.ledger.read_bytes()
    table = pq.read_table(files.chips.features)
    order = [1, 0, *range(2, len(table))]
    swapped = table.take(order).set_column(0, "parcel_id", table["parcel_id"])
    pq.write_table(swapped, files.chips.features)

    ran = roofwatch(*SCORE[:1], city, *SCORE[1:], *ALONE)
    assert ran.code == 0
    assert "chips/features.parquet not as audit.csv seals it; made anew" in ran.err
    assert files.ledger.read_bytes() == ledger


def test_a_chip_with_other_pixels_is_not_scored(city: Path, roofwatch: Roofwatch) -> None:
    """Its shard has the same length."""
    files = year_of(city)
    flip(files.chips.folder / "shard_00000.bin")
    files.chips.features.unlink()
    ran = roofwatch(*SCORE[:1], city, *SCORE[1:], *ALONE)
    assert ran.code == 3
    assert "is not the one that was cut; roofwatch audit --repair cuts it again" in ran.error


def test_a_model_that_was_put_in_its_place_is_refused(city: Path, roofwatch: Roofwatch) -> None:
    """The files and the checksum in the registry agree with each other, not with the log."""
    (head,) = artifacts_of(city).rglob("model/**/head.safetensors")
    content = bytearray(head.read_bytes())
    content[-3] ^= 1
    head.write_bytes(bytes(content))
    assert sorted(path.name for path in head.parent.iterdir()) == list(NAMES)
    set_tag(city, "sha256", model_checksum(head.parent))

    ran = roofwatch(*SCORE[:1], city, *SCORE[1:], *ALONE)
    assert ran.code == 4
    assert "model tinyville-roof/1: registered with sha256" in ran.error
    assert "put mlflow.db and mlruns back from a backup" in ran.error


def set_tag(city: Path, key: str, value: str) -> None:
    """Change a tag of all registered versions behind MLflow's back."""
    with closing(sqlite3.connect(workspace_of(city).mlflow_db)) as connection, connection:
        connection.execute("UPDATE model_version_tags SET value = ? WHERE key = ?", (value, key))


def remove_champion(city: Path) -> None:
    """Remove the alias behind the back of the log."""
    with closing(sqlite3.connect(workspace_of(city).mlflow_db)) as connection, connection:
        connection.execute("DELETE FROM registered_model_aliases WHERE alias = 'champion'")


def test_a_promotion_that_was_killed_is_finished(city: Path, roofwatch: Roofwatch) -> None:
    """The log is written before the alias moves."""
    remove_champion(city)
    assert roofwatch("drift", city, "--year", 2023, *ALONE).code == 0
    assert roofwatch("audit", city, *ALONE).code == 0


def test_an_alias_that_the_log_knows_nothing_of_is_refused(
    city: Path, roofwatch: Roofwatch
) -> None:
    log = workspace_of(city).audit
    for version in (1, 2, 3):
        append_audit(log, AuditLine(command="champion", detail=f"version {version} by Ann: x"))
    ran = roofwatch(*SCORE[:1], city, *SCORE[1:], *ALONE)
    assert ran.code == 4
    assert "the alias champion is at version 1, audit.csv says 3; promote" in ran.error


def test_a_forged_line_promotes_nothing(city: Path, roofwatch: Roofwatch) -> None:
    """Nor is anything scored or exported while the chain does not hold."""
    log = workspace_of(city).audit
    with log.open("a") as stream:
        stream.write("2024-01-01,root,champion,version 1 by Eve: x,0,0\n")
    for command in (
        ("promote", city, "--version", 1, "--by", "Eve"),
        (*SCORE[:1], city, *SCORE[1:]),
        ("export", city, "--year", 2023),
    ):
        ran = roofwatch(*command, *ALONE)
        assert ran.code == 4, command
        assert "does not follow from the line before it" in ran.error


def test_labels_of_a_gate_that_were_edited_promote_nothing(
    city: Path, roofwatch: Roofwatch
) -> None:
    path = artifacts_of(city) / "report/out_of_fold.parquet"
    table = pd.read_parquet(path)
    table.assign(score_network=table["failing"].astype(float)).to_parquet(path)
    ran = roofwatch("promote", city, "--version", 1, "--by", "Eve", *ALONE)
    assert ran.code == 4
    assert (
        "report/out_of_fold.parquet among its files is not the one that train sealed" in ran.error
    )


def test_a_torn_last_line_is_cut_off_and_the_chain_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "audit.csv"
    for detail in ("one", "two"):
        append_audit(log, AuditLine(command="train", detail=detail))
    head = head_of(log)
    with log.open("a") as stream:
        stream.write("2024-01-01T00:00:00,ro")
    assert head_of(log) == head

    append_audit(log, AuditLine(command="score", detail="three"))
    rows = [(row[2], row[3]) for row in read_audit(log)]
    cut = "cut off: a last line without an end, of 22 bytes: 2024-01-01T00:00:00,ro"
    assert rows == [("train", "one"), ("train", "two"), ("audit", cut), ("score", "three")]
    assert first_broken_line(log) is None


def test_anchors_show_a_log_that_was_cut_or_written_anew(
    city: Path, tmp_path: Path, roofwatch: Roofwatch
) -> None:
    """Both have a chain that holds."""
    log = workspace_of(city).audit
    anchor = tmp_path / "elsewhere" / "anchors.csv"
    lines = len(read_audit(log))
    assert f"anchored at {lines} lines" in roofwatch("audit", city, "--anchor", anchor, *ALONE).out
    append_audit(log, AuditLine(command="train", detail="x"))
    assert roofwatch("audit", city, "--anchor", anchor, *ALONE).code == 0
    whole = log.read_text()

    log.write_text("\n".join(whole.splitlines()[:-1]) + "\n")
    ran = roofwatch("audit", city, "--anchor", anchor, *ALONE)
    assert ran.code == 3
    assert "is not the log that was anchored" in ran.out

    rows = read_audit(log)
    log.unlink()
    for row in rows:
        append_audit(log, AuditLine(command=row[2], detail=row[3].replace("average", "best")))
    ran = roofwatch("audit", city, "--anchor", anchor, *ALONE)
    assert "lines were cut off or written anew" in ran.out

    log.write_text(whole)
    anchor.write_text("no anchors")
    for strange in (anchor, tmp_path):
        ran = roofwatch("audit", city, "--anchor", strange, *ALONE)
        assert (ran.code, "is no file of anchors" in ran.error) == (3, True)


def test_a_training_after_the_export_is_no_damage(city: Path, roofwatch: Roofwatch) -> None:
    """It writes reports anew that the last export listed, and seals them."""
    labels = city.parent / "labels.csv"
    labels.write_text("\n".join(labels.read_text().splitlines()[:-1]) + "\n")
    before = year_of(city).report.evaluation.read_bytes()
    assert roofwatch("train", city, "--year", 2023, *ALONE).code == 0
    assert year_of(city).report.evaluation.read_bytes() != before

    ran = roofwatch("audit", city, "--json", *ALONE)
    changed = [line for line in ran.texts("findings") if "surprising_labels.csv" not in line]
    assert changed == []
