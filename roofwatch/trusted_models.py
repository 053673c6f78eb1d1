"""Registered models, compared with the audit log: the registry is not its own witness.

`train` and `adopt` seal what they register. A version whose files, checksum and evaluation are not
as they were sealed is refused, and so is an alias that the log knows nothing of.
"""

from pathlib import Path

from imagery.errors import TamperedFile, TamperedModel
from imagery.files import sha256_file
from models.registry import alias_version, move_alias, resolve_model, version_file
from models.spec import ModelVersion
from roofwatch.audit import champions
from roofwatch.seal import trusted_seals, write_seals
from roofwatch.sealed_files import sum_of
from roofwatch.year import City
from training.gate_labels import OUT_OF_FOLD

ARTIFACTS = "artifacts"
"""MLflow's folder of the files of a run."""
CHAMPION = "champion"
MODEL = "model"
"""Name of the seal of a model: its checksum in the registry."""
FILES = "files"
"""Name of the seal of all files of its run, where they lie in the workspace."""


def find_model(city: City, wanted: str) -> ModelVersion:
    """Find a version by alias or number, and compare it with its seal.

    Raises:
        MissingInput: no such model, alias or version.
        TamperedModel: it is not the one that was registered.
        TamperedLog: the chain of the audit log does not hold.
        InputError: MLflow cannot be reached.
    """
    if wanted == CHAMPION:
        settle_champion(city)
    version = resolve_model(city.registry, wanted)
    check_model(city, version)
    return version


def seal_model(city: City, version: ModelVersion) -> None:
    """Seal the checksum of a version that was registered, and the labels it was judged by."""
    sums = {MODEL: version.sha256}
    scores = version_file(city.registry, version.version, OUT_OF_FOLD)
    if scores is not None:
        sums[OUT_OF_FOLD] = sha256_file(scores)
    if (files := _files_of(city, version)) is not None:
        sums[FILES] = sum_of(files)
    write_seals(city.workspace.audit, version.label, sums)


def check_model(city: City, version: ModelVersion) -> None:
    """Compare the checksum in the registry with that in the log.

    Versions from before the first seal have none. A server may hold versions of other workspaces.

    Raises:
        TamperedModel: they differ, or a version came into the workspace's registry in another way.
    """
    seals = trusted_seals(city.workspace.audit)
    wanted = seals.get((version.label, MODEL))
    if wanted is None:
        sealed = [int(subject.rpartition("/")[2]) for subject, name in seals if name == MODEL]
        if not sealed or version.version < min(sealed) or not _is_own(city):
            return
        raise TamperedModel(
            f"model {version.label}: audit.csv has no seal of it, so neither train nor adopt "
            "registered it here; train again, or promote another version"
        )
    if version.sha256 != wanted:
        raise TamperedModel(
            f"model {version.label}: registered with sha256 {version.sha256[:12]}, sealed in "
            f"audit.csv as {wanted[:12]}; put mlflow.db and mlruns back from a backup, "
            "or promote another version"
        )


def check_evaluation(city: City, version: int) -> None:
    """Compare the labels that the gate judges a version by with their seal.

    Raises:
        TamperedFile: they are others, or gone.
    """
    label = f"{city.registry.model}/{version}"
    wanted = trusted_seals(city.workspace.audit).get((label, OUT_OF_FOLD))
    if wanted is None:
        return

    scores = version_file(city.registry, version, OUT_OF_FOLD)
    if scores is None or sha256_file(scores) != wanted:
        raise TamperedFile(
            f"model {label}: {OUT_OF_FOLD} among its files is not the one that train sealed in "
            "audit.csv; put mlruns back from a backup, or train again"
        )


def check_files(city: City, version: ModelVersion) -> None:
    """Compare all files of a version's run with their seal, also those that nothing here reads.

    Raises:
        TamperedModel: they are others.
    """
    wanted = trusted_seals(city.workspace.audit).get((version.label, FILES))
    files = _files_of(city, version)
    if wanted is not None and files is not None and sum_of(files) != wanted:
        raise TamperedModel(
            f"{files}: files of model {version.label} are not those that were registered, which "
            "audit.csv seals; put mlruns back from a backup"
        )


def settle_champion(city: City) -> int | None:
    """Compare the champion with the log, and finish a promotion that was killed.

    The log is written before the alias moves. Other workspaces may promote on a server.

    Returns:
        The champion, None where there is none.

    Raises:
        TamperedModel: the alias was moved past the log.
    """
    registry = city.registry
    said = champions(city.workspace.audit)
    champion = alias_version(registry, CHAMPION)
    if not said or not _is_own(city) or champion == said[-1]:
        return champion

    before = said[-2] if len(said) > 1 else None
    if champion not in (None, before):
        raise TamperedModel(
            f"model {registry.model}: the alias champion is at version {champion}, "
            f"audit.csv says {said[-1]}; promote the one that is meant: "
            "roofwatch promote --version V --by NAME --why TEXT"
        )
    move_alias(registry, CHAMPION, said[-1])
    return said[-1]


def _files_of(city: City, version: ModelVersion) -> Path | None:
    """Return the folder of the files of a version's run; None where they lie elsewhere."""
    folder = version.folder.resolve()
    root = city.workspace.mlruns.resolve()
    if not folder.is_relative_to(root):
        return None
    # The package has a folder of that name of its own, so the outermost is meant.
    return [place for place in folder.parents if place.name == ARTIFACTS][-1]


def _is_own(city: City) -> bool:
    """Tell whether the registry is the workspace's own, and not one that others share."""
    return not city.file.mlflow.uri
