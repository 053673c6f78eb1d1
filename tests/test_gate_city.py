"""The gate on a small demo city whose truth is known: what people do to labels, and what follows.

Labels shuffled against their ids, labels at random, findings from the top of the list, honest
looks.
"""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cities import Roofwatch
from gate_city import GateCity, build_gate_city

from imagery.errors import Refused
from models.registry import alias_version
from roofwatch.scored_by import champion_note
from roofwatch.stages.promote import Promotion, promote_version
from roofwatch.stages.run import train_if_new
from roofwatch.stages.score import score
from roofwatch.stages.train import train
from training.gate_lists import LIKELY, LISTED

FOUND = 20
LONGER = 1.5
PROMISED = 0.7
ALONE = ("--executor", "serial", "--quiet")


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> GateCity:
    """Return a city with a champion of 2023, whose flyover of 2024 was scored.

    Tests work on copies.
    """
    city = build_gate_city(tmp_path_factory.mktemp("gate") / "city")
    city.write_labels(true_labels(city, 2023))
    work = city.open()
    trained = train(work.year(2023))
    assert trained.standing == "it is the first and so the champion"
    score(work.year(2024))
    return city


def true_labels(city: GateCity, year: int) -> pd.DataFrame:
    """Return what is true of every roof of a year."""
    return city.truth[city.truth["year"] == year]


def challenge(city: GateCity, folder: Path, labels: pd.DataFrame) -> tuple[GateCity, Promotion]:
    """Train on other labels in a copy of the city, and judge the version."""
    copy = city.copy(folder)
    copy.write_labels(labels)
    trained = train(copy.open().year(2024))
    assert trained.standing == "it is the challenger; promote it to use it"
    promotion = promote_version(
        copy.open(), trained.version.version, by="Ann", why="a test", force=False
    )
    return copy, promotion


def failed(promotion: Promotion) -> set[str]:
    """Return the names of the checks that failed."""
    return {check.name for check in promotion.verdict.checks if not check.holds}


def precision(roofs: pd.DataFrame, word: str) -> float:
    """Return the share failing of the roofs that a version calls LIKELY."""
    return float(roofs.loc[roofs[word] == LIKELY, "failing"].mean())


def wrong(roofs: pd.DataFrame, word: str) -> int:
    """Return how many roofs a version calls LIKELY that do not fail."""
    return int(((roofs[word] == LIKELY) & (roofs["failing"] == 0)).sum())


def test_shuffled_labels_are_refused(city: GateCity, tmp_path: Path, roofwatch: Roofwatch) -> None:
    """The gate names the changed labels and the fallen ranking; a person may force it."""
    labels = true_labels(city, 2023)
    shuffled = labels.assign(failing=np.random.default_rng(0).permutation(labels["failing"]))
    copy, promotion = challenge(city, tmp_path / "copy", shuffled)

    assert not promotion.is_done
    assert {"own labels", "changed labels", "chance"} <= failed(promotion)
    assert alias_version(copy.open().registry, "champion") == 1

    command = ("promote", copy.path, "--version", 2, "--by", "Ann", *ALONE)
    refused = roofwatch(*command, "--json")
    assert refused.code == 4
    assert "labels say another thing of the same roof and year" in refused.error
    assert refused.answer["gate_holds"] is False
    assert refused.answer["lists"]

    (copy.folder / "workspace/2024/chips/features.parquet").unlink()
    forced = roofwatch(*command, "--why", "a drill", "--force")
    assert forced.code == 0
    assert forced.out.startswith("2023, 7")
    assert "note: lists of 2024 not compared: features are not cached for both" in forced.out
    assert forced.out.splitlines()[-2:] == [
        f"  roofwatch score {copy.path} --year 2024",
        f"  roofwatch export {copy.path} --year 2024",
    ]


def test_a_first_model_at_chance_is_no_champion(
    city: GateCity, tmp_path: Path, roofwatch: Roofwatch
) -> None:
    """It stays challenger, the text says why, and `run` goes no further."""
    copy = city.copy(tmp_path / "copy")
    for left in ("mlflow.db", "audit.csv"):
        (copy.folder / "workspace" / left).unlink()
    labels = true_labels(city, 2023)
    copy.write_labels(labels.assign(failing=np.random.default_rng(3).integers(0, 2, len(labels))))

    with pytest.raises(Refused, match="is no champion: it stays challenger, there is no") as caught:
        train_if_new(copy.open().year(2023))
    assert caught.value.exit_code == 4
    assert "check the ids and years of the label file, and train again" in str(caught.value)
    assert alias_version(copy.open().registry, "champion") is None
    log = (copy.folder / "workspace" / "audit.csv").read_text(encoding="utf-8")
    assert re.search(r',train,"demo-city-roof/1 on \d\d labels', log)
    assert ",champion," not in log

    refused = roofwatch("promote", copy.path, "--version", 1, "--by", "Ann", *ALONE)
    assert refused.code == 4
    assert "version 1 has no champion to beat: on its" in refused.error


