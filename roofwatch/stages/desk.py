"""`roofwatch desk`: look at chips and say what is seen."""

import argparse
import socket
from dataclasses import dataclass, replace
from pathlib import Path

from imagery.errors import InputError, UsageError
from imagery.locks import one_at_a_time
from labels.desk.batch import Batch
from labels.desk.desk import Desk, DeskSetting
from labels.desk.guard import LOOPBACK, Door
from labels.desk.learned import Learn
from labels.desk.offline import write_file
from labels.desk.server import DeskApp, Heat, bind, make_server
from labels.desk.tokens import make_token, read_tokens
from labels.desk.views import Place
from labels.settings import THRESHOLD
from roofwatch.answer import Answer
from roofwatch.console import warn
from roofwatch.desk_batch import find_batch, parcels_of
from roofwatch.desk_learner import Learner, make_learner
from roofwatch.desk_retrain import offer_training
from roofwatch.desk_roofs import make_heat, show_roofs
from roofwatch.desk_scored import ScoredYear, open_scored
from roofwatch.opened import open_year
from roofwatch.stages.tile import tile
from roofwatch.waiting import hold_chips
from roofwatch.year import CityYear

EVERYWHERE = "0.0.0.0"  # only with --share, and a warning is printed
SHARED = (
    "warning: other machines reach this desk. Whoever has the address sees the photos and can "
    "enter looks{}; nothing on the way is encrypted. Give it to your readers only, "
    "inside your own network."
)

