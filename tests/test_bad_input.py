"""Bad input: one line that names what and where, the right exit code, and nothing written."""

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cities import CityBuilder, DoneCity, RasterWriter, Roofwatch
from heads import plain_head

from models.files import save_model
from models.network import load_backbones
from models.registry import Registry, register_model
from models.runs import RunRecord
from models.spec import ModelSpec, spec_to_json


@pytest.fixture
def city(tmp_path: Path, tiny_city: CityBuilder) -> Path:
    """A city of its own."""
    return tiny_city(tmp_path / "city")


BAD_TOML = [
    (
        "unknown key",
        'name = "Tinyville"',
        'name = "Tinyville"\nnmae = "x"',
        ["city.toml", "nmae", "did you mean 'name'?"],
    ),
    ("unknown table", "[train]", "[trian]", ["trian", "did you mean 'train'?"]),
    ("missing key", 'id = "parcel_id"\nblock', "block", ["[parcels] id", "missing"]),
    ("missing table", "[vacant]", "[labelz]", ["labelz"]),
    ("missing file", "vacant.csv", "vacnat.csv", ["[vacant] path", "vacnat.csv"]),
    (
        "missing weights",
        "input_px = 64",
        'input_px = 64\nweights = "own.pth"',
        ["weights", "own.pth"],
    ),
    ("text for a number", "gsd_m = 0.5", 'gsd_m = "half"', ["model.gsd_m", "'half'", "a number"]),
    ("number for text", 'name = "Tinyville"', "name = 7", ["city.name", "7", "text"]),
    ("text for a year", "year = 2023", 'year = "2023"', ["flyover.year", "whole number"]),
    ("true for a number", "bootstrap = 20", "bootstrap = true", ["train.bootstrap"]),
    ("out of range", "input_px = 64", "input_px = 8", ["[model]", "input_px >= 32"]),
    ("not a number", "gsd_m = 0.5", "gsd_m = nan", ["[model]", "gsd_m"]),
    ("two of a year", "year = 2024", "year = 2023", ["[[flyover]]", "2023 twice"]),
    ("bad date", '"2023-03-01"', '"March"', ["2023 date", "'March'"]),
    ("bad toml", "[train]", "[train", ["city.toml", "not valid TOML", "line"]),
    ("no such variable", "flyover/2023", "$ROOFWATCH_NOWHERE/2023", ["ROOFWATCH_NOWHERE"]),
    (
        "table for text",
        "[train]\n",
        "[score]\nlikely = 0.1\npossible = 0.5\n[train]\n",
        ["[score]", "possible"],
    ),
    (
        "unknown backbone",
        "input_px = 64",
        'input_px = 64\nbackbone = "resnet"',
        ["backbone", "resnet"],
    ),
    ("no id column named", 'id = "parcel_id"\nblock', "id = []\nblock", ["id"]),
    ("no flyover path", 'path = "flyover/2023"', "path = []", ["path"]),
    ("no fold", "bootstrap = 20", "folds = 0", ["folds"]),
    ("one fold", "bootstrap = 20", "folds = 1", ["folds"]),
    ("no penalty", "bootstrap = 20", "penalty = 0.0", ["penalty"]),
    ("a copy that weighs all", "bootstrap = 20", "light = 1.0", ["light"]),
    ("an aim that cannot be kept", "bootstrap = 20", "recall = 1.0", ["recall"]),
    ("unknown mode", "bootstrap = 20", 'mode = "thaw"', ["mode", "thaw"]),
    ("unknown view", '["roof_grey"]', '["roof_gray"]', ["views", "roof_gray", "roof_grey"]),
    ("no view", '["roof_grey"]', "[]", ["views"]),
    ("a view twice", '["roof_grey"]', '["near", "near"]', ["views"]),
    ("three turns", "turns = 1", "turns = 3", ["turns"]),
    ("a network twice", "turns = 1", 'backbone = "resnet18+resnet18"', ["backbone"]),
    ("likely alone", "[train]", "[score]\nlikely = 0.5\n[train]", ["[score]", "possible"]),
    ("no grid", 'block = "block"', "block_grid_m = 0", ["block_grid_m"]),
    ("no chip side", "[train]", "[tile]\nmax_side_m = 0\n[train]", ["max_side_m"]),
    ("bad export crs", "[train]", '[export]\ncrs = "EPSG:nowhere"\n[train]', ["crs"]),
    ("no name", '"Tinyville"', '""', ["name"]),
]


