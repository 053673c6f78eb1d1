"""The miss rate: its bound, its words, and which visits count."""

import shutil
from dataclasses import replace
from math import nan
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cities import DoneCity
from export_cases import export, make_ledger, make_roll
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest
from site_cases import SiteLook, inputs_with, looks_table

from gis_export.table.audited import miss_rate_of, realized_of
from gis_export.table.inputs import no_looks
from gis_export.table.visits import AUDIT, LISTED
from inference.hazard import HazardWord
from inference.miss_rate import Checked, MissRate, Realized, percent_up
from roofwatch.config import read_city
from roofwatch.miss_rate import find_visits, shares_by_word
from roofwatch.year import City

SENTENCE = (
    "We checked 60 roofs at random that were not flagged: 1 was open. "
    "At most 7.7% are missed (95%)."
)


def rate(judged: int, open_roofs: int, unjudged: int = 0) -> MissRate:
    """Return a miss rate of one city without districts."""
    checked = Checked(judged=judged, open=open_roofs, unjudged=unjudged)
    return MissRate(year=2026, city=checked, districts={})


def test_sentence_says_what_was_checked_and_the_bound() -> None:
    """With 7.664% open, one or none of 60 would be found in 5 of 100 samples."""
    assert rate(60, 1).sentence == SENTENCE
    assert binom.cdf(1, 60, 0.07664) == pytest.approx(0.05, abs=1e-4)
    assert rate(60, 0).sentence == (
        "We checked 60 roofs at random that were not flagged: none was open. "
        "At most 4.9% are missed (95%)."
    )
    assert rate(1, 0, 2).sentence == (
        "We checked 1 roof at random that was not flagged: none was open. "
        "At most 95.0% are missed (95%). 2 more could not be judged."
    )
    assert rate(0, 0, 3).sentence == ""


def test_what_was_promised_is_counted_by_word() -> None:
    """8 of 10 LIKELY labels and 3 of 30 POSSIBLE ones are open: 11 of 40 together, of 20 in all."""
    figures = {
        "failing": 20,
        "precision_likely": 8 / 10,
        "recall_likely": 8 / 20,
        "precision_possible": 11 / 40,
        "recall_possible": 11 / 20,
    }
    assert shares_by_word(figures) == {HazardWord.LIKELY: 0.8, HazardWord.POSSIBLE: 0.1}

    one = figures | {"precision_likely": 1.0, "recall_likely": 1 / 20}
    assert shares_by_word(one) == {HazardWord.POSSIBLE: 10 / 39}
    none = figures | {"precision_likely": None, "recall_likely": 0.0}
    assert shares_by_word(none) == {HazardWord.POSSIBLE: 11 / 40}


def test_what_was_promised_is_of_the_model_that_scored(done_city: DoneCity, tmp_path: Path) -> None:
    """A later training changes evaluation.json."""
    shutil.copytree(done_city.path.parent, tmp_path / "city")
    city = City(file=read_city(tmp_path / "city" / "city.toml"), quiet=True)
    report = city.year(2023).files.report
    before = find_visits(city.year(2023)).realized
    assert not np.isnan([found.promised for found in before]).all()
    report.evaluation.write_text("damaged", encoding="utf-8")
    assert find_visits(city.year(2023)).realized == before


def test_earlier_flyover_is_named() -> None:
    assert rate(60, 1).said_in(2026) == SENTENCE
    assert rate(60, 1).said_in(2027) == f"In the photos of 2026: we{SENTENCE[2:]}"


def test_none_open_has_a_bound_by_hand() -> None:
    """The bound is the share p at which (1 - p)^n is 5%."""
    assert Checked(judged=60, open=0).most == pytest.approx(1 - 0.05 ** (1 / 60))
    assert Checked(judged=1, open=0).most == pytest.approx(0.95)
    assert Checked(judged=7, open=7).most == 1.0
    assert Checked(judged=7, open=0).least == 0.0
    assert Checked(judged=0, open=0).most == 1.0
    with pytest.raises(ValueError, match="not in order"):
        Checked(judged=1, open=2)


@given(judged=st.integers(1, 500), data=st.data())
def test_bounds_are_those_of_scipy(judged: int, data: st.DataObject) -> None:
    found = data.draw(st.integers(0, judged))
    checked = Checked(judged=judged, open=found)
    both = binomtest(found, judged).proportion_ci(confidence_level=0.9, method="exact")
    assert checked.least == pytest.approx(both.low, abs=1e-9)
    assert checked.most == pytest.approx(both.high, abs=1e-9)


