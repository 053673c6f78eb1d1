"""`roofwatch adopt`: take another city's model, with its origin."""

import argparse
import dataclasses
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from imagery.errors import InputError, TamperedModel
from models.files import load_model
from models.origin import FoundModel, Origin, find_model
from models.registry import (
    alias_version,
    check_ready,
    move_alias,
    record_promotion,
    register_model,
    resolve_model,
)
from models.runs import RunRecord
from models.spec import ModelSpec, ModelVersion
from roofwatch.answer import Answer
from roofwatch.cold_start import FIRST_LOOKS
from roofwatch.opened import open_city
from roofwatch.trusted_models import seal_model
from roofwatch.waiting import alone_with_models
from roofwatch.year import City
from training.borrowed import LEAST_FAILING, LEAST_LABELS
from training.wording import percent


@dataclass(frozen=True, kw_only=True)
class Adopted:
    """Result of an adoption."""

    version: ModelVersion
    """The version, with its origin."""
    champion: int
    """Version that is champion now."""

    @property
    def is_champion(self) -> bool:
        """Tell whether the model became champion, because there was none, or was it already."""
        return self.champion == self.version.version


def command(options: argparse.Namespace) -> Answer:
    """Register the model, and say what it may do and what to look at first."""
    city = open_city(options)
    adopted = adopt(city, options.model, by=options.by, why=options.why)
    version = adopted.version
    aim = percent(city.file.train.precision_likely)

    standing = "it is the champion"
    if not adopted.is_champion:
        standing = (
            f"it is a challenger: version {adopted.champion} stays champion; "
            f"promote --version {version.version} to use it"
        )
    return Answer(
        lines=[
            f"{version.label} is borrowed: {version.origin}",
            f"  {standing}",
            f"  sha256 {version.sha256}; compare it with what the other city says",
            f"  no roof is called LIKELY, such roofs are POSSIBLE, until people have looked at "
            f"{LEAST_LABELS} roofs of one flyover, {LEAST_FAILING} of them failing, and {aim} of "
            "those that the model would call LIKELY are failing",
            f"  next: score --year Y; the {FIRST_LOOKS} roofs to look at first are then in "
            "Y/report/looks.csv of the workspace",
        ],
        facts={
            "model": version.name,
            "version": version.version,
            "sha256": version.sha256,
            "origin": version.origin,
            "champion": adopted.is_champion,
        },
    )


def adopt(city: City, place: str, *, by: str, why: str) -> Adopted:
    """Check a model, register it with its origin, and make it champion where there is none.

    Args:
        city: The city.
        place: The folder, as the user typed it.
        by: Who adopts it.
        why: Why.

    Raises:
        UsageError: a text that no product can hold.
        InputError: no model there, one that cannot be read, or one that does not fit [model].
        TamperedModel: its checksum is not that of its package.
    """
    found = find_model(Path(place))
    origin = Origin(
        name=found.name,
        sha256=found.sha256,
        place=_in_utf8(place),
        by=_in_utf8(by),
        why=_in_utf8(why),
        day=city.today,
    )
    spec = read_spec(found, place)
    check_spec(spec, city)

    check_ready(city.registry)
    with alone_with_models(city, "adopt"):
        return _register(city, found, origin, spec)


def read_spec(found: FoundModel, place: str) -> ModelSpec:
    """Return the spec of a model that can be loaded whole.

    Raises:
        InputError: it cannot.
    """
    try:
        return load_model(found.folder, found.sha256).spec
    except TamperedModel as error:
        _, _, reason = str(error).partition(" cannot be read: ")
        reason = reason.rpartition("; ")[0] or str(error)
        raise InputError(
            f"adopt: the model in {place!r} cannot be read: {reason}; ask for it again, as this "
            "version of roofwatch writes it"
        ) from error


def check_spec(spec: ModelSpec, city: City) -> None:
    """Compare what a model expects of chips with [model] of the city file.

    Raises:
        InputError: they differ.
    """
    ours = dataclasses.asdict(city.file.model.spec)
    theirs = dataclasses.asdict(spec)
    differing = [name for name in ours if ours[name] != theirs[name]]
    if differing:
        got = ", ".join(f"{name} = {_as_toml(ours[name])}" for name in differing)
        want = ", ".join(f"{name} = {_as_toml(theirs[name])}" for name in differing)
        raise InputError(
            f"adopt: the model does not fit [model] of the city file: got {got}, want {want}; "
            "write these into [model]"
        )


def _register(city: City, found: FoundModel, origin: Origin, spec: ModelSpec) -> Adopted:
    """Register the model, and make it champion where there is none."""
    registry = city.registry
    version = register_model_of(city, found, origin, spec)
    seal_model(city, version)
    champion = alias_version(registry, "champion")
    if champion is None:
        city.log("champion", f"version {version.version} by {origin.by}: adopted, there was none")
        move_alias(registry, "champion", version.version)
        record_promotion(registry, version.version, by=origin.by, why=origin.why)
        champion = version.version

    standing = "champion" if champion == version.version else "challenger"
    city.log(
        "adopt",
        f"{version.label} as {standing}: {origin.text}; sha256 {origin.sha256}; "
        f"by {origin.by}: {origin.why}",
    )
    return Adopted(version=resolve_model(registry, str(version.version)), champion=champion)


def register_model_of(
    city: City, found: FoundModel, origin: Origin, spec: ModelSpec
) -> ModelVersion:
    """Register the files of a model with its origin.

    Raises:
        InputError: the city has trained this very model itself.
    """
    parameters = {f"model.{name}": str(value) for name, value in dataclasses.asdict(spec).items()}
    with tempfile.TemporaryDirectory(prefix="roofwatch-") as temporary:
        report = Path(temporary)
        (report / "origin.json").write_text(json.dumps(origin.tags, indent=2), encoding="utf-8")
        record = RunRecord(
            parameters={**parameters, **origin.tags},
            metrics={},
            report=report,
            tags=origin.tags,
            command="adopt",
        )
        version = register_model(city.registry, found.folder, record)

    if not version.origin:
        raise InputError(
            f"adopt: this model is {version.label}, which {city.name} trained itself; "
            f"promote --version {version.version} to use it"
        )
    return version


def _in_utf8(text: str) -> str:
    """Return an argument of a command, which may hold what UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode()


def _as_toml(value: object) -> str:
    return json.dumps(list(value) if isinstance(value, tuple) else value)