@pytest.mark.parametrize(
    ("old", "new", "says"), [case[1:] for case in BAD_TOML], ids=[case[0] for case in BAD_TOML]
)
def test_bad_city_file(
    city: Path, roofwatch: Roofwatch, old: str, new: str, says: list[str]
) -> None:
    """A mistake in the city file is found before anything is written."""
    text = city.read_text()
    assert old in text
    city.write_text(text.replace(old, new, 1))

    ran = roofwatch("train", city, "--year", 2023, "--executor", "serial", "--quiet")

    assert ran.code == 3
    assert [word for word in says if word not in ran.error] == []
    assert not (city.parent / "workspace").exists()


@pytest.mark.parametrize("command", ["check", "tile", "train", "score", "export", "run"])
def test_year_without_flyover(city: Path, roofwatch: Roofwatch, command: str) -> None:
    """Every command names the years that are there."""
    ran = roofwatch(command, city, "--year", 1999)
    assert ran.code == 3
    assert "1999" in ran.error and "2023, 2024" in ran.error
    assert not (city.parent / "workspace").exists()


@pytest.mark.parametrize("command", ["check", "tile", "train", "score", "export", "run"])
def test_no_city_file(tmp_path: Path, roofwatch: Roofwatch, command: str) -> None:
    """The path that is not there is named."""
    ran = roofwatch(command, tmp_path / "none.toml", "--year", 2023)
    assert ran.code == 3
    assert "none.toml" in ran.error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('block = "block"', 'block = "blok"', ["[parcels] block", "'blok'"]),
        (
            'notice_date = "notice_date"',
            'notice_date = "issued"',
            ["[vacant] notice_date", "'issued'"],
        ),
        ('collapsed = "collapsed"', 'collapsed = "failed"', ["[labels]", "'failed'"]),
        ('collapsed = "collapsed"', "", ["[labels]", "collapsed", "roof_pct"]),
        ("flyover/2023", "flyover/2021", ["flyover 2023", "flyover/2021"]),
    ],
)
def test_missing_column_or_folder(
    city: Path, roofwatch: Roofwatch, old: str, new: str, says: list[str]
) -> None:
    """What the city file names and the data lacks is named by table and column."""
    city.write_text(city.read_text().replace(old, new, 1))

    ran = roofwatch("train", city, "--year", 2023, "--executor", "serial", "--quiet")

    assert ran.code == 3
    assert [word for word in says if word not in ran.error] == []
    assert not list((city.parent / "workspace").rglob("*.parquet"))


def test_label_that_is_no_number(city: Path, roofwatch: Roofwatch) -> None:
    """File, row and value are named."""
    labels = city.parent / "labels.csv"
    labels.write_text(labels.read_text().replace(",1,2023", ",perhaps,2023", 1))

    ran = roofwatch("train", city, "--year", 2023, "--executor", "serial", "--quiet")

    assert ran.code == 3
    assert [word for word in ("labels.csv", "row 3", "perhaps") if word not in ran.error] == []
    assert not (city.parent / "workspace").exists()


@pytest.mark.parametrize("name", ["parcels.gpkg", "vacant.csv", "labels.csv"])
@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00\x01\x02rubbish", b"PK\x03\x04 a spreadsheet"]
)
def test_rubbish_for_a_file(city: Path, roofwatch: Roofwatch, name: str, content: bytes) -> None:
    """An empty file, or one of another kind, is named."""
    (city.parent / name).write_bytes(content)

    ran = roofwatch("train", city, "--year", 2023, "--executor", "serial", "--quiet")

    assert ran.code == 3
    assert name in ran.error or name.split(".")[0] in ran.error
    assert not list((city.parent / "workspace").rglob("*.parquet"))


