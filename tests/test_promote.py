"""The gate: same labels, same blocks, plain words."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagery.errors import MissingInput, Refused
from models.checksum import NAMES
from models.registry import (
    ORIGIN,
    Registry,
    alias_version,
    move_alias,
    record_promotion,
    register_model,
    version_tag,
)
from models.runs import RunRecord
from models.spec import ModelSpec, spec_to_json
from training.gate_checks import Check
from training.gate_labels import Contest, NotPaired, pair_labels
from training.promote import judge, judge_labels, promote

Register = Callable[..., int]


def make_labels(seed: int, noise: float, *, labels: int = 120, first: int = 0) -> pd.DataFrame:
    """Return labels of 4 a block, every third failing; the score is the class plus noise."""
    numbers = np.arange(first, first + labels)
    failing = (numbers % 3 == 0).astype(np.int64)
    score = failing + noise * np.random.default_rng(seed).normal(size=labels)

    return pd.DataFrame(
        {
            "parcel_id": [f"{number:04d}" for number in numbers],
            "year": 2023,
            "block": [f"B{number // 4}" for number in numbers],
            "failing": failing,
            "score": score,
            "even": score,
        }
    )


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """A store of this machine; each test has a model of its own in it."""
    folder = tmp_path_factory.mktemp("store")
    return Registry(
        uri=f"sqlite:///{folder}/mlflow.db",
        artifacts=str(folder / "mlruns"),
        experiment="Tinyville",
        model="unused",
    )


@pytest.fixture
def store(registry: Registry, request: pytest.FixtureRequest) -> Registry:
    """The store with a model name of this test."""
    return Registry(
        uri=registry.uri,
        artifacts=registry.artifacts,
        experiment=registry.experiment,
        model=f"{request.node.name.replace('_', '-')}-roof",
    )


@pytest.fixture
def register(store: Registry, tmp_path: Path) -> Register:
    """Return what registers a version with labels and a figure.

    What its files contain does not matter to the gate.
    """

    def run(
        labels: pd.DataFrame | None,
        figure: float = 0.5,
        *,
        rung: str = "network",
        origin: str = "",
    ) -> int:
        folder = tmp_path / "model"
        folder.mkdir(exist_ok=True)
        for name in NAMES:
            (folder / name).write_bytes(np.random.default_rng().bytes(8))
        (folder / "spec.json").write_text(spec_to_json(ModelSpec()))

        report = tmp_path / "report"
        report.mkdir(exist_ok=True)
        (report / "out_of_fold.parquet").unlink(missing_ok=True)
        if labels is not None:
            named = labels.rename(columns={"score": rung, "even": f"{rung}_even"})
            named.to_parquet(report / "out_of_fold.parquet")

        metrics = {"average_precision": figure}
        tags = {ORIGIN: origin} if origin else {}
        record = RunRecord(parameters={}, metrics=metrics, report=report, rung=rung, tags=tags)
        return register_model(store, folder, record).version

    return run


def ranking_of(ours: pd.DataFrame, theirs: pd.DataFrame, margin: float = 0.02) -> Check:
    """Return what the gate says of the ranking of two tables of labels."""
    contest = Contest(shared=pair_labels(ours, theirs), new=ours.head(0))
    checks = judge_labels(contest, "ours against theirs", margin=margin)
    (ranking,) = [check for check in checks if check.name in ("ranking", "numbers")]
    return ranking


def test_by_hand() -> None:
    """Two failing roofs in four: ranked first and third is 5/6, ranked first and second is 1."""
    right = pd.DataFrame(
        {
            "parcel_id": list("abcd"),
            "year": 2023,
            "block": list("wxyz"),
            "failing": [1, 1, 0, 0],
            "score": [0.9, 0.8, 0.3, 0.1],
        }
    )
    right = right.assign(even=right["score"])
    wrong = right.assign(score=[0.9, 0.3, 0.8, 0.1])

    ranking = ranking_of(wrong, right, margin=0.02)
    assert not ranking.holds
    assert ranking.text.startswith(
        "ours against theirs on the same 4 held-out labels of 4 blocks: "
        "average precision 0.833 against 1.000, difference -0.167 (90% -"
    )
    assert ranking.text.endswith("of resamples of labels; the gate wants no worse than -0.020")
    assert ranking_of(wrong, right, margin=0.17).holds
    assert ranking_of(right, wrong, margin=0.0).holds


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 99), st.floats(0, 0.1))
def test_equal_models_hold(seed: int, margin: float) -> None:
    """Whatever the margin, a model is not worse than itself.

    The order of the rows does not matter.
    """
    labels = make_labels(seed, 1.0, labels=40)
    ranking = ranking_of(labels, labels.sample(frac=1, random_state=seed), margin)
    assert ranking.holds
    assert (
        "difference +0.000 (90% +0.000 to +0.000), better in 50% of resamples of blocks"
        in ranking.text
    )


def test_only_common_labels_count() -> None:
    """The champion's other labels are left out.

    A label that was corrected counts as the candidate has it.
    """
    ours = make_labels(0, 0.1, labels=60)
    theirs = make_labels(1, 0.1, labels=120, first=30)

    pairs = pair_labels(ours, theirs.assign(failing=0))
    assert pairs["parcel_id"].tolist() == [f"{number:04d}" for number in range(30, 60)]
    assert pairs["failing"].tolist() == [int(number % 3 == 0) for number in range(30, 60)]

    with pytest.raises(NotPaired, match="no label in common"):
        pair_labels(ours, make_labels(0, 1, first=500))
    with pytest.raises(NotPaired, match="30 labels in common, none of a failing roof"):
        pair_labels(ours.assign(failing=0), theirs)
    with pytest.raises(NotPaired, match="no label in common"):
        pair_labels(ours, theirs.assign(year=2022))


@pytest.mark.parametrize("mine", [True, False])
def test_scores_that_are_not_numbers_do_not_hold(mine: bool) -> None:
    """Neither the candidate's nor the champion's."""
    whole = make_labels(0, 0.1)
    broken = whole.assign(score=whole["score"].where(whole.index > 0))
    numbers = ranking_of(broken, whole) if mine else ranking_of(whole, broken)
    assert not numbers.holds
    assert "scores are not numbers" in numbers.text


def test_gate_on_registered_versions(store: Registry, register: Register) -> None:
    """First, worse, better, another rung, back to the first."""
    first = register(make_labels(0, 0.6), 0.8)
    verdict = judge(store, first, margin=0.02, was_champion=False)
    assert verdict.holds
    assert verdict.text.startswith("version 1 has no champion to beat: average precision 0.800")
    assert [check.name for check in verdict.checks] == ["figure", "chance"]
    promote(store, first, verdict, force=False)
    again = judge(store, first, margin=0.02, was_champion=True)
    assert again.text == "version 1 is champion already"

    worse = register(make_labels(1, 3.0), 0.99)
    verdict = judge(store, worse, margin=0.02, was_champion=False)
    pairing = "version 2 against champion 1 on the same 120 held-out labels of 30 blocks"
    assert pairing in verdict.text
    with pytest.raises(Refused, match=r"does not hold; train with more labels"):
        promote(store, worse, verdict, force=False)
    assert alias_version(store, "champion") == first
    promote(store, worse, verdict, force=True)
    assert alias_version(store, "champion") == worse

    better = register(make_labels(2, 0.1), 0.1, rung="measures")
    verdict = judge(store, better, margin=0.0, was_champion=False)
    assert verdict.holds
    comparison = "better in 100% of resamples of blocks; the gate wants no worse than -0.000: holds"
    assert comparison in verdict.text
    assert verdict == judge(store, better, margin=0.0, was_champion=False)
    promote(store, better, verdict, force=False)

    back = judge(store, first, margin=0.0, was_champion=True)
    assert back.holds
    assert back.text == "version 1 has been champion before: a rollback always holds"
    promote(store, first, back, force=False)
    assert alias_version(store, "champion") == first


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (None, "version 2 has no report/out_of_fold.parquet"),
        (make_labels(0, 1, first=900), "they have no label in common"),
        (
            make_labels(0, 1).drop(columns="block"),
            "report/out_of_fold.parquet of version 2 cannot be read",
        ),
        (
            make_labels(0, 1).assign(parcel_id="1"),
            "report/out_of_fold.parquet of version 2 holds a label twice",
        ),
    ],
    ids=["missing", "strangers", "unreadable", "twice"],
)
def test_without_pairs_the_registered_figures_count(
    store: Registry, register: Register, labels: pd.DataFrame | None, reason: str
) -> None:
    """And the verdict says that it is not paired, and why."""
    move_alias(store, "champion", register(make_labels(0, 0.5), 0.70))
    verdict = judge(store, register(labels, 0.69), margin=0.02, was_champion=False)

    assert verdict.holds
    assert verdict.text.startswith(f"version 2 against champion 1, not paired because {reason}")
    assert (
        "average precision 0.690 against 0.700, each on its own labels; "
        "the gate wants no worse than -0.020: holds" in verdict.text
    )
    assert not judge(store, 2, margin=0.005, was_champion=False).holds


def test_without_pairs_chance_still_counts(store: Registry, register: Register) -> None:
    """A version whose labels none of the champion's is among has to be better than chance."""
    move_alias(store, "champion", register(make_labels(0, 0.5), 0.70))
    strangers = make_labels(0, 1, first=900)
    blind = strangers.assign(score=np.random.default_rng(0).random(len(strangers)))
    verdict = judge(store, register(blind, 0.9), margin=0.02, was_champion=False)

    assert not verdict.holds
    assert verdict.text.endswith("wanted are 95% and more than chance: does not hold (chance)")


