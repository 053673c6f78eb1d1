"""Looks at a new flyover: its share failing is used, and the words are checked on them."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cities import DoneCity, Roofwatch
from scipy.special import expit, logit

from inference.hazard import Thresholds
from inference.predict import look_at_flyover, score_features
from labels.draws.weights import LookedShare
from labels.intervals import wilson
from models.feature_cache import Features
from models.files import load_head
from models.share import Share
from roofwatch.config import read_city
from roofwatch.stages.looks import look_lines
from roofwatch.year import City
from training.looked import at_flyover, check_words

BEGINS = Thresholds(likely=0.7, possible=0.2)
LOOKED = LookedShare(share=0.03, low=0.01, high=0.08, looks=60, effective=50)


def make_looks() -> pd.DataFrame:
    """Return forty sure looks and twenty at random, by hand.

    Of twenty sure LIKELY looks 15 fail, of the sure POSSIBLE ones 3 of 20. Of those at random
    2 of 4 LIKELY fail and 1 of 16 that no word lists. Each of these stands for ten roofs.
    """
    scores = [0.9] * 20 + [0.4] * 20 + [0.8] * 4 + [0.1] * 16
    failing = [1] * 15 + [0] * 5 + [1] * 3 + [0] * 17 + [1] * 2 + [0] * 2 + [1] + [0] * 15
    chance = [1.0] * 40 + [0.1] * 20
    return pd.DataFrame({"score": scores, "failing": failing, "chance": chance, "chosen": ""})


def test_words_by_hand() -> None:
    """Weighed by inverse chance; the sentence names how many."""
    found = check_words(make_looks(), BEGINS, year=2025)
    assert found is not None
    assert (found.looks, found.failing, found.likely, found.likely_failing) == (60, 21, 24, 17)
    assert found.precision == pytest.approx((15 + 20) / (20 + 40))
    effective = 60**2 / (20 + 4 * 100)
    assert (found.low, found.high) == pytest.approx(wilson(35 / 60, effective))
    assert found.recall == pytest.approx((15 + 3 + 20) / (15 + 3 + 20 + 10))
    assert found.sentence == (
        "Checked on 60 looks at 2025: of the 24 that would be LIKELY 17 fail, which makes 58% of "
        "all LIKELY (90%: 32% to 81%); LIKELY and POSSIBLE hold 79% of the failing roofs (n = 21)."
    )


def test_few_looks_check_nothing() -> None:
    """Neither 49 looks, nor labels of unknown chance, nor looks without a score."""
    looks = make_looks()
    assert check_words(looks[:49], BEGINS, year=2025) is None
    assert check_words(looks.assign(chance=np.nan), BEGINS, year=2025) is None
    assert check_words(looks.assign(score=np.nan), BEGINS, year=2025) is None


def test_looks_without_likely_or_failing_roofs() -> None:
    """Said in words, null in JSON."""
    quiet = make_looks().assign(failing=0, score=0.1)
    found = check_words(quiet, BEGINS, year=2025)
    assert found is not None
    assert "none of these roofs would be LIKELY; none of these roofs fails." in found.sentence
    assert found.facts["precision"] is None
    assert found.facts["recall"] is None


def test_share_of_the_flyover_is_used(done_city: DoneCity) -> None:
    """Instead of what the scores say; it is in no doubt, and the mean score follows it."""
    year = City(file=read_city(done_city.path), quiet=True).year(2023)
    features = Features(path=year.files.chips.features)
    (path,) = year.files.report.heads.glob("measures.safetensors")
    head = load_head(path)

    seen = look_at_flyover(features, head, year=2023, blocks={}, looked=LOOKED)
    assert seen.share.share == LOOKED.share
    assert seen.share.used == pytest.approx(LOOKED.share)
    assert (seen.share.low, seen.share.high, seen.share.looks) == (0.01, 0.08, 60)
    assert seen.share.doubt == ""
    assert seen.set(head).share == pytest.approx(LOOKED.share)

    alone = look_at_flyover(features, head, year=2023, blocks={})
    assert alone.share.looks == 0
    rung = list(features.rung(head.rung))
    ours = score_features(rung, seen.set(head))["score"].mean()
    assert ours < score_features(rung, alone.set(head))["score"].mean()


def test_half_of_a_flyover_may_fail() -> None:
    """What people saw has not run away, whatever it is."""
    share = Share(share=0.95, low=0.9, high=0.98, check=float("nan"), chips=500, looks=60)
    assert not share.has_run_away
    assert share.doubt == ""
    assert share.used == 0.95
    assert replace(share, looks=0).has_run_away


def test_scores_move_to_the_share_of_the_flyover(done_city: DoneCity) -> None:
    """Adapted to the share among labels and back again they are what they were."""
    year = City(file=read_city(done_city.path), quiet=True).year(2023)
    (path,) = year.files.report.heads.glob("measures.safetensors")
    head = load_head(path)
    even = np.array([0.1, 0.5, 0.9])
    scores = expit(logit(even) + logit(head.share))
    np.testing.assert_allclose(at_flyover(scores, even, head), scores)

    lower = replace(head, share=head.share / 4)
    assert (at_flyover(scores, even, lower) < scores).all()


def test_score_leaves_the_next_looks(done_city: DoneCity) -> None:
    """A list to fill in, and one line that names it."""
    year = City(file=read_city(done_city.path), quiet=True).year(2023)
    (line,) = look_lines(year)
    assert f"{year.files.report.looks}: the next roofs to look at" in line
    assert line.endswith("name its columns in [labels] chosen and chance")

    table = pd.read_csv(year.files.report.looks, dtype=str)
    names = "parcel_id address year collapsed source date chosen chance"
    assert list(table.columns) == names.split()
    assert len(table) > 0
    assert table["collapsed"].isna().all()


def test_answers_are_never_overwritten(
    tmp_path: Path, done_city: DoneCity, roofwatch: Roofwatch
) -> None:
    """A list with one answer in it stays as it is, byte by byte."""
    shutil.copytree(done_city.path.parent, tmp_path / "city")
    path = tmp_path / "city" / done_city.path.name
    looks = City(file=read_city(path), quiet=True).year(2023).files.report.looks
    table = pd.read_csv(looks, dtype=str)
    table.loc[0, "collapsed"] = "1"
    table.to_csv(looks, index=False)
    before = looks.read_bytes()

    ran = roofwatch("score", path, "--year", "2023", "--executor", "serial", "--quiet")
    assert ran.code == 0
    assert "holds answers and was kept" in ran.out
    assert looks.read_bytes() == before
