"""MLflow for real: SQLite, PostgreSQL, and a server on top of either.

Also nested runs, packages, and files that were tampered with.
"""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mlflow.tracking import MlflowClient
from numpy.typing import NDArray

from imagery.chips.store import StoredChip
from imagery.errors import InputError, MissingInput, TamperedModel
from models.files import Model, load_model, save_model
from models.head import Head
from models.measures import MEASURES
from models.network import load_backbones
from models.registry import (
    Registry,
    alias_version,
    find_version,
    move_alias,
    record_promotion,
    register_model,
    resolve_model,
    version_file,
    version_metric,
    version_tag,
)
from models.runs import ROOT, ChildRun, RunRecord, environment, git_commit
from models.scoring import score_chips
from models.spec import ModelSpec
from models.tracking import mask
from training.promote import judge, promote

SPEC = ModelSpec(input_px=32, gsd_m=0.5, margin_m=2, views=("roof_grey",), turns=1)
STORES = ("sqlite", "postgres", "server on postgres")
START_S = 120
MLFLOW_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
}
SaveModel = Callable[..., Path]


@pytest.fixture(scope="module")
def saved_model(tmp_path_factory: pytest.TempPathFactory) -> SaveModel:
    """Return what saves a model with a head of its own.

    The head is on the measures, or on the network, which takes longer to load.
    """
    backbones = load_backbones(SPEC)

    def save(seed: int, rung: str = "measures") -> Path:
        rng, features = (
            np.random.default_rng(seed),
            SPEC.features if rung == "network" else len(MEASURES),
        )
        head = Head(
            rung=rung,
            center=rng.normal(size=features),
            scale=rng.random(features) + 50,
            weights=rng.normal(size=(4, features)) / 5,
            bias=rng.normal(size=4),
            slope=1.3,
            offset=-0.4,
            covariance=np.eye(2) / 100,
            likely=0.6,
            possible=0.2,
        )
        folder = tmp_path_factory.mktemp("model") / "model"
        save_model(folder, Model(spec=SPEC, head=head, backbones=backbones))
        return folder

    return save


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    """What a training of three rungs and five folds leaves."""
    report = tmp_path_factory.mktemp("report")
    (report / "evaluation.html").write_text("<!doctype html>")
    figures = {f"figure_{number}": number / 40 for number in range(40)}
    folds = tuple(
        ChildRun(
            name=f"fold {fold}",
            parameters={},
            metrics={f"figure_{number}": number / 9 + fold for number in range(9)},
        )
        for fold in range(5)
    )
    rungs = tuple(
        ChildRun(
            name=name, parameters={"ships": str(name == "network")}, metrics=figures, children=folds
        )
        for name in ("dark_share", "measures", "network")
    )
    parameters = {
        **{f"train.key_{number}": str(number) for number in range(40)},
        "year": "2023",
        "labels_sha256": "c0ffee",
    }
    return RunRecord(
        parameters=parameters,
        metrics={**figures, "average_precision": 0.7, "odd": float("nan")},
        report=report,
        children=rungs,
    )


def on_this_machine(folder: Path) -> Registry:
    """Return a registry on SQLite in a folder."""
    return Registry(
        uri=f"sqlite:///{folder}/mlflow.db",
        artifacts=str(folder / "mlruns"),
        experiment="Tinyville",
        model="tinyville-roof",
    )


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """A store of this machine that the tests share."""
    return on_this_machine(tmp_path_factory.mktemp("store"))


@contextmanager
def running(
    command: list[str], *, environ: dict[str, str], log: Path, user: int | None = None
) -> Iterator[None]:
    """Run a program of ours in a session of its own and end it, with all it has started."""
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=user,
            cwd=log.parent,
        )
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGKILL):  # what PostgreSQL calls a fast shutdown
            try:
                os.killpg(process.pid, number)
                process.wait(timeout=5)
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                continue
        process.wait(timeout=20)


def wait_for(ready: Callable[[], bool], log: Path) -> None:
    """Wait until a program is ready; show its log if it never is."""
    deadline = time.monotonic() + START_S
    while not ready():
        assert time.monotonic() < deadline, log.read_text(errors="replace")[-2000:]
        time.sleep(0.2)


def find_program(name: str) -> str:
    """Find a program of PostgreSQL, or skip the test."""
    found = shutil.which(name) or next(
        (str(path) for path in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))), ""
    )
    return found or pytest.skip(f"no {name} on this machine; apt-get install postgresql")


