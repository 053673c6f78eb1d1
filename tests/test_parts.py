"""Figures per flyover and per source, and the labels to look at again."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score
from test_rungs import GROUPS, SETTINGS, flyovers_of, label_table

from training.parts import ALL, NO_SOURCE, measure_parts, surprising_labels, write_surprising
from training.rungs import fit_rungs


def scored_labels() -> pd.DataFrame:
    """Return six labels of two years and two sources, by hand."""
    return pd.DataFrame(
        {
            "parcel_id": list("abcdef"),
            "year": [2022, 2022, 2022, 2023, 2023, 2023],
            "source": ["desk", "desk", "inspector", "inspector", "", "desk"],
            "failing": [1, 0, 0, 1, 1, 0],
            "joined": [0.5, 0.3, 0.05, 0.9, 0.02, 0.1],
            "joined_even": [0.8, 0.6, 0.2, 0.95, 0.06, 0.4],
        }
    )


def test_surprising_labels_by_hand() -> None:
    """By what both classes being as likely gives the label: 0.06, then 0.4, then 0.6."""
    found = surprising_labels(scored_labels(), "joined", most=3)
    names = [(label.parcel_id, label.year, label.source, label.failing) for label in found]
    assert names == [("e", 2023, "", 1), ("b", 2022, "desk", 0), ("f", 2023, "desk", 0)]
    assert [label.score for label in found] == [0.02, 0.3, 0.1]
    assert [label.chance for label in found] == pytest.approx([0.06, 0.4, 0.6])


def test_parts_by_hand() -> None:
    """Every flyover, every source, then both; what looks wrong is counted."""
    parts = measure_parts(scored_labels(), "joined")
    names = [(part.flyover, part.source, part.labels, part.failing) for part in parts]
    assert names == [
        ("2022", ALL, 3, 1),
        ("2023", ALL, 3, 2),
        (ALL, "desk", 3, 1),
        (ALL, "inspector", 2, 1),
        (ALL, NO_SOURCE, 1, 1),
        ("2022", "desk", 2, 1),
        ("2022", "inspector", 1, 0),
        ("2023", "desk", 1, 0),
        ("2023", "inspector", 1, 1),
        ("2023", NO_SOURCE, 1, 1),
    ]
    assert [part.looks_wrong for part in parts] == [0, 1, 0, 0, 1, 0, 0, 0, 0, 1]
    assert [part.auroc for part in parts[:3]] == [1.0, 0.5, 1.0]
    assert np.isnan(parts[6].average_precision)


def test_parts_are_those_of_scikit_learn() -> None:
    """On random labels of two flyovers."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "year": rng.choice([2022, 2023], 300),
            "failing": rng.integers(0, 2, 300),
            "joined": rng.random(300),
        }
    )
    parts = measure_parts(table, "joined")
    assert [part.flyover for part in parts] == ["2022", "2023"]
    for part in parts:
        rows = table[table["year"] == int(part.flyover)]
        ours = [part.average_precision, part.auroc]
        theirs = [
            average_precision_score(rows["failing"], rows["joined"]),
            roc_auc_score(rows["failing"], rows["joined"]),
        ]
        assert ours == pytest.approx(theirs)


def test_most_wrong_labels_are_among_the_first(tmp_path: Path) -> None:
    """Of 16 labels of 400 that were turned round, three quarters or more are among the first 40."""
    table = label_table(3, rows=400)
    wrong = np.random.default_rng(0).choice(400, 16, replace=False)
    failing = table["failing"].to_numpy().copy()
    failing[wrong] = 1 - failing[wrong]
    names = set(zip(table["parcel_id"][wrong], table["year"][wrong], strict=True))
    table = table.assign(failing=failing, source="desk")

    fitted = fit_rungs(table, flyovers_of(table), GROUPS, SETTINGS)
    assert fitted.scored["source"].tolist() == ["desk"] * 400
    labels = surprising_labels(fitted.scored, "joined")
    found = {(label.parcel_id, label.year) for label in labels}
    assert len(found & names) >= 12

    path = tmp_path / "surprising_labels.csv"
    write_surprising(path, labels)
    written = pd.read_csv(path)
    assert list(written.columns) == ["parcel_id", "year", "source", "label", "score"]
    assert len(written) == 40
