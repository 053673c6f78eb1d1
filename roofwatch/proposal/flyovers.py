"""Which photos are the flyover of which year, as sections of the city file. No file is opened."""

import os
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from roofwatch.proposal.choice import Candidate, Choice, Section
from roofwatch.proposal.photo_days import Dated
from roofwatch.proposal.photo_folder import PhotoFolder

COVERED = 0.5
COARSE_GSD_M = 1.0
"""Photos with larger pixels show no hole in a roof."""
FINE_GSD_M = 0.15
"""Up to here the pixels of chips that are the default fit the photos."""
SAME_GROUND = 0.5
NOTHING_SAYS = "nothing says in which year they were taken"


@dataclass(frozen=True, kw_only=True, eq=False)
class Ground:
    """Where the city's parcels and vacants are, and what else is known of years."""

    parcels: NDArray[np.float64]
    """Lon and lat of the parcels, (n, 2)."""
    vacants: NDArray[np.float64]
    """Lon and lat of those with a notice, (n, 2); empty where none is known."""
    label_years: tuple[int, ...] = ()
    """Years of the labels."""
    parcel_crs: str = ""
    """CRS of the parcels as the city file would name it."""

    def covered(self, photos: PhotoFolder) -> tuple[float, str]:
        """Return the share that photos cover, and the same in words."""
        points = self.vacants if len(self.vacants) else self.parcels
        noun = "parcels with a notice" if len(self.vacants) else "parcels"
        share = photos.covers(points)
        return share, f"they cover {share:.0%} of the {noun}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Flyovers:
    """Sections of the flyovers, and what is no flyover."""

    sections: tuple[Section, ...]
    """One for each year, and for each folder without one."""
    lines: tuple[str, ...]
    """What was passed over."""
    gsd_m: float = 0.0
    """Finest pixels of all, meters; 0 where there are no photos."""


def propose_flyovers(
    photos: Sequence[PhotoFolder],
    ground: Ground,
    assumed: Sequence[str],
    shown: Callable[[str], str],
) -> Flyovers:
    """Propose a [[flyover]] for every year.

    Args:
        photos: Folders of photos.
        ground: Where the parcels are.
        assumed: Files that were read with the CRS of the parcels because they have none.
        shown: How the city file writes a path.
    """
    usable = [each for each in photos if each.tiles and each.is_color]
    lines = [_why_passed_over(each) for each in photos if each not in usable]
    lines += [
        f"{len(each.problems)} of {each.opened} headers cannot be used: {each.problems[0]}"
        for each in usable
        if each.problems
    ]

    by_year: defaultdict[int, list[PhotoFolder]] = defaultdict(list)
    undated = []
    for each in usable:
        if each.dated:
            first = min(each.dated, key=lambda dated: dated.is_weak)
            by_year[first.year].append(each)
        else:
            undated.append(each)

    open_years = [year for year in ground.label_years if year not in by_year]
    writer = _Writer(ground=ground, assumed=frozenset(assumed), shown=shown, all=tuple(usable))
    sections = [writer.section(year, by_year[year]) for year in sorted(by_year)]
    sections += [writer.undated(each, open_years) for each in undated]
    gsd_m = min((each.gsd_m for each in usable), default=0.0)
    return Flyovers(sections=tuple(sections), lines=tuple(lines), gsd_m=gsd_m)


def _why_passed_over(photos: PhotoFolder) -> str:
    where = f"{photos.folder.name}: {len(photos.files):,} images"
    if photos.tiles:
        return f"{where} of heights, not pictures"
    why = photos.problems[0] if photos.problems else "not looked at"
    return f"{where} of which none can be used: {why}"