def test_unreadable_city_file(tmp_path: Path, roofwatch: Roofwatch) -> None:
    """A city file that is no text."""
    (tmp_path / "city.toml").write_bytes(b"\xff\xfe\x00")
    ran = roofwatch("check", tmp_path / "city.toml", "--year", 2023)
    assert ran.code == 3
    assert "city.toml" in ran.error


def test_too_few_labels(city: Path, roofwatch: Roofwatch) -> None:
    """Six labels are too few; both numbers are given."""
    labels = city.parent / "labels.csv"
    labels.write_text("\n".join(labels.read_text().splitlines()[:7]) + "\n")

    ran = roofwatch("train", city, "--year", 2023, "--executor", "serial", "--quiet")

    assert ran.code == 3
    assert "3 failing and 3 intact" in ran.error


LABELS = [
    (
        "one class",
        lambda rows: rows.assign(collapsed=1),
        ["24 failing and 0 intact", "label more roofs"],
    ),
    ("three labels", lambda rows: rows.iloc[:3], ["1 failing and 2 intact"]),
    (
        "strangers",
        lambda rows: rows.assign(parcel_id=[f"7777 {number:03d}" for number in range(24)]),
        ["0 usable labels", "flyover year"],
    ),
    ("later years", lambda rows: rows.assign(year=2024), ["0 usable labels", "flyover year"]),
    (
        "years without flyover",
        lambda rows: rows.assign(year=2001),
        ["24 usable labels, none in a flyover year", "2023, 2024"],
    ),
    ("nobody could tell", lambda rows: rows.assign(collapsed="cannot tell"), ["0 usable labels"]),
    ("no rows", lambda rows: rows.iloc[:0], ["0 usable labels"]),
]


@pytest.fixture(scope="module")
def labels_city(tmp_path_factory: pytest.TempPathFactory, tiny_city: CityBuilder) -> Path:
    """A city in which label files come and go."""
    return tiny_city(tmp_path_factory.mktemp("labels") / "city")


@pytest.mark.parametrize(
    ("change", "says"), [case[1:] for case in LABELS], ids=[case[0] for case in LABELS]
)
def test_labels_that_cannot_be_learned_from(
    labels_city: Path,
    roofwatch: Roofwatch,
    change: Callable[[pd.DataFrame], pd.DataFrame],
    says: list[str],
) -> None:
    """One line that says what there is and what is wanted; no model."""
    file = labels_city.parent / "labels.csv"
    before = file.read_text()

    try:
        change(pd.read_csv(file, dtype={"parcel_id": str})).to_csv(file, index=False)
        ran = roofwatch("train", labels_city, "--year", 2023, "--executor", "serial", "--quiet")
    finally:
        file.write_text(before)

    assert ran.code == 3
    assert [word for word in says if word not in ran.error] == []
    assert not (labels_city.parent / "workspace" / "2023" / "model").exists()


def break_features(path: Path) -> None:
    """Replace one number of a table of features by NaN."""
    table = pq.read_table(path)
    place = table.schema.get_field_index("features")
    field = table.schema.field(place)

    values = table["features"].combine_chunks().flatten().to_numpy().copy()
    values[5] = np.nan
    numbers = pa.array(values, pa.float32())
    broken = pa.FixedSizeListArray.from_arrays(numbers, field.type.list_size)
    pq.write_table(table.set_column(place, field, broken), path)