STILL_TRAINING = (
    "desk: the page is closed; the training that somebody started there goes on, and the command "
    "ends with it; Ctrl-C stops it"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Opened:
    """A sitting that is ready."""

    place: Place
    """Where it stands."""
    setting: DeskSetting
    """What it starts from."""
    heat: Heat | None
    """Makes heat maps."""


def command(options: argparse.Namespace) -> Answer:
    """Open the desk until it is stopped, or write it as a file."""
    if options.share and options.offline:
        raise UsageError("desk: --offline writes a file and opens nothing; leave --share out")
    if options.share and options.proxy:
        raise UsageError("desk: a proxy on this machine needs no --share; leave it out")
    tokens = read_tokens(options.tokens) if options.tokens else (make_token(),)
    door = Door(
        host=EVERYWHERE if options.share else LOOPBACK,
        port=options.port,
        tokens=tokens,
        proxy=options.proxy,
    )
    year = open_year(options)
    with year.at_work("desk"):
        hold_chips(year.city, "desk")
        opened = open_desk(year, draw=options.draw, city_file=options.city)
    if options.offline:
        return write_offline(opened, options.offline)

    folder = year.files.desk
    with one_at_a_time(folder / ".desk.lock", f"`desk` of {year.year}", wait_s=0):
        return serve(year, opened, door)


def open_desk(year: CityYear, *, draw: int, city_file: Path) -> Opened:
    """Open chips, the book of looks and a batch.

    Args:
        year: The city in the year.
        draw: Number of the batch; 0 takes the one that is not finished, or draws the next.
        city_file: The city file, as it was typed.

    Raises:
        InputError: nothing is left to look at, or there is no such batch.
    """
    store = year.find_chips() or tile(year)
    scored = open_scored(year, store)
    batch = find_batch(year, scored, store, draw)
    roofs = show_roofs(year, batch, store, scored)
    learner = find_learner(year, scored, batch)
    learn: Learn | None = None if isinstance(learner, str) else learner
    labels = year.file.labels
    before = year.earlier[0] if year.earlier else None
    heat = make_heat(scored, batch, store)

    return Opened(
        place=Place(
            city=year.city.name,
            year=year.year,
            flown=_flown(year),
            before=_flown(before) if before else "",
            train=f"roofwatch train {city_file} --year {year.year}",
            learns=f"The desk does not learn: {learner}." if isinstance(learner, str) else "",
            has_heat=heat is not None,
            as_of=year.file.export.as_of,
        ),
        setting=DeskSetting(
            batch=batch,
            roofs=roofs,
            book=year.city.book,
            threshold=labels.threshold if labels else THRESHOLD,
            day=lambda: year.city.today,
            learn=learn,
            training=offer_training(year, city_file),
        ),
        heat=heat,
    )


def find_learner(year: CityYear, scored: ScoredYear | str, batch: Batch) -> Learner | str:
    """Return what refits the head, or why nothing does."""
    if isinstance(scored, str):
        return scored
    return make_learner(year, scored, parcels_of(batch))


def serve(year: CityYear, opened: Opened, door: Door) -> Answer:
    """Serve the page until Ctrl-C."""
    listening = bind(door.host, door.port)
    door = replace(door, port=listening.getsockname()[1])
    desk = Desk(setting=opened.setting)
    app = DeskApp(desk=desk, place=opened.place, door=door, heat=opened.heat)
    for line in _greeting(opened, desk, door):
        warn(line)
    if desk.must_refit:
        desk.refit()

    server = make_server(app.make())
    try:
        server.run(sockets=[listening])
    except KeyboardInterrupt:
        pass  # how a desk is closed
    finally:
        listening.close()
    if desk.retraining.elapsed_s is not None:
        warn(STILL_TRAINING)
    return _closed(year, opened, desk)


def write_offline(opened: Opened, path: Path) -> Answer:
    """Write the roofs of a second reader as one HTML file."""
    setting = opened.setting
    count = write_file(path, opened.place, setting.batch, setting.roofs, setting.threshold)
    if not count:
        path.unlink()
        raise InputError(
            "desk --offline: no roof of this batch has a second reader; "
            "set [looks.desk] second_reader, which holds from the next batch on"
        )
    return Answer(
        lines=[
            f"{path}: {count} roofs of draw {setting.batch.draw} for a second reader",
            "open it in any browser, save the answers there, and read them with "
            "`roofwatch findings CITY.toml FILE.csv --by NAME`",
        ],
        facts={"file": str(path), "roofs": count, "draw": setting.batch.draw},
    )


def _greeting(opened: Opened, desk: Desk, door: Door) -> list[str]:
    batch = opened.setting.batch
    seen = desk.answers.seen
    names = [socket.gethostname()] if door.is_shared else [LOOPBACK]
    lines = [
        f"desk: {opened.place.city} {batch.year}, draw {batch.draw}: {len(batch.slots)} roofs, "
        f"{seen} of them seen; Ctrl-C closes it",
        *(f"desk: open {_address(door, name)}" for name in names),
    ]
    if opened.place.learns:
        lines.append(f"desk: {opened.place.learns}")
    any_name = " under any name" if not door.tokens[0].who else ""
    return [*lines, SHARED.format(any_name)] if door.is_shared else lines


def _address(door: Door, name: str) -> str:
    """Return what is opened; tokens of a file are not printed, since a service has its log."""
    token = door.tokens[0]
    return door.address(name, "TOKEN" if token.who else token.text)


def _closed(year: CityYear, opened: Opened, desk: Desk) -> Answer:
    answers = desk.answers
    batch = opened.setting.batch
    roofs = len(batch.slots)
    agreement = answers.agreement
    learned = desk.history[-1] if desk.history else None
    people = "1 person" if answers.people == 1 else f"{answers.people} people"
    lines = [
        f"draw {batch.draw} of {year.year}: {answers.seen} of {roofs} roofs seen by "
        f"{people}, {answers.failing} failing",
    ]
    if agreement.roofs:
        kappa = "" if agreement.kappa is None else f", kappa {agreement.kappa:.2f}"
        lines.append(f"two readers: the same {agreement.same} of {agreement.roofs} times{kappa}")
    if learned:
        lines.append(
            f"the list would have {learned.listed} roofs: {learned.joined} join it, "
            f"{learned.left} leave it (refit in {learned.seconds:.2f} s, not kept)"
        )
    lines.append(f"retrain: {opened.place.train}")
    year.city.log("desk", f"{year.year}: draw {batch.draw}, {answers.seen} of {roofs} roofs seen")
    return Answer(
        lines=lines,
        facts={
            "draw": batch.draw,
            "roofs": roofs,
            "seen": answers.seen,
            "failing": answers.failing,
            "kappa": agreement.kappa,
            "refit_s": learned.seconds if learned else None,
            "listed": learned.listed if learned else None,
        },
    )


def _flown(year: CityYear) -> str:
    return year.flown.isoformat() if year.flown else str(year.year)
