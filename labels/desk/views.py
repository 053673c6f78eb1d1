"""What a page is told, as JSON. Nothing here says why a roof was drawn before it is answered."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from labels.choices import ROOF_OPEN
from labels.desk.batch import Batch
from labels.desk.chips import DeskRoof, Photo
from labels.desk.desk import Desk
from labels.desk.disagreements import Disagreement
from labels.desk.learned import Learned
from labels.desk.retraining import Retraining
from labels.look import CONFUSERS, Look, middle_of
from labels.sample import RANDOM, STRANGE, TOP, UNSURE

View = Mapping[str, object]
"""A JSON object."""
REASONS = {
    TOP: "at the top of the list",
    UNSURE: "near where LIKELY begins",
    STRANGE: "unlike the other roofs",
    RANDOM: "drawn at random",
}
"""Why a roof was drawn."""
CONFUSER_WORDS = {
    "solar": ("solar panels", "s"),
    "tarp": ("tarp", "t"),
    "shadow": ("dark shadow", "d"),
    "tree": ("tree", "e"),
    "skylight": ("skylight", "k"),
    "other": ("other", "x"),
}
"""What looks like an open roof, and its key."""
OTHER_KEYS = {"cannot_tell": "7", "razed": "r", "occupied": "o"}
"""Keys of the answers that are no share."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the desk stands."""

    city: str
    """Name of the city."""
    year: int
    """Year of the flyover."""
    flown: str
    """Day of the flight in words, or the year."""
    before: str
    """The same of the flyover before, "" for none."""
    train: str
    """The command that trains on the answers."""
    learns: str
    """Why the desk does not learn, "" where it does."""
    has_heat: bool
    """Whether a heat map can be shown."""
    as_of: str = ""
    """Day of every answer as YYYY-MM-DD, where the city file sets one; "" for that of the clock."""


def page_facts(place: Place, batch: Batch, threshold: float) -> View:
    """Return what a page knows from the start."""
    shares = []
    for row, choice in enumerate(ROOF_OPEN, start=1):
        share = {
            "name": choice.name,
            "label": choice.label,
            "key": OTHER_KEYS.get(choice.name, str(row)),
            "roof_pct": middle_of(choice.name),
        }
        shares.append(share)
    return {
        **asdict(place),
        "batch": batch.name,
        "threshold": threshold,
        "shares": shares,
        "gone": [
            {"name": "razed", "label": "razed", "key": OTHER_KEYS["razed"]},
            {"name": "occupied", "label": "occupied", "key": OTHER_KEYS["occupied"]},
        ],
        "confusers": [
            {"name": name, "label": CONFUSER_WORDS[name][0], "key": CONFUSER_WORDS[name][1]}
            for name in CONFUSERS
        ],
    }


def card_view(desk: Desk, place: int, ahead: list[int]) -> View:
    """Return a roof as it is shown, without why it was drawn."""
    roof = desk.setting.roofs[place]
    return {
        "place": place,
        "address": roof.address,
        "parcel_id": roof.parcel_id,
        "oblique": roof.oblique,
        "now": photo_view(roof.now, _address(place, "now", roof.now)),
        "before": (
            photo_view(roof.before, _address(place, "before", roof.before)) if roof.before else None
        ),
        "ahead": [_address(other, "now", desk.setting.roofs[other].now) for other in ahead],
    }


def _address(place: int, which: str, photo: Photo) -> str:
    """Return the address of a photo, which changes with it: a browser may keep the photo."""
    return f"chip/{place}/{which}.webp?v={photo.version}"


def photo_view(photo: Photo, address: str) -> View:
    """Return a photo by its address."""
    return {
        "address": address,
        "width": photo.width_px,
        "height": photo.height_px,
        "outline": photo.outline,
    }


def look_view(desk: Desk, place: int, look: Look) -> View:
    """Return an answer, and why its roof was drawn."""
    slot = desk.setting.batch.slots[place]
    roof = desk.setting.roofs[place]
    return {
        "place": place,
        "address": roof.address or roof.parcel_id,
        "roof": look.roof,
        "disposition": look.disposition,
        "confuser": look.confuser,
        "note": look.note,
        "said": said_words(look),
        "reason": reason_words(slot.part, roof),
        "look_id": look.look_id,
    }


def said_words(look: Look) -> str:
    """Say an answer."""
    labels = {choice.name: choice.label for choice in ROOF_OPEN}
    words = look.disposition or labels[look.roof]
    if look.roof and look.roof != "cannot_tell":
        words = f"{words} open"
    confuser = CONFUSER_WORDS[look.confuser][0] if look.confuser else ""
    return f"{words}, {confuser}" if confuser else words


def reason_words(part: str, roof: DeskRoof) -> str:
    """Say why a roof was drawn."""
    score = "" if roof.score is None else f"; score {roof.score:.2f}"
    return f"{REASONS[part]}{score}"


def progress_view(desk: Desk, who: str) -> View:
    """Return how far the batch is, how far readers agree, and what was learned."""
    answers = desk.answers
    mine = answers.places_of(who)
    return {
        "seen": answers.seen,
        "roofs": len(desk.setting.batch.slots),
        "mine": mine,
        "people": answers.people,
        "wanted_twice": answers.wanted_twice,
        "failing": answers.failing,
        "pace_s": answers.pace_s,
        "agreement": asdict(answers.agreement),
        "learned": learned_view(desk.history[-1]) if desk.history else None,
        "first": learned_view(desk.history[0]) if desk.history else None,
        "odd": sum(not found.is_seen_again for found in desk.disagreements(who)),
        "training": training_view(desk.retraining),
    }


def learned_view(learned: Learned) -> View:
    """Return the figures of a refit."""
    return {
        "answers": learned.answers,
        "labels": learned.labels,
        "seconds": learned.seconds,
        "listed": learned.listed,
        "joined": learned.joined,
        "left": learned.left,
        "precision": asdict(learned.precision) if learned.precision else None,
        "recall": asdict(learned.recall) if learned.recall else None,
    }


def odd_view(desk: Desk, found: Disagreement) -> View:
    """Return a disagreement: the roof, and what was said of it."""
    roof = desk.setting.roofs[found.place]
    return {
        "place": found.place,
        "address": roof.address or roof.parcel_id,
        "mine": said_words(found.mine),
        "others": [f"{look.who}: {said_words(look)}" for look in found.others],
        "model": _model_words(desk, found),
        "again": found.is_seen_again,
    }


def _model_words(desk: Desk, found: Disagreement) -> str:
    """Say what the model says, where that is the contrary."""
    roof = desk.setting.roofs[found.place]
    if not found.is_surprise:
        return ""
    score = "" if roof.score is None else f", score {roof.score:.2f}"
    return f"{roof.word}{score}"


def training_view(retraining: Retraining) -> View | None:
    """Return how a training stands; None where there is none to start."""
    offer = retraining.offer
    if offer is None:
        return None

    result = retraining.result
    return {
        "seconds": retraining.seconds,
        "note": offer.note,
        "elapsed": retraining.elapsed_s,
        "by": retraining.by,
        "failure": result.failure if result else "",
        "lines": list(result.lines) if result else [],
        "gate": result.gate if result else "",
        "promote": result.promote if result else "",
    }