def test_features_that_are_no_numbers(labels_city: Path, roofwatch: Roofwatch) -> None:
    """A cache with NaN in it is made anew; one without a seal stops the training with a line."""
    chips = labels_city.parent / "workspace" / "2023" / "chips"
    file = labels_city.parent / "labels.csv"
    before = file.read_text()

    # Too few labels: this training fails, but leaves the features.
    file.write_text("\n".join(before.splitlines()[:4]))
    roofwatch("train", labels_city, "--year", 2023, "--executor", "serial", "--quiet")
    file.write_text(before)
    break_features(chips / "features.parquet")
    ran = roofwatch("train", labels_city, "--year", 2023, "--executor", "serial", "--quiet")
    assert ran.code == 0
    assert "chips/features.parquet not as audit.csv seals it; made anew" in ran.err

    break_features(chips / "features.parquet")
    (labels_city.parent / "workspace" / "audit.csv").unlink()
    ran = roofwatch("train", labels_city, "--year", 2023, "--executor", "serial", "--quiet")
    assert ran.code == 3
    assert "NaN or infinity" in ran.error and "chips/" in ran.error
    shutil.rmtree(chips)


def test_score_and_export_before_their_time(city: Path, roofwatch: Roofwatch) -> None:
    """No model, no ledger: the command that is missing is named."""
    ran = roofwatch("export", city, "--year", 2023)
    assert ran.code == 3
    assert "run score" in ran.error

    ran = roofwatch("score", city, "--year", 2023, "--executor", "serial", "--quiet")
    assert ran.code == 3
    assert "roofwatch adopt" in ran.error
    assert not (city.parent / "workspace" / "2023").exists()


@pytest.mark.parametrize("command", ["check", "tile", "train", "score", "export", "run"])
def test_dask_needs_a_scheduler(city: Path, roofwatch: Roofwatch, command: str) -> None:
    """Wrong use is exit 2."""
    ran = roofwatch(command, city, "--year", 2023, "--executor", "dask")
    assert ran.code == 2
    assert "--scheduler" in ran.error
    assert not (city.parent / "workspace").exists()


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["fly"],
        ["tile"],
        ["tile", "c.toml"],
        ["tile", "c.toml", "--year", "x"],
        ["tile", "c.toml", "--year", "1", "--workers", "0"],
    ],
)
def test_wrong_words(capfd: pytest.CaptureFixture[str], words: list[str]) -> None:
    """The parser says what is wrong and leaves with 2."""
    from roofwatch.cli import main

    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 2
    assert "error:" in capfd.readouterr().err


def test_imagery_elsewhere(city: Path, roofwatch: Roofwatch, write_raster: RasterWriter) -> None:
    """Tiles of another city: FIX FIRST, and run goes no further."""
    folder = city.parent / "flyover" / "2023"
    for path in folder.iterdir():
        path.unlink()
    write_raster(folder / "far.tif", np.full((3, 32, 32), 9, np.uint8), left=500_000)

    ran = roofwatch("check", city, "--year", 2023, "--json", "--quiet")
    assert ran.code == 3
    assert ran.answer["verdict"] == "FIX FIRST"

    ran = roofwatch("run", city, "--year", 2023, "--executor", "serial", "--quiet")
    assert ran.code == 3
    assert "FIX FIRST" in ran.error
    assert not (city.parent / "workspace" / "2023" / "chips").exists()


def model_folder(done_city: DoneCity) -> Path:
    """Return the registered model's folder."""
    runs = done_city.workspace / "mlruns"
    return next(path.parent for path in runs.rglob("head.safetensors"))


def refused(done_city: DoneCity, roofwatch: Roofwatch) -> str:
    """Score must refuse with exit 4 and leave the ledger alone; return what it says."""
    path = done_city.path
    ledger = path.parent / "workspace" / "2023" / "ledger.csv"
    before = ledger.read_bytes()

    ran = roofwatch("score", path, "--year", 2023, "--executor", "serial", "--quiet")

    assert ran.code == 4
    assert ledger.read_bytes() == before
    return ran.error


