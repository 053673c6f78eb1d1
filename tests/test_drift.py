"""The signs of drift by hand, and what products say of it."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cities import DoneCity, Roofwatch
from hypothesis import given
from hypothesis import strategies as st

from imagery.files import sha256_file
from imagery.report_files import ReportFiles
from inference.drift import Drift, Grade, Limits, Seen, Sign, worst
from inference.drift_page import Beside, draw_page, drift_facts, write_drift
from inference.drift_photos import distance, sharpness
from inference.drift_signs import find_signs
from inference.expected import expect_failing
from models.flyover_stats import FlyoverStats, is_same_flyover, read_stats, write_stats
from models.measures import MEASURES
from models.share import Share
from roofwatch.seal import write_seals

FEATURES = 8
PLAIN = {"brightness": 110.0, "contrast": 20.0, "fine_texture": 4.0, "warmth": 10.0}
SURE = Share(share=0.2, low=0.1, high=0.3, check=0.21, chips=100)


def stats_of(
    year: int = 2023, *, chips: int = 100, network: float = 0.0, **means: float
) -> FlyoverStats:
    """Return statistics with some means of measures; the features of the network are alike."""
    center = np.zeros(len(MEASURES) + FEATURES)
    for name, value in (PLAIN | means).items():
        center[MEASURES.index(name)] = value
    center[len(MEASURES) :] = network
    return FlyoverStats(year=year, chips=chips, center=center, spread=np.ones(len(center)))


def seen(
    ours: FlyoverStats,
    *theirs: FlyoverStats,
    gsd_m: float = 0.1,
    shift_m: float = 0.0,
    agreement: float = 0.7,
    called: float = 0.2,
) -> Seen:
    """Return what a flyover shows beside the training flyovers."""
    return Seen(
        stats=ours,
        flyovers=theirs,
        share=SURE,
        called=called,
        hits=(0.8,),
        alarms=(0.1,),
        gsd_m=gsd_m,
        wanted_gsd_m=0.1,
        shift_m=shift_m,
        most_shift_m=1.0,
        agreement=agreement,
    )


def grades(found: Seen) -> dict[str, Grade]:
    """Return the signs that are not GO."""
    return {sign.name: sign.grade for sign in find_signs(found) if sign.grade != Grade.GO}


def drift_of(found: Seen) -> Drift:
    """Return the drift of what was seen."""
    return Drift(
        year=2024,
        model="town-roof/3",
        trained_on=tuple(stats.year for stats in found.flyovers),
        chips=found.roofs,
        signs=find_signs(found),
        share=found.share,
        expected=expect_failing((found.share.low, found.share.high), found.roofs, []),
    )


def test_sharpness_by_hand() -> None:
    # exp(4 / 2) / 20
    assert sharpness(stats_of()) == pytest.approx(0.369, abs=1e-3)


def test_haze_and_light_change_no_sharpness() -> None:
    """A gain multiplies contrast and detail: the logarithm of its variance grows by 2 ln gain."""
    gain = 0.6
    dim = stats_of(contrast=20 * gain, fine_texture=4 + 2 * np.log(gain))

    assert sharpness(dim) == pytest.approx(sharpness(stats_of()))


@pytest.mark.parametrize(
    ("detail", "grade"),
    [(4.0, None), (8.0, None), (3.4, None), (3.0, Grade.CAUTION), (1.6, Grade.STOP)],
)
def test_only_less_sharp_photos_count(detail: float, grade: Grade | None) -> None:
    """Of half the logarithm: exp(0.3) is 1.35, exp(0.5) is 1.65, exp(1.2) is 3.3."""
    assert grades(seen(stats_of(fine_texture=detail), stats_of())).get("sharpness") == grade


def test_distance_by_hand() -> None:
    assert distance(stats_of(network=0.0), stats_of(network=0.5)) == pytest.approx(0.5)
    wide = replace(stats_of(network=0.5), spread=stats_of().spread * np.sqrt(7))
    assert distance(stats_of(network=0.0), wide) == pytest.approx(0.25)  # mean variance is 4


def test_nearest_training_flyover_counts() -> None:
    ours = stats_of(2024, network=2.0)
    far = stats_of(2022, network=0.0)

    assert grades(seen(ours, far)) == {"distance": Grade.STOP}
    assert grades(seen(ours, far, stats_of(2023, network=1.9))) == {}


def test_between_training_flyovers_is_go() -> None:
    sides = (stats_of(2022, brightness=60, warmth=-30), stats_of(2023, brightness=170, warmth=70))
    assert grades(seen(stats_of(2024, brightness=115, warmth=20), *sides)) == {}


@pytest.mark.parametrize(
    ("changes", "name", "grade"),
    [
        ({"gsd_m": 0.25}, "ground sample distance", Grade.CAUTION),
        ({"gsd_m": 0.45}, "ground sample distance", Grade.STOP),
        ({"shift_m": 1.5}, "shift", Grade.CAUTION),
        ({"shift_m": 4.0}, "shift", Grade.STOP),
        ({"agreement": 0.1}, "agreement", Grade.CAUTION),
        ({"agreement": -0.5}, "agreement", Grade.STOP),
        ({"called": 0.95}, "scores", Grade.CAUTION),
    ],
)
def test_other_signs(changes: dict[str, float], name: str, grade: Grade) -> None:
    found = seen(stats_of(2024), stats_of(), **changes)
    assert grades(found) == {name: grade}


def test_what_is_not_known_is_no_sign() -> None:
    found = replace(seen(stats_of(2024), stats_of()), agreement=np.nan, called=np.nan)
    names = {sign.name for sign in find_signs(found)}

    assert not names & {"agreement", "scores"}


def test_model_without_training_flyovers_is_caution() -> None:
    assert grades(seen(stats_of(2024))) == {"training flyovers": Grade.CAUTION}


def test_few_chips_never_stop() -> None:
    few = seen(stats_of(2024, chips=20, network=3.0), stats_of())
    assert grades(few) == {"distance": Grade.CAUTION}


def test_stop_holds_likely_back_and_names_the_sign() -> None:
    drift = drift_of(seen(stats_of(2024, network=3.0), stats_of()))

    assert drift.grade == Grade.STOP
    assert drift.held_back.endswith("learned from: distance")
    assert drift.note.startswith("STOP (distance): ")


def test_doubt_of_the_share_is_caution_and_holds_likely_back() -> None:
    doubtful = replace(SURE, check=0.6)
    drift = drift_of(replace(seen(stats_of(2024), stats_of()), share=doubtful))

    assert drift.grade == Grade.CAUTION
    assert drift.held_back == doubtful.doubt != ""


@given(st.lists(st.sampled_from(Grade)))
def test_worst_decides(found: list[Grade]) -> None:
    if Grade.STOP in found:
        assert worst(found) == Grade.STOP
    else:
        assert worst(found) == (Grade.CAUTION if Grade.CAUTION in found else Grade.GO)


@given(limit=st.floats(0, 10), more=st.floats(0, 10), low=st.floats(0, 30), step=st.floats(0, 30))
def test_grades_never_get_better_with_distance(
    limit: float, more: float, low: float, step: float
) -> None:
    order = list(Grade)
    limits = Limits(caution=limit, stop=limit + more)
    assert order.index(limits.grade(low)) <= order.index(limits.grade(low + step))


def test_limits_out_of_order_are_an_error() -> None:
    with pytest.raises(ValueError, match="in order"):
        Limits(caution=2, stop=1)


def test_page_shows_every_sign_and_escapes_the_city() -> None:
    drift = drift_of(seen(stats_of(2024, network=3.0), stats_of(2022), stats_of(2023)))
    page = draw_page(drift, Beside(city="<b>Town</b>"))

    assert "&lt;b&gt;Town" in page
    assert "<b>Town" not in page
    assert all(sign.text in page for sign in drift.signs)
    assert page.count('<circle class="seen"') >= 2 * sum(len(s.seen) == 2 for s in drift.signs)
    assert drift.expected.sentence in page


def test_facts_are_json_without_nan() -> None:
    strange = Sign(name="x", value=float("nan"), unit="m", seen=(), grade=Grade.GO, text="")
    drift = replace(drift_of(seen(stats_of(2024), stats_of())), signs=(strange,))
    facts = drift_facts(replace(drift, share=replace(SURE, check=float("nan"))))

    assert json.loads(json.dumps(facts, allow_nan=False))["signs"][0]["value"] is None


def test_statistics_are_read_as_written(tmp_path: Path) -> None:
    stats = stats_of(network=1 / 3)
    write_stats(tmp_path / "stats.json", stats)
    found = read_stats(tmp_path / "stats.json")

    assert found is not None
    assert is_same_flyover(found, stats)
    assert not is_same_flyover(found, stats_of(network=0.34))
    assert read_stats(tmp_path / "none.json") is None


def test_products_say_caution_and_why(
    tmp_path: Path, done_city: DoneCity, roofwatch: Roofwatch
) -> None:
    shutil.copytree(done_city.path.parent, tmp_path / "city")
    year = tmp_path / "city" / "workspace" / "2023"
    drift = drift_of(seen(stats_of(2024, network=3.0), stats_of()))
    beside = Beside(city="Tinyville", why="the mayor asks")
    write_drift(ReportFiles(folder=year / "report"), drift, beside)
    names = ("report/drift.json", "report/drift.html")
    sums = {name: sha256_file(year / name) for name in names}
    write_seals(year.parent / "audit.csv", "2023", sums)
    path = tmp_path / "city" / "city.toml"
    ran = roofwatch("export", path, "--year", "2023", "--executor", "serial", "--quiet")

    assert ran.code == 0, ran.err
    said = "STOP (distance): how good the model is on the photos of 2024 is not known."
    assert said in ran.out
    for name in ("fire/fire_map/index.html", "fire/fire_map/README.txt"):
        text = (year / name).read_text(encoding="utf-8")
        assert f"{said} Exported all the same: the mayor asks" in text, name
    shapes = list((year / "fire").rglob("*.shp.xml"))
    assert shapes
    assert all("the mayor asks" in shape.read_text(encoding="utf-8") for shape in shapes)
    public = [page.read_text(encoding="utf-8") for page in (year / "public").glob("*.html")]
    assert any(said in text for text in public)