def test_a_champion_that_another_city_lent_learned_from_no_label(
    store: Registry, register: Register
) -> None:
    """All labels are new to it; without a flyover that both scored, chance decides."""
    move_alias(store, "champion", register(None, math.nan, origin="Elsewhere"))
    verdict = judge(store, register(make_labels(0, 0.5), 0.7), margin=0.02, was_champion=False)
    assert [check.name for check in verdict.checks] == ["new labels", "chance"]
    assert verdict.holds


def test_a_figure_that_is_no_number_does_not_hold(store: Registry, register: Register) -> None:
    """With a champion or without."""
    assert not judge(store, register(None, math.nan), margin=1, was_champion=False).holds
    move_alias(store, "champion", register(None, 0.5))
    assert not judge(store, 1, margin=1, was_champion=False).holds


def test_who_and_why_are_written_beside_the_version(store: Registry, register: Register) -> None:
    """As plain text, whatever it holds."""
    why = "dr'op; -- table\n" + "x" * 5000 + " ü " + chr(0xDCFF)
    record_promotion(store, register(None), by="Ann <b>", why=why)
    assert version_tag(store, 1, "promoted_by") == "Ann <b>"
    assert version_tag(store, 1, "promoted_why") == why.replace(chr(0xDCFF), "?")
    assert version_tag(store, 1, "promoted_at").endswith("+00:00")
    assert version_tag(store, 1, "promoted") == ""


def test_a_version_that_is_not_there(store: Registry, register: Register) -> None:
    """Is missing input, for the gate as for everything else."""
    register(None)
    with pytest.raises(MissingInput, match="no version or alias '7'"):
        judge(store, 7, margin=1, was_champion=False)
