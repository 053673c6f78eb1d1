"""MLflow for real: SQLite, PostgreSQL, and a server on top of either.

Also nested runs, packages, and files that were tampered with.
"""

import importlib.util
import os
import random
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
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from heads import random_head
from mlflow.tracking import MlflowClient
from numpy.typing import NDArray

from imagery.chips.store import StoredChip
from imagery.errors import InputError, MissingInput, TamperedModel
from imagery.values.secrets import mask
from models.files import load_model, save_model
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
        features = SPEC.features if rung == "network" else len(MEASURES)
        head = random_head(features, rung, seed=seed)

        folder = tmp_path_factory.mktemp("model") / "model"
        save_model(folder, SPEC, head, backbones)
        return folder

    return save


def fold_run(fold: int) -> ChildRun:
    """Return the run of one fold."""
    metrics = {f"figure_{number}": number / 9 + fold for number in range(9)}
    return ChildRun(name=f"fold {fold}", parameters={}, metrics=metrics)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    """Return what a training of three rungs and five folds leaves."""
    report = tmp_path_factory.mktemp("report")
    (report / "evaluation.html").write_text("<!doctype html>")

    figures = {f"figure_{number}": number / 40 for number in range(40)}
    folds = tuple(fold_run(fold) for fold in range(5))
    rungs = []
    for name in ("dark_share", "measures", "network"):
        parameters = {"ships": str(name == "network")}
        rungs.append(ChildRun(name=name, parameters=parameters, metrics=figures, children=folds))

    settings = {f"train.key_{number}": str(number) for number in range(40)}
    return RunRecord(
        parameters={**settings, "year": "2023", "labels_sha256": "c0ffee"},
        metrics={**figures, "average_precision": 0.7, "odd": float("nan")},
        report=report,
        children=tuple(rungs),
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
    """Return a store of this machine that the tests share."""
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
    in_packages = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = shutil.which(name) or next(map(str, in_packages), "")
    return found or pytest.skip(f"no {name} on this machine; apt-get install postgresql")


def find_driver() -> str:
    """Find a driver of PostgreSQL, or skip the test."""
    for name in ("psycopg", "psycopg2"):
        if importlib.util.find_spec(name):
            return name
    pytest.skip("no PostgreSQL driver; install psycopg[binary]")


def give_to_postgres(folder: Path) -> int | None:
    """Give a folder to the user who may run PostgreSQL; None where that is the present one."""
    if os.geteuid() != 0:
        return None
    import pwd

    user = pwd.getpwnam("postgres").pw_uid
    os.chown(folder, user, -1)
    return user


@contextmanager
def postgres() -> Iterator[str]:
    """Run PostgreSQL in a temporary folder, on a Unix socket only; root must not run it."""
    driver = find_driver()
    initdb = [find_program("initdb"), "-A", "trust", "-U", "roofwatch", "-E", "UTF8", "--no-sync"]
    server = [find_program("postgres"), "-c", "listen_addresses=", "-c", "fsync=off"]

    # The path of a socket must be short, and pytest's folders are closed to other users.
    folder = Path(tempfile.mkdtemp(prefix="roofwatch-pg-", dir="/tmp"))
    data = str(folder / "data")
    log = folder / "log"
    environ = {"PATH": os.environ["PATH"], "LC_ALL": "C"}

    def is_ready() -> bool:
        return "ready to accept connections" in log.read_text(errors="replace")

    try:
        user = give_to_postgres(folder)
        subprocess.run(
            [*initdb, "-D", data],
            check=True,
            capture_output=True,
            user=user,
            env=environ,
            cwd=folder,
            timeout=START_S,
        )
        command = [*server, "-D", data, "-k", str(folder)]
        with running(command, environ=environ, log=log, user=user):
            wait_for(is_ready, log)
            yield f"postgresql+{driver}://roofwatch@/postgres?host={folder}"
    finally:
        shutil.rmtree(folder)


@contextmanager
def server(folder: Path, database: str) -> Iterator[str]:
    """Run an MLflow server on a loopback port."""
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--workers", "1"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", database, "--artifacts-destination", str(folder / "files")]
    log = folder / "server.log"
    url = f"http://127.0.0.1:{port}"
    with running(command, environ={**os.environ, **MLFLOW_ENVIRONMENT}, log=log):
        wait_for(lambda: answers(f"{url}/health"), log)
        yield url