@contextmanager
def postgres() -> Iterator[str]:
    """Run PostgreSQL in a temporary folder, on a Unix socket only; root must not run it."""
    driver = next(
        (name for name in ("psycopg", "psycopg2") if importlib.util.find_spec(name)), None
    ) or pytest.skip("no PostgreSQL driver; install psycopg[binary]")
    initdb, server = find_program("initdb"), find_program("postgres")
    user = None
    folder = Path(
        tempfile.mkdtemp(prefix="roofwatch-pg-", dir="/tmp")
    )  # the path of a socket must be short, and pytest's folders are closed to other users
    try:
        if os.geteuid() == 0:
            import pwd

            user = pwd.getpwnam("postgres").pw_uid
            os.chown(folder, user, -1)
        environ, log = {"PATH": os.environ["PATH"], "LC_ALL": "C"}, folder / "log"
        command = [
            initdb,
            "-D",
            str(folder / "data"),
            "-A",
            "trust",
            "-U",
            "roofwatch",
            "-E",
            "UTF8",
            "--no-sync",
        ]
        subprocess.run(
            command,
            check=True,
            capture_output=True,
            user=user,
            env=environ,
            cwd=folder,
            timeout=START_S,
        )
        with running(
            [
                server,
                "-D",
                str(folder / "data"),
                "-k",
                str(folder),
                "-c",
                "listen_addresses=",
                "-c",
                "fsync=off",
            ],
            environ=environ,
            log=log,
            user=user,
        ):
            wait_for(lambda: "ready to accept connections" in log.read_text(errors="replace"), log)
            yield f"postgresql+{driver}://roofwatch@/postgres?host={folder}"
    finally:
        shutil.rmtree(folder)


@contextmanager
def server(folder: Path, database: str) -> Iterator[str]:
    """Run an MLflow server on a loopback port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "mlflow",
        "server",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        "1",
    ]
    command += ["--backend-store-uri", database, "--artifacts-destination", str(folder / "files")]
    log, url = folder / "server.log", f"http://127.0.0.1:{port}"
    with running(command, environ={**os.environ, **MLFLOW_ENVIRONMENT}, log=log):
        wait_for(lambda: answers(f"{url}/health"), log)
        yield url


def answers(url: str) -> bool:
    """Tell whether a server answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """One PostgreSQL for all tests here."""
    with postgres() as url:
        yield url


@pytest.fixture(scope="module")
def served_url(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One MLflow server on top of it."""
    with server(tmp_path_factory.mktemp("server"), database) as url:
        yield url


@pytest.fixture(params=STORES)
def any_registry(request: pytest.FixtureRequest, registry: Registry) -> Registry:
    """A registry on each kind of store, with an experiment and a model of its own."""
    store = replace(
        registry, experiment=f"On {request.param}", model=f"{request.param.replace(' ', '-')}-roof"
    )
    if request.param == "sqlite":
        return store
    return replace(
        store,
        uri=request.getfixturevalue("database" if request.param == "postgres" else "served_url"),
    )


def pyfunc_scores(
    registry: Registry, alias: str, chips: NDArray[np.generic], monkeypatch: pytest.MonkeyPatch
) -> NDArray[np.float64]:
    """Load a model as anyone would who knows nothing but MLflow, and score."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", registry.uri)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own, on import
        import mlflow.pyfunc
    scores = mlflow.pyfunc.load_model(f"models:/{registry.model}@{alias}").predict(chips)
    assert isinstance(scores, np.ndarray)
    return scores


def make_chips(number: int, *, side: int = 48) -> NDArray[np.uint8]:
    """Chips with a house in the middle, uint8 (N, 4, side, side)."""
    chips = np.random.default_rng(number).integers(0, 256, (number, 4, side, side)).astype(np.uint8)
    chips[:, 3] = 0
    chips[:, 3, 10:-10, 12:-12] = 1
    return chips


