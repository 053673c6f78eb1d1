"""Which roofs to look at next in a scored flyover: a file to fill in, and one line about it."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from inference.ledger import Ledger
from inference.strange import strangeness
from labels.looks_file import draw_next, is_filled, look_columns, write_looks
from models.head import Head
from roofwatch.labeled import parcel_places
from roofwatch.year import CityYear


def leave_looks(
    year: CityYear,
    ledger: Ledger,
    features: Iterable[tuple[list[str], NDArray[np.float32]]],
    head: Head,
) -> None:
    """Write which roofs to look at next; a file that somebody has begun to fill in is kept.

    Args:
        year: The city in the year.
        ledger: Its ledger.
        features: What the head looks at.
        head: Set to the flyover.
    """
    columns = look_columns(year.file.labels)
    path = year.files.report.looks
    if is_filled(path, columns):
        return

    places = parcel_places(year.city)[["parcel_id", "district"]]
    is_scored = ledger.table["status"] == "scored"
    scored = ledger.table.loc[is_scored, ["parcel_id", "score"]].merge(places, on="parcel_id")
    scored = scored.merge(strangeness(features, head), on="parcel_id", how="left")
    looks = draw_next(
        pd.DataFrame(scored),
        year.city.label_rows,
        year=year.year,
        likely=head.likely,
        seed=year.file.train.seed,
    )
    addresses = year.roll.table.set_index("parcel_id")["address"]
    write_looks(path, looks, addresses, columns)


def look_lines(year: CityYear) -> list[str]:
    """Say what was looked at in the flyover, and what to look at next."""
    looked = year.find_looked_share()
    lines = [f"looks: {looked.sentence}"] if looked else []
    path = year.files.report.looks
    if is_filled(path, look_columns(year.file.labels)):
        return [
            *lines,
            f"looks: {path} holds answers and was kept; add its rows to your label file and "
            "remove it to draw the next ones",
        ]

    remedy = "fill it in and add its rows to your label file"
    labels = year.file.labels
    if labels is None or not (labels.chosen and labels.chance):
        remedy += "; name its columns in [labels] chosen and chance"
    return [*lines, f"looks: {path}: the next roofs to look at; {remedy}"]
