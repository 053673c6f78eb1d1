"""What looks at a scored flyover say of it and of its words, and which roofs to look at next."""

import json
from dataclasses import asdict

import numpy as np
import pandas as pd

from imagery.files import atomic_path
from imagery.json_files import read_facts
from inference.ledger import Ledger
from inference.strange import strangeness
from labels.draws.looks_file import DrawPlan, draw_next, is_filled, look_columns, write_looks
from models.feature_cache import Features
from models.head import Head
from models.registry import version_file
from models.spec import ModelVersion
from roofwatch.labeled import parcel_places
from roofwatch.year import CityYear
from training.gate_labels import KEY, OUT_OF_FOLD
from training.looked import KeptWords, at_flyover, check_words

REMEDY = "score the year again"


def leave_looks(
    year: CityYear, version: ModelVersion, ledger: Ledger, features: Features, head: Head
) -> list[str]:
    """Write what the looks at a flyover say, and which roofs to look at next.

    Args:
        year: The city in the year.
        version: The model that scored it.
        ledger: Its ledger.
        features: Of its chips.
        head: Set to the flyover.

    Returns:
        What they say, a sentence each.
    """
    looked = year.find_looked_share()
    words = find_words(year, version, ledger, head)
    sentences = [found.sentence for found in (looked, words) if found]
    facts = {
        "share": asdict(looked) if looked else None,
        "words": words.facts if words else None,
        "sentences": sentences,
    }
    with atomic_path(year.files.report.looked) as temporary:
        temporary.write_text(json.dumps(facts, indent=2, allow_nan=False), encoding="utf-8")

    draw_year(year, ledger, features, head)
    return sentences


def draw_year(year: CityYear, ledger: Ledger, features: Features, head: Head) -> None:
    """Write which roofs to look at next; a file that somebody has begun to fill in is kept."""
    columns = look_columns(year.file.labels)
    path = year.files.report.looks
    if is_filled(path, columns):
        return

    plan = DrawPlan(likely=head.likely, seed=year.file.train.seed)
    scored = scored_roofs(year, ledger, features, head)
    looks = draw_next(scored, year.city.label_rows, year=year.year, plan=plan)
    addresses = year.roll.table.set_index("parcel_id")["address"]
    write_looks(path, looks, addresses, columns)


def scored_roofs(year: CityYear, ledger: Ledger, features: Features, head: Head) -> pd.DataFrame:
    """Return parcel_id, score, district and strangeness of every roof that was scored."""
    places = parcel_places(year.roll)[["parcel_id", "district"]]
    is_scored = ledger.table["status"] == "scored"
    scored = ledger.table.loc[is_scored, ["parcel_id", "score"]].merge(places, on="parcel_id")
    unlike = strangeness(features.rung(head.rung), head)
    return pd.DataFrame(scored.merge(unlike, on="parcel_id", how="left"))


def find_words(
    year: CityYear, version: ModelVersion, ledger: Ledger, head: Head
) -> KeptWords | None:
    """Return what the words keep on looks at the flyover; None where there are too few.

    A look that the model learned from counts with its out-of-fold score.
    """
    labels = year.find_labels()
    if labels is None:
        return None

    looks = labels.table[labels.table["year"] == year.year]
    looks = looks.merge(ledger.table[["parcel_id", "score"]], on="parcel_id")
    path = version_file(year.city.registry, version.version, OUT_OF_FOLD)
    if path is None:
        return None

    even = f"{head.rung}_even"
    known = pd.read_parquet(path)
    if not {*KEY, head.rung, even} <= set(known.columns):
        return None

    known["left_out"] = at_flyover(
        known[head.rung].to_numpy(np.float64), known[even].to_numpy(np.float64), head
    )
    looks = looks.merge(known[[*KEY, "left_out"]], on=KEY, how="left")
    looks["score"] = looks["left_out"].fillna(looks["score"])
    begins = year.file.score.thresholds(head.likely, head.possible)
    return check_words(pd.DataFrame(looks), begins, year=year.year)


def look_lines(year: CityYear) -> list[str]:
    """Say what was looked at in the flyover, and what to look at next."""
    report = year.files.report
    facts = read_facts(report.looked, remedy=REMEDY)
    sentences = facts["sentences"]
    lines = [f"looks: {text}" for text in sentences] if isinstance(sentences, list) else []
    if is_filled(report.looks, look_columns(year.file.labels)):
        return [
            *lines,
            f"looks: {report.looks} holds answers and was kept; add its rows to your label file "
            "and remove it to draw the next ones",
        ]

    remedy = "fill it in and add its rows to your label file"
    labels = year.file.labels
    if labels is None or not (labels.chosen and labels.chance):
        remedy += "; name its columns in [labels] chosen and chance"
    return [*lines, f"looks: {report.looks}: the next roofs to look at; {remedy}"]
