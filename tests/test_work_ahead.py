"""How long a year will take, before any work."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagery.intake.work_ahead import CUT, EXPORT, HOUR_S, SCORE, SHARED, WorkAhead


def work(vacants: int, *, cores: int = 2, parcels: int = 0) -> WorkAhead:
    return WorkAhead(parcels=parcels, vacants=vacants, chips_bytes=0, cores=cores)


def test_time_and_disk_add_up_by_hand() -> None:
    ahead = WorkAhead(parcels=240_000, vacants=15_000, chips_bytes=3_000_000_000, cores=2)

    alone_s = CUT.start_s + 240 * CUT.parcel_ms
    assert ahead.cut_s == pytest.approx(alone_s + 15 * CUT.vacant_ms / (1 + SHARED))
    assert ahead.all_s == pytest.approx(ahead.cut_s + ahead.score_s + ahead.export_s)
    assert ahead.disk_bytes > 3_000_000_000


def test_without_vacants_what_starts_and_reads_remains() -> None:
    ahead = work(0)
    assert ahead.all_s == pytest.approx(CUT.start_s + SCORE.start_s + EXPORT.start_s)
    assert ahead.sentence.startswith("about 2 min on 2 cores without training")
    assert ahead.hour_cores == 1


@given(st.integers(0, 5_000_000), st.integers(1, 64))
def test_the_cores_for_an_hour_are_the_fewest(vacants: int, cores: int) -> None:
    ahead = work(vacants, cores=cores)

    fewest = ahead.hour_cores
    if fewest:
        assert ahead.on_cores(fewest) <= HOUR_S
        assert fewest == 1 or ahead.on_cores(fewest - 1) > HOUR_S
    assert ("bring it under an hour" in ahead.sentence) == (ahead.all_s > HOUR_S and fewest > 0)


def test_a_city_too_large_for_one_machine_is_told_so() -> None:
    ahead = work(1_000_000_000)
    assert ahead.hour_cores == 0
    assert "no machine brings it under an hour" in ahead.sentence


def test_more_cores_never_take_longer() -> None:
    seconds = [work(50_000, cores=cores).all_s for cores in range(1, 33)]
    assert seconds == sorted(seconds, reverse=True)