def test_findings_from_the_top_of_the_list(city: GateCity, tmp_path: Path) -> None:
    """Twenty that all fail, all of the newest year: the list keeps its length and its promise.

    Or the gate refuses.
    """
    truth = true_labels(city, 2024)
    ledger = pd.read_parquet(city.folder / "workspace" / "2024" / "ledger.parquet")
    ranked = ledger[ledger["status"] == "scored"].sort_values("rank")[["parcel_id"]]
    listed = ranked.merge(truth, on="parcel_id")
    found = listed[listed["failing"] == 1].head(FOUND)
    assert len(found) == FOUND

    labels = pd.concat([true_labels(city, 2023), found])
    _, promotion = challenge(city, tmp_path / "copy", labels)
    if not promotion.is_done:
        return

    (both,) = promotion.years.flyovers[:1]
    assert both.count(LISTED, champion=False) < LONGER * both.count(LISTED, champion=True)
    assert both.count((LIKELY,), champion=False) < LONGER * both.count((LIKELY,), champion=True)
    roofs = both.roofs.merge(truth, on="parcel_id")
    assert precision(roofs, "word") >= PROMISED
    is_new = ~roofs["parcel_id"].isin(found["parcel_id"])
    assert wrong(roofs[is_new], "word") <= wrong(roofs[is_new], "word_champion")
    explained = next(check for check in promotion.verdict.checks if check.name == "labels of 2024")
    assert "20 of 20 new labels of 2024 fail" in explained.text
    assert explained.text.endswith("so that they were chosen by their scores")


def test_honest_looks_are_promoted(city: GateCity, tmp_path: Path) -> None:
    """Forty roofs of the newest year drawn at random: judged on these first, and promoted."""
    looks = true_labels(city, 2024).sample(40, random_state=2)
    copy, promotion = challenge(
        city, tmp_path / "copy", pd.concat([true_labels(city, 2023), looks])
    )
    assert promotion.is_done, promotion.verdict.text
    assert promotion.verdict.checks[0].name == "ranking of new labels"
    assert alias_version(copy.open().registry, "champion") == 2
    log = (copy.folder / "workspace" / "audit.csv").read_text(encoding="utf-8")
    assert "version 2 by Ann: a test; version 2 against champion 1: " in log


def test_and_export_scores_and_exports_the_latest_flyover(
    city: GateCity, tmp_path: Path, roofwatch: Roofwatch
) -> None:
    """A version that passes is at work at once: ledger and products are its own."""
    looks = true_labels(city, 2024).sample(40, random_state=2)
    copy = city.copy(tmp_path / "copy")
    copy.write_labels(pd.concat([true_labels(city, 2023), looks]))
    train(copy.open().year(2024))
    ran = roofwatch(
        "promote", copy.path, "--version", 2, "--by", "Ann", "--why", "t", "--and-export", *ALONE
    )

    assert ran.code == 0, ran.error
    year = copy.folder / "workspace" / "2024"
    ledger = pd.read_parquet(year / "ledger.parquet")
    scored = ledger[ledger["status"] == "scored"]
    assert set(scored["model_version"]) == {"demo-city-roof/2"}
    assert (year / "fire" / "fire_map" / "index.html").exists()
    assert "2024 scored and exported: " in ran.out
    assert champion_note(copy.open().year(2024)) == ""

    back = roofwatch("promote", copy.path, "--version", 1, "--by", "Ann", "--why", "t")
    assert "score and export 2024 again" in back.out
    note = "2024 was scored by version 2, and the champion is version 1; score 2024 and export it"
    assert champion_note(copy.open().year(2024)).startswith(note)
    assert champion_note(copy.open().year(2023)) == ""
    again = roofwatch("promote", copy.path, "--version", 2, "--by", "Ann", "--why", "t")
    assert again.out.endswith("2024 was scored by it already\n")


def test_the_champion_changes_nothing(city: GateCity) -> None:
    """A version that is champion already has no list to compare."""
    promotion = promote_version(city.open(), 1, by="Ann", why="again", force=False)
    assert promotion.verdict.text == "version 1 is champion already"
    assert promotion.lines == []