def test_smuggled_pickle(done_city: DoneCity, roofwatch: Roofwatch, tmp_path: Path) -> None:
    """A pickle in the model folder is refused, not run."""
    smuggled = model_folder(done_city) / "model.pkl"
    smuggled.write_bytes(pickle.dumps(print))
    try:
        assert "model.pkl" in refused(done_city, roofwatch)
    finally:
        smuggled.unlink()


@pytest.mark.parametrize("name", ["head.safetensors", "backbone.safetensors", "spec.json"])
@pytest.mark.parametrize("how", ["changed", "gone", "rubbish"])
def test_tampered_model(done_city: DoneCity, roofwatch: Roofwatch, name: str, how: str) -> None:
    """A changed, missing or replaced file of the champion is refused."""
    file = model_folder(done_city) / name
    content = file.read_bytes()

    try:
        if how == "changed":
            file.write_bytes(content[:-3] + bytes([content[-3] ^ 1]) + content[-2:])
        elif how == "rubbish":
            file.write_bytes(b"\x80\x04rubbish")
        else:
            file.unlink()
        assert "model" in refused(done_city, roofwatch)
    finally:
        file.write_bytes(content)


def save_small_model(folder: Path) -> ModelSpec:
    """Save a model whose head calls any roof the same, and return its spec."""
    spec = ModelSpec(input_px=32, gsd_m=0.5, margin_m=2, views=("roof_grey",), turns=1)
    head = plain_head(spec.features)
    save_model(folder, spec, head, load_backbones(spec))
    return spec


def test_models_whose_files_do_not_fit_each_other(
    city: Path, roofwatch: Roofwatch, tmp_path: Path
) -> None:
    """A registered model whose files do not fit each other is refused, though checksums match.

    The spec is one of other views or of another network, or a pickle has a right file name.
    """
    workspace = city.parent / "workspace"
    workspace.mkdir()
    registry = Registry(
        uri=f"sqlite:///{workspace}/mlflow.db",
        artifacts=str(workspace / "mlruns"),
        experiment="Tinyville",
        model="tinyville-roof",
    )
    report = tmp_path / "report"
    report.mkdir()
    record = RunRecord(parameters={}, metrics={}, report=report)

    written = spec_to_json(save_small_model(tmp_path / "model"))
    smuggled: list[tuple[str, bytes]] = [
        ("spec.json", written.replace('"roof_grey"', '"near", "roof"').encode()),
        ("spec.json", written.replace("lite0", "lite2").encode()),
        ("head.safetensors", pickle.dumps(print)),
        ("backbone.safetensors", pickle.dumps(print)),
    ]
    for version, (name, content) in enumerate(smuggled, start=1):
        folder = Path(shutil.copytree(tmp_path / "model", tmp_path / f"model {version}"))
        (folder / name).write_bytes(content)
        assert register_model(registry, folder, record).version == version

        words = ["score", city, "--year", 2023, "--model", version, "--executor", "serial"]
        ran = roofwatch(*words, "--quiet")

        assert ran.code == 4
        assert "cannot be read" in ran.error and "promote another version" in ran.error

    assert not (workspace / "2023").exists()


def test_unknown_version_and_alias(done_city: DoneCity, roofwatch: Roofwatch) -> None:
    """A version or alias that is not there is named; nothing moves."""
    path = done_city.path
    ran = roofwatch("promote", path, "--version", 99, "--by", "Ann")
    assert ran.code == 3
    assert "'99'" in ran.error

    words = ["score", path, "--year", 2023, "--model", "winner", "--executor", "serial"]
    ran = roofwatch(*words, "--quiet")
    assert ran.code == 3
    assert "'winner'" in ran.error


def test_force_needs_a_reason(done_city: DoneCity, roofwatch: Roofwatch) -> None:
    """Nobody forces without saying why."""
    path = done_city.path
    ran = roofwatch("promote", path, "--version", 1, "--by", "Ann", "--force")
    assert ran.code == 2
    assert "--why" in ran.error