@given(share=st.floats(0.001, 0.5), judged=st.integers(1, 200))
def test_bound_holds_in_at_least_95_of_100_samples(share: float, judged: int) -> None:
    """Computed, not sampled: the chance of every count whose bound lies below the share."""
    counts = np.arange(judged + 1)
    fails = [Checked(judged=judged, open=int(count)).most < share for count in counts]
    assert binom.pmf(counts, judged, share)[fails].sum() <= 0.05 + 1e-9


@given(share=st.floats(0, 1))
def test_percent_is_never_below_the_bound(share: float) -> None:
    shown = float(percent_up(share).removesuffix("%")) / 100
    assert share - 1e-9 <= shown <= share + 0.001 + 1e-9


def test_district_is_told_from_20_roofs_on() -> None:
    found = replace(
        rate(45, 0), districts={"D1": Checked(judged=20, open=0), "D2": Checked(judged=19, open=0)}
    )
    assert found.district_sentences == [
        "D1: 20 checked, none was open; at most 14.0% (95%, of this district alone)."
    ]


def audit(parcel: str, failing: str, day: str = "2026-05-02", disposition: str = "") -> SiteLook:
    """Return a visit to a roof that was drawn at random."""
    return SiteLook(parcel=parcel, failing=failing, day=day, disposition=disposition, chosen=AUDIT)


def test_only_visits_to_random_roofs_of_the_flyover_count() -> None:
    looks = looks_table(
        audit("a", "Y"),
        audit("b", "N"),
        audit("c", "", disposition="no_access"),
        audit("d", "", disposition="razed"),
        SiteLook(parcel="e", failing="Y", chosen=LISTED),
        replace(audit("f", "Y"), year=2025),
        replace(audit("g", "Y"), on_site=False),
    )
    districts = pd.Series({"a": "D0", "b": "D1", "c": "D1"})
    found = miss_rate_of(looks, districts, year=2026)
    assert found is not None
    assert found.city == Checked(judged=3, open=1, unjudged=1)
    assert found.districts == {
        "": Checked(judged=1, open=0),
        "D0": Checked(judged=1, open=1),
        "D1": Checked(judged=1, open=0, unjudged=1),
    }
    assert miss_rate_of(no_looks(), districts, year=2026) is None


def test_roof_counts_once_by_its_latest_answer() -> None:
    """A second visit without access takes nothing back; a later answer does."""
    looks = looks_table(
        audit("a", "Y"),
        audit("a", "", day="2026-05-09"),
        audit("b", "N"),
        SiteLook(parcel="b", failing="Y", day="2026-05-09", chosen=LISTED),
        audit("c", "Y"),
        audit("c", "N"),
    )
    found = miss_rate_of(looks, pd.Series(dtype="str"), year=2026)
    assert found is not None
    assert found.city == Checked(judged=3, open=3)


def test_realized_precision_beside_what_was_promised() -> None:
    roll = make_roll(8)
    ledger = make_ledger(roll)
    parcels = roll.table["parcel_id"].tolist()
    likely, _, _, possible, likely_too, *_ = parcels
    looks = looks_table(
        SiteLook(parcel=likely, failing="Y", chosen=LISTED),
        SiteLook(parcel=likely_too, failing="N", chosen=LISTED),
        SiteLook(parcel=possible, failing="", chosen=LISTED),
        SiteLook(parcel=parcels[7], failing="Y"),  # a label: nobody knows why it was chosen
    )
    found = realized_of(looks, ledger, {HazardWord.LIKELY: 0.7})
    assert [one.checked for one in found] == [
        Checked(judged=2, open=1),
        Checked(judged=0, open=0, unjudged=1),
    ]
    assert found[0].sentence == (
        "Of 2 visited roofs that were LIKELY in 2026, 1 was open: 50% (90%: 2% to 100%); "
        "70% was promised."
    )
    assert found[1].sentence == ""
    unknown = Realized(year=2026, word="LIKELY", checked=found[0].checked, promised=nan)
    assert unknown.sentence.endswith("(90%: 2% to 100%).")


def test_cover_of_map_and_list_say_it(tmp_path: Path) -> None:
    out = export(replace(inputs_with(), missed=SENTENCE), tmp_path)
    for name in ("index.html", "README.txt"):
        assert SENTENCE in (out / "fire/fire_map" / name).read_text(encoding="utf-8")