@dataclass(frozen=True, kw_only=True, eq=False)
class _Writer:
    """Writes sections of flyovers."""

    ground: Ground
    assumed: frozenset[str]
    shown: Callable[[str], str]
    all: tuple[PhotoFolder, ...]

    def section(self, year: int, photos: list[PhotoFolder]) -> Section:
        """Return the section of a year."""
        dated = [each for folder in photos for each in folder.dated]
        sources = _sources_of(dated, year)
        candidate = Candidate(value=year, evidence=f"from {sources}")
        others = sorted({each.year for each in dated} - {year})
        rivals = [
            Candidate(value=other, evidence=f"from {_sources_of(dated, other)}") for other in others
        ]
        choice = Choice(key="year", candidates=(candidate, *rivals), doubt=_year_doubt(year, dated))
        choices = [choice, self._path(photos), *self._date(year, dated), *self._crs(photos)]
        return Section(name="[flyover]", choices=tuple(choices), needed=("year", "path"))

    def undated(self, photos: PhotoFolder, years: Sequence[int]) -> Section:
        """Return the section of photos of which nothing says when they were taken."""
        candidates = tuple(
            Candidate(value=year, evidence="labels are of that year, and no other photos")
            for year in years
        )
        year = Choice(
            key="year",
            candidates=candidates,
            doubt=NOTHING_SAYS,
            missing="a year in names, notes or headers of the photos",
        )
        choices = (year, self._path([photos]), *self._crs([photos]))
        return Section(name="[flyover]", choices=choices, needed=("year", "path"))

    def _path(self, photos: list[PhotoFolder]) -> Choice:
        covered = [self.ground.covered(each) for each in photos]
        candidates = [self._candidate(photos)]
        doubt = ""
        if max(share for share, _ in covered) == 0:
            doubt = "they cover no parcel"
        elif min(each.gsd_m for each in photos) > COARSE_GSD_M:
            doubt = f"pixels of more than {COARSE_GSD_M:g} m show no hole in a roof"
        elif all(each.is_gray for each in photos):
            doubt = "they have one gray band, as a shaded relief has"
        elif _are_rivals(photos):
            doubt = "two sets of photos of one year show the same ground: keep one"
            ranked = sorted(photos, key=lambda each: -self.ground.covered(each)[0])
            candidates = [self._candidate([each]) for each in ranked]
        return Choice(key="path", candidates=tuple(candidates), doubt=doubt)

    def _candidate(self, photos: list[PhotoFolder]) -> Candidate:
        """Return the path of photos, and what their headers say."""
        paths = [self.shown(path) for path in self._paths(photos)]
        words = [f"{each.evidence}; {self.ground.covered(each)[1]}" for each in photos]
        return Candidate(value=paths[0] if len(paths) == 1 else paths, evidence="; ".join(words))

    def _paths(self, photos: list[PhotoFolder]) -> list[str]:
        """Return the paths of photos; a folder only where it holds no photos of another year."""
        if len(photos) > 1:
            above = Path(os.path.commonpath([str(each.folder) for each in photos]))
            if not self._strangers(above, photos):
                return [str(above)]
        paths: list[str] = []
        for each in photos:
            is_folder = each.paths == (str(each.folder),)
            if is_folder and self._strangers(each.folder, photos):
                suffixes = sorted({file.suffix for file in each.files})
                paths += [str(each.folder / f"*{suffix}") for suffix in suffixes]
            else:
                paths += each.paths
        return paths

    def _strangers(self, folder: Path, own: list[PhotoFolder]) -> bool:
        """Tell whether photos of other years lie in a folder or below it."""
        return any(
            each.folder.is_relative_to(folder) and not any(each is mine for mine in own)
            for each in self.all
        )

    def _date(self, year: int, dated: Sequence[Dated]) -> list[Choice]:
        """Return the choice of the day of the flight; that of a header may be of processing."""
        known = [each for each in dated if each.day is not None and each.year == year]
        if not known:
            return []
        known.sort(key=lambda each: each.is_weak)
        candidates = {
            each.day.isoformat(): Candidate(value=each.day.isoformat(), evidence=each.source)
            for each in reversed(known)
            if each.day is not None
        }
        doubt = "it may be the day of processing or delivery" if known[0].is_weak else ""
        return [Choice(key="date", candidates=tuple(reversed(candidates.values())), doubt=doubt)]

    def _crs(self, photos: list[PhotoFolder]) -> list[Choice]:
        """Return the choice of the CRS of photos that have none."""
        guessed = [each for each in photos if any(tile.path in self.assumed for tile in each.tiles)]
        if not guessed:
            return []
        share = self.ground.covered(guessed[0])[0]
        doubt = "" if share >= COVERED else "few parcels lie on the photos then"
        words = f"the files have no CRS; with that of the parcels they cover {share:.0%}"
        candidate = Candidate(value=self.ground.parcel_crs, evidence=words)
        return [Choice(key="crs", candidates=(candidate,), doubt=doubt)]


def without_years(choices: Sequence[Choice], taken: Collection[object]) -> list[Choice]:
    """Return the choices of a flyover without the years that others have by now."""
    left = []
    for choice in choices:
        if choice.key == "year" and choice.doubt:
            free = tuple(each for each in choice.candidates if each.value not in taken)
            choice = replace(choice, candidates=free)
        left.append(choice)
    return left


def _sources_of(dated: Sequence[Dated], year: int) -> str:
    return ", ".join(dict.fromkeys(each.source for each in dated if each.year == year))


def _year_doubt(year: int, dated: Sequence[Dated]) -> str:
    """Say why the year of a flyover is not certain; "" where it is.

    What is weak may be a year later than the flight, because it tells of processing or delivery.
    """
    strong = [each for each in dated if not each.is_weak]
    weak = [each for each in dated if each.is_weak]
    if not strong:
        return f"only {dated[0].source} says so, which may tell of processing or delivery"
    other = next((each for each in strong if each.year != year), None)
    if other:
        return f"{other.year} from {other.source}"
    late = next((each for each in weak if each.year not in (year, year + 1)), None)
    return f"{late.year} from {late.source}" if late else ""


def _are_rivals(photos: Sequence[PhotoFolder]) -> bool:
    """Tell whether two folders of one year show the same ground in different ways."""
    for place, first in enumerate(photos):
        for second in photos[place + 1 :]:
            is_alike = abs(first.gsd_m / second.gsd_m - 1) < 0.05
            is_alike &= first.tiles[0].driver == second.tiles[0].driver
            if not is_alike and _shared(first.boxes, second.boxes) > SAME_GROUND:
                return True
    return False


def _shared(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return how much of the smaller outer box both share."""
    ours = np.concatenate([first[:, :2].min(axis=0), first[:, 2:].max(axis=0)])
    theirs = np.concatenate([second[:, :2].min(axis=0), second[:, 2:].max(axis=0)])
    low = np.maximum(ours[:2], theirs[:2])
    high = np.minimum(ours[2:], theirs[2:])
    both = float(np.prod(np.maximum(high - low, 0)))
    least = min(float(np.prod(ours[2:] - ours[:2])), float(np.prod(theirs[2:] - theirs[:2])))
    return both / least if least > 0 else 0.0