def free_port() -> int:
    """Return a free loopback port below those that the kernel hands out to others by itself."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


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
    """Return a registry on each kind of store, with an experiment and a model of its own."""
    kind = str(request.param)
    model = f"{kind.replace(' ', '-')}-roof"
    store = replace(registry, experiment=f"On {kind}", model=model)
    if kind == "sqlite":
        return store

    address = "database" if kind == "postgres" else "served_url"
    return replace(store, uri=request.getfixturevalue(address))


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
    """Return chips with a house in the middle, uint8 (N, 4, side, side)."""
    chips = np.random.default_rng(number).integers(0, 256, (number, 4, side, side)).astype(np.uint8)
    chips[:, 3] = 0
    chips[:, 3, 10:-10, 12:-12] = 1
    return chips


def our_scores(folder: Path, sha256: str, chips: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Score chips of `make_chips` with our own code."""
    stored = [StoredChip(pixels=planes[:3], mask=planes[3] == 1) for planes in chips]
    return score_chips(load_model(folder, sha256), stored)


def check_files(store: Registry) -> None:
    """Check what is kept beside the second version."""
    assert find_version(store, "labels_sha256", "c0ffee") == 2
    assert version_metric(store, 2, "average_precision") == 0.7
    assert version_tag(store, 2, "rung") == "network"
    page = version_file(store, 2, "report/evaluation.html")
    assert page is not None
    assert page.read_text() == "<!doctype html>"
    assert version_file(store, 2, "report/none.html") is None