def our_scores(folder: Path, sha256: str, chips: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Score chips of `make_chips` with our own code."""
    return score_chips(
        load_model(folder, sha256),
        [StoredChip(pixels=chip[:3], mask=chip[3] == 1) for chip in chips],
    )


@pytest.mark.timeout(600)
def test_whole_flow_on_every_store(
    any_registry: Registry,
    saved_model: SaveModel,
    record: RunRecord,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Register, twice the same, a second one, promote, roll back, and load as a pyfunc."""
    store, models = any_registry, [saved_model(0), saved_model(1)]
    record = replace(
        record,
        children=tuple(replace(rung, children=rung.children[:1]) for rung in record.children[:2]),
    )
    assert alias_version(store, "champion") is None
    first = register_model(store, models[0], record)
    assert (first.version, first.alias, first.spec, first.name) == (
        1,
        "challenger",
        SPEC,
        store.model,
    )
    again = register_model(store, models[0], record)
    assert replace(again, folder=first.folder) == first
    assert alias_version(store, "challenger") == 1
    move_alias(store, "champion", 1)
    second = register_model(store, models[1], record)
    assert (
        second.version,
        alias_version(store, "challenger"),
        alias_version(store, "champion"),
    ) == (2, 2, 1)
    assert find_version(store, "labels_sha256", "c0ffee") == 2
    assert version_metric(store, 2, "average_precision") == 0.7
    assert version_tag(store, 2, "rung") == "network"
    page = version_file(store, 2, "report/evaluation.html")
    assert page is not None
    assert page.read_text() == "<!doctype html>"
    assert version_file(store, 2, "report/none.html") is None
    verdict = judge(store, 2, margin=0.02, was_champion=False)
    promote(store, 2, verdict, force=False)
    record_promotion(store, 2, by="Ann", why="better on row houses")
    assert version_tag(store, 2, "promoted_why") == "better on row houses"
    chips = make_chips(2)
    for version in (2, 1):
        move_alias(store, "champion", version)
        champion = resolve_model(store, "champion")
        assert (champion.version, champion.alias) == (version, "champion")
        np.testing.assert_array_equal(
            pyfunc_scores(store, "champion", chips, monkeypatch),
            our_scores(champion.folder, champion.sha256, chips),
        )
    with pytest.raises(MissingInput, match="no version or alias 'nobody'"):
        resolve_model(store, "nobody")
    assert capfd.readouterr().out == ""  # stdout is for --json


def test_runs_are_nested(registry: Registry, saved_model: SaveModel, record: RunRecord) -> None:
    """Each rung is a run below the training, and each fold a run below its rung.

    All of them are finished, in little time.
    """
    register_model(registry, saved_model(10), record)  # makes the database
    before = time.process_time()
    version = register_model(registry, saved_model(11), record)
    assert time.process_time() - before < 5  # seconds of processor; about 1.5 when idle
    mlflow = MlflowClient(tracking_uri=registry.uri, registry_uri=registry.uri)
    parent = mlflow.get_run(version.run_id)
    runs = mlflow.search_runs(
        [parent.info.experiment_id], filter_string=f"tags.sha256 = '{version.sha256}'"
    )
    assert {run.info.status for run in runs} == {"FINISHED"}
    below: dict[str, list[str]] = {}
    for run in runs:
        below.setdefault(run.data.tags.get("mlflow.parentRunId", ""), []).append(
            str(run.info.run_name)
        )
    names = {run.info.run_id: run.info.run_name for run in runs}
    assert below.pop("") == ["train 2023"]
    assert sorted(below.pop(version.run_id)) == ["dark_share", "measures", "network"]
    assert sorted(str(names[one]) for one in below) == ["dark_share", "measures", "network"]
    assert all(
        sorted(folds) == [f"fold {number}" for number in range(5)] for folds in below.values()
    )
    assert parent.data.tags.get("mlflow.source.git.commit", "") == git_commit(ROOT)
    assert parent.data.params == record.parameters
    assert parent.data.metrics == {
        name: value for name, value in record.metrics.items() if value == value
    }
    fold = next(run for run in runs if run.info.run_name == "fold 3")
    assert fold.data.metrics["figure_8"] == pytest.approx(8 / 9 + 3)
    text = version_file(registry, version.version, "environment.txt")
    assert text is not None
    assert text.read_text() == environment()
    assert "\ntorch " in environment()
    assert "\nmlflow 3" in environment()


def test_commit_of_a_checkout_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The top of a checkout has a commit.

    A folder within one, a folder without one and a machine without git have none.
    """
    git = [
        "git",
        "-C",
        str(tmp_path),
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b.c",
        "-c",
        "init.defaultBranch=main",
    ]
    if not shutil.which("git"):
        pytest.skip("no git on this machine")
    (tmp_path / "site-packages").mkdir()
    assert git_commit(tmp_path) == ""
    subprocess.run([*git, "init", "--quiet"], check=True, timeout=60)
    assert git_commit(tmp_path) == ""
    subprocess.run(
        [*git, "commit", "--quiet", "--allow-empty", "-m", "first"], check=True, timeout=60
    )
    commit = subprocess.run(
        [*git, "rev-parse", "HEAD"], check=True, timeout=60, capture_output=True, text=True
    ).stdout.strip()
    assert git_commit(tmp_path) == commit
    assert git_commit(tmp_path / "site-packages") == ""
    monkeypatch.setenv("GIT_DIR", str(tmp_path / ".git"))
    assert git_commit(tmp_path / "site-packages") == ""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_commit(tmp_path) == ""


def test_a_killed_run_is_closed_and_its_model_registered_once(
    registry: Registry, saved_model: SaveModel, record: RunRecord
) -> None:
    """A killed training is finished by the next one.

    If it was killed while it logged, the runs are marked and the model is registered once.
    If it was killed before the alias, the next run sets the alias.
    """
    store, folder = replace(registry, model="killed-roof"), saved_model(20)
    broken = replace(
        record,
        children=(
            *record.children[:1],
            ChildRun(name="odd", parameters={}, metrics={"not * a name": 1.0}),
        ),
    )
    with pytest.raises(InputError, match="Invalid value"):
        register_model(store, folder, broken)
    mlflow = MlflowClient(tracking_uri=store.uri, registry_uri=store.uri)
    assert find_version(store, "rung", "network") is None
    first = register_model(store, folder, record)
    experiment = mlflow.get_run(first.run_id).info.experiment_id
    found = f"tags.sha256 = '{first.sha256}' and tags.rung = 'network'"
    assert sorted(
        run.info.status for run in mlflow.search_runs([experiment], filter_string=found)
    ) == ["FAILED", "FINISHED"]
    open_run = mlflow.create_run(experiment, tags={"sha256": resolve_model(store, "1").sha256})
    mlflow.delete_registered_model_alias(store.model, "challenger")
    assert register_model(store, folder, record).alias == "challenger"
    assert (
        len(mlflow.search_model_versions("name = 'killed-roof'"))
        == alias_version(store, "challenger")
        == 1
    )
    mlflow.delete_registered_model(store.model)
    assert register_model(store, folder, record).version == 1
    assert mlflow.get_run(open_run.info.run_id).info.status == "KILLED"


def test_no_pickle_in_the_package(
    registry: Registry, saved_model: SaveModel, record: RunRecord
) -> None:
    """Our files are in a folder of their own, with code and pinned requirements beside them.

    Nothing has to be unpickled.
    """
    version = register_model(registry, saved_model(30), replace(record, children=()))
    package = version.folder.parents[1]
    files = [path for path in package.rglob("*") if path.is_file()]
    assert {
        "MLmodel",
        "pyfunc.py",
        "requirements.txt",
        "backbone.safetensors",
        "head.safetensors",
        "spec.json",
        "scoring.py",
        "store.py",
    } <= {path.name for path in files}
    assert [
        path
        for path in files
        if path.suffix in (".pkl", ".pickle", ".pt", ".pth", ".joblib", ".pyc")
    ] == []
    assert [
        path
        for path in files
        if path.read_bytes()[:2] in {bytes([0x80, protocol]) for protocol in range(2, 6)}
        or zipfile.is_zipfile(path)
    ] == []
    pinned = (package / "requirements.txt").read_text().split()
    assert all("==" in line for line in pinned)
    assert {"torch", "mlflow", "safetensors"} <= {line.split("==")[0] for line in pinned}
    assert "roofwatch" not in " ".join(pinned)


STRANGER = """
import importlib.util, sys
sys.path = [entry for entry in sys.path if entry not in sys.argv[2:]]
assert not any(importlib.util.find_spec(name) for name in ("roofwatch", "models", "imagery"))
import numpy as np
import mlflow.pyfunc
model = mlflow.pyfunc.load_model("models:/tinyville-roof@challenger")
np.save("scores.npy", model.predict(np.load(sys.argv[1])))
"""


def test_it_loads_where_roofwatch_is_not_installed(
    registry: Registry, saved_model: SaveModel, record: RunRecord, tmp_path: Path
) -> None:
    """A fresh process, elsewhere, that knows the address only, gets our scores."""
    version = register_model(registry, saved_model(40, "network"), record)
    assert version.alias == "challenger"
    chips = make_chips(3)
    np.save(tmp_path / "chips.npy", chips)
    ours = [
        entry
        for entry in {
            str(ROOT),
            str(Path(__file__).parents[1]),
            *os.environ.get("PYTHONPATH", "").split(":"),
        }
        if entry and (Path(entry) / "models").is_dir()
    ]
    environ = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        **MLFLOW_ENVIRONMENT,
        "MLFLOW_TRACKING_URI": registry.uri,
    }
    (tmp_path / "stranger.py").write_text(STRANGER)
    editable = [
        line
        for path in Path(np.__file__).parents[1].glob("*roofwatch*.pth")
        for line in path.read_text().splitlines()
    ]
    command = [
        sys.executable,
        str(tmp_path / "stranger.py"),
        str(tmp_path / "chips.npy"),
        *ours,
        *editable,
    ]
    done = subprocess.run(
        command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stderr[-2000:]
    np.testing.assert_allclose(
        np.load(tmp_path / "scores.npy"),
        our_scores(version.folder, version.sha256, chips),
        atol=1e-9,
    )


@pytest.mark.parametrize("name", ["head.safetensors", "backbone.safetensors", "spec.json"])
def test_tampered_files_are_refused(
    registry: Registry,
    saved_model: SaveModel,
    record: RunRecord,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    """By our loader and by the package's own."""
    store = replace(registry, model=f"{name.split('.')[0]}-roof")
    version = register_model(store, saved_model(50 + len(name)), replace(record, children=()))
    content = bytearray((version.folder / name).read_bytes())
    content[-2] ^= 1
    (version.folder / name).write_bytes(bytes(content))
    with pytest.raises(TamperedModel):
        found = resolve_model(store, "challenger")
        load_model(found.folder, found.sha256)
    with pytest.raises(TamperedModel):
        pyfunc_scores(store, "challenger", make_chips(1), monkeypatch)
    shutil.rmtree(version.folder)
    with pytest.raises(MissingInput, match="its files are not at"):
        resolve_model(store, "challenger")


def test_input_of_the_package_is_checked(
    registry: Registry, saved_model: SaveModel, record: RunRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No chips are no scores; another type, another shape or an empty mask is an error."""
    version = register_model(registry, saved_model(60, "network"), replace(record, children=()))
    move_alias(registry, "champion", version.version)
    chips = make_chips(9)
    scores = pyfunc_scores(registry, "champion", chips, monkeypatch)
    assert scores.shape == (9, 3)
    assert scores.dtype == np.float64
    assert ((scores[:, 1] <= scores[:, 0]) & (scores[:, 0] <= scores[:, 2])).all()
    assert pyfunc_scores(registry, "champion", chips[:0], monkeypatch).shape == (0, 3)
    for wrong in (chips.astype(np.float32), chips[:, :3]):
        with pytest.raises(Exception, match="schema"):
            pyfunc_scores(registry, "champion", wrong, monkeypatch)
    with pytest.raises(ValueError, match="chip 1 has an empty mask"):
        pyfunc_scores(
            registry,
            "champion",
            chips * np.array([1, 0] + [1] * 7, np.uint8)[:, None, None, None],
            monkeypatch,
        )


@pytest.mark.parametrize(
    "uri",
    [
        "http://ann:secret@127.0.0.1:9",
        "postgresql://ann:secret@127.0.0.1:9/mlflow",
        "sqlite:////proc/none/mlflow.db",
        "nonsense://ann:secret@host",
    ],
)
def test_a_store_that_is_not_there(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is input to be mended, said in one line, soon, and without the password."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    before = time.monotonic()
    with pytest.raises(InputError, match=r"\[mlflow\] uri") as caught:
        alias_version(Registry(uri=uri, artifacts="", experiment="x", model="x-roof"), "champion")
    assert time.monotonic() - before < 60
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_passwords_are_masked() -> None:
    """Whatever characters they hold."""
    assert (
        mask("cannot reach postgresql://ann:s3:c@ret@host/db now")
        == "cannot reach postgresql://ann:***@host/db now"
    )
    assert mask("http://127.0.0.1:5000/a@b") == "http://127.0.0.1:5000/a@b"
    assert (
        mask("postgresql://host/db?user=ann&password=s3cret&sslmode=require")
        == "postgresql://host/db?user=ann&password=***&sslmode=require"
    )
    assert mask("sqlite:////a/b.db") == "sqlite:////a/b.db"