@pytest.mark.timeout(600)
def test_whole_flow_on_every_store(
    any_registry: Registry,
    saved_model: SaveModel,
    record: RunRecord,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Register, twice the same, a second one, promote, roll back, and load as a pyfunc."""
    store = any_registry
    models = [saved_model(0), saved_model(1)]
    rungs = tuple(replace(rung, children=rung.children[:1]) for rung in record.children[:2])
    record = replace(record, children=rungs)
    assert alias_version(store, "champion") is None

    first = register_model(store, models[0], record)
    assert (first.version, first.alias) == (1, "challenger")
    assert (first.spec, first.name) == (SPEC, store.model)
    again = register_model(store, models[0], record)
    assert replace(again, folder=first.folder) == first
    assert alias_version(store, "challenger") == 1

    move_alias(store, "champion", 1)
    second = register_model(store, models[1], record)
    assert second.version == 2
    assert alias_version(store, "challenger") == 2
    assert alias_version(store, "champion") == 1
    check_files(store)

    verdict = judge(store, 2, margin=0.02, was_champion=False)
    promote(store, 2, verdict, force=False)
    record_promotion(store, 2, by="Ann", why="better on row houses")
    assert version_tag(store, 2, "promoted_why") == "better on row houses"

    chips = make_chips(2)
    for version in (2, 1):
        move_alias(store, "champion", version)
        champion = resolve_model(store, "champion")
        assert (champion.version, champion.alias) == (version, "champion")
        theirs = pyfunc_scores(store, "champion", chips, monkeypatch)
        ours = our_scores(champion.folder, champion.sha256, chips)
        np.testing.assert_array_equal(theirs, ours)

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
    of_model = f"tags.sha256 = '{version.sha256}'"
    runs = mlflow.search_runs([parent.info.experiment_id], filter_string=of_model)
    assert {run.info.status for run in runs} == {"FINISHED"}

    below: dict[str, list[str]] = {}
    for run in runs:
        above = run.data.tags.get("mlflow.parentRunId", "")
        below.setdefault(above, []).append(str(run.info.run_name))
    names = {run.info.run_id: run.info.run_name for run in runs}
    assert below.pop("") == ["train 2023"]
    assert sorted(below.pop(version.run_id)) == ["dark_share", "measures", "network"]
    rungs = sorted(str(names[run_id]) for run_id in below)
    assert rungs == ["dark_share", "measures", "network"]
    fold_names = [f"fold {number}" for number in range(5)]
    for folds in below.values():
        assert sorted(folds) == fold_names

    fold = next(run for run in runs if run.info.run_name == "fold 3")
    assert fold.data.metrics["figure_8"] == pytest.approx(8 / 9 + 3)


def test_a_run_says_how_it_was_made(
    registry: Registry, saved_model: SaveModel, record: RunRecord
) -> None:
    """With its commit, parameters, all figures that are numbers, and its packages."""
    version = register_model(registry, saved_model(12), replace(record, children=()))
    mlflow = MlflowClient(tracking_uri=registry.uri, registry_uri=registry.uri)
    run = mlflow.get_run(version.run_id).data
    assert run.tags.get("mlflow.source.git.commit", "") == git_commit(ROOT)
    assert run.params == record.parameters
    numbers = {name: value for name, value in record.metrics.items() if not np.isnan(value)}
    assert run.metrics == numbers

    text = version_file(registry, version.version, "environment.txt")
    assert text is not None
    assert text.read_text() == environment()
    assert "\ntorch " in environment()
    assert "\nmlflow 3" in environment()


def test_commit_of_a_checkout_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The top of a checkout has a commit.

    A folder within one, a folder without one and a machine without git have none.
    """
    if not shutil.which("git"):
        pytest.skip("no git on this machine")

    def git(*arguments: str) -> str:
        person = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        command = ["git", "-C", str(tmp_path), *person, "-c", "init.defaultBranch=main"]
        done = subprocess.run(
            [*command, *arguments], check=True, timeout=60, capture_output=True, text=True
        )
        return done.stdout.strip()

    packages = tmp_path / "site-packages"
    packages.mkdir()
    assert git_commit(tmp_path) == ""
    git("init", "--quiet")
    assert git_commit(tmp_path) == ""

    git("commit", "--quiet", "--allow-empty", "-m", "first")
    assert git_commit(tmp_path) == git("rev-parse", "HEAD")
    assert git_commit(packages) == ""

    monkeypatch.setenv("GIT_DIR", str(tmp_path / ".git"))
    assert git_commit(packages) == ""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_commit(tmp_path) == ""


def test_a_killed_run_is_closed_and_its_model_registered_once(
    registry: Registry, saved_model: SaveModel, record: RunRecord
) -> None:
    """A killed training is finished by the next one.

    If it was killed while it logged, the runs are marked and the model is registered once.
    If it was killed before the alias, the next run sets the alias.
    """
    store = replace(registry, model="killed-roof")
    folder = saved_model(20)
    odd = ChildRun(name="odd", parameters={}, metrics={"not * a name": 1.0})
    broken = replace(record, children=(*record.children[:1], odd))
    with pytest.raises(InputError, match="Invalid value"):
        register_model(store, folder, broken)

    mlflow = MlflowClient(tracking_uri=store.uri, registry_uri=store.uri)
    assert find_version(store, "rung", "network") is None
    first = register_model(store, folder, record)
    experiment = mlflow.get_run(first.run_id).info.experiment_id
    of_model = f"tags.sha256 = '{first.sha256}' and tags.rung = 'network'"
    runs = mlflow.search_runs([experiment], filter_string=of_model)
    assert sorted(run.info.status for run in runs) == ["FAILED", "FINISHED"]

    open_run = mlflow.create_run(experiment, tags={"sha256": resolve_model(store, "1").sha256})
    mlflow.delete_registered_model_alias(store.model, "challenger")
    assert register_model(store, folder, record).alias == "challenger"
    assert alias_version(store, "challenger") == 1
    assert len(mlflow.search_model_versions("name = 'killed-roof'")) == 1

    mlflow.delete_registered_model(store.model)
    assert register_model(store, folder, record).version == 1
    assert mlflow.get_run(open_run.info.run_id).info.status == "KILLED"


def is_pickled(path: Path) -> bool:
    """Tell whether a file has the name or the first bytes of a pickle."""
    if path.suffix in (".pkl", ".pickle", ".pt", ".pth", ".joblib", ".pyc"):
        return True
    starts = {bytes([0x80, protocol]) for protocol in range(2, 6)}
    return path.read_bytes()[:2] in starts or zipfile.is_zipfile(path)


def test_no_pickle_in_the_package(
    registry: Registry, saved_model: SaveModel, record: RunRecord
) -> None:
    """Our files are in a folder of their own, with code and pinned requirements beside them.

    Nothing has to be unpickled.
    """
    version = register_model(registry, saved_model(30), replace(record, children=()))
    package = version.folder.parents[1]
    files = [path for path in package.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {
        "MLmodel",
        "pyfunc.py",
        "requirements.txt",
        "backbone.safetensors",
        "head.safetensors",
        "spec.json",
        "scoring.py",
        "store.py",
    }
    assert [path for path in files if is_pickled(path)] == []

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


def our_folders() -> list[str]:
    """Return every folder from which Python may import our code here."""
    folders = {str(ROOT), str(Path(__file__).parents[1])}
    folders.update(os.environ.get("PYTHONPATH", "").split(":"))
    ours = [folder for folder in folders if folder and (Path(folder) / "models").is_dir()]

    for path in Path(np.__file__).parents[1].glob("*roofwatch*.pth"):
        ours += path.read_text().splitlines()
    return ours


def test_it_loads_where_roofwatch_is_not_installed(
    registry: Registry, saved_model: SaveModel, record: RunRecord, tmp_path: Path
) -> None:
    """A fresh process, elsewhere, that knows the address only, gets our scores."""
    version = register_model(registry, saved_model(40, "network"), record)
    assert version.alias == "challenger"
    chips = make_chips(3)
    np.save(tmp_path / "chips.npy", chips)
    script = tmp_path / "stranger.py"
    script.write_text(STRANGER)

    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environ |= MLFLOW_ENVIRONMENT
    environ["MLFLOW_TRACKING_URI"] = registry.uri
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "chips.npy"), *our_folders()],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr[-2000:]

    theirs = np.load(tmp_path / "scores.npy")
    ours = our_scores(version.folder, version.sha256, chips)
    np.testing.assert_allclose(theirs, ours, atol=1e-9)


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

    chips[1] = 0
    with pytest.raises(ValueError, match="chip 1 has an empty mask"):
        pyfunc_scores(registry, "champion", chips, monkeypatch)


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
    """One line says so, soon, and without the password."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    before = time.monotonic()
    with pytest.raises(InputError, match=r"\[mlflow\] uri") as caught:
        alias_version(Registry(uri=uri, artifacts="", experiment="x", model="x-roof"), "champion")
    assert time.monotonic() - before < 60
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_passwords_are_masked() -> None:
    """Whatever characters they contain."""
    said = mask("cannot reach postgresql://ann:s3:c@ret@host/db now")
    assert said == "cannot reach postgresql://ann:***@host/db now"
    said = mask("postgresql://host/db?user=ann&password=s3cret&sslmode=require")
    assert said == "postgresql://host/db?user=ann&password=***&sslmode=require"
    assert mask("http://ann:s/3@c/r@host:5000/x failed") == "http://ann:***@host:5000/x failed"
    said = mask("'https://h/x.tif?X-Amz-Credential=AK%2F1&X-Amz-Date=2&sig=ab%3D', want https")
    assert said == "'https://h/x.tif?X-Amz-Credential=***&X-Amz-Date=2&sig=***', want https"
    error = InputError("flyover: /vsicurl/https://h/x.tif?sv=1&sig=abc: not there")
    assert str(error) == "flyover: /vsicurl/https://h/x.tif?sv=1&sig=***: not there"

    for harmless in ("http://127.0.0.1:5000/a@b", "sqlite:////a/b.db"):
        assert mask(harmless) == harmless
