"""Fit the head of a rung: whole blocks left out in turn, Platt calibration on what was left out, the head that ships. Seconds on a CPU."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from imagery.errors import InputError
from models.head import Floats, Head, calibrate
from training.resample import drawn_unit
from training.ridge import Matrix, Moments, solve_dual, solve_ridge, sum_moments
from training.splits import Split
from training.thresholds import Chosen

LEAST_OF_A_CLASS = 4
"""Failing and intact labels needed at least."""
LOGISTIC_C = 1.0
"""Inverse L2 strength of the logistic regression on few features."""
FEW = 64
"""Up to so many features a head is a logistic regression, above it regularized least squares."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """What a head learns from."""

    features: Matrix
    """What the rung looks at, (N, F)."""
    relit: Matrix | None
    """The same of the chips in other light, (N, F); None without."""
    failing: NDArray[np.int64]
    """0 or 1, (N,)."""
    folds: NDArray[np.int64]
    """Fold numbers, (N,)."""
    blocks: NDArray[np.object_]
    """Blocks, (N,)."""
    groups: tuple[int, ...]
    """Lengths of groups of features that weigh the same together, adding up to F."""

    def __post_init__(self) -> None:
        """Check shapes, numbers and classes.

        Raises:
            InputError: features that are not finite, too few labels of a class, or a single fold.
        """
        if sum(self.groups) != self.features.shape[1]:
            raise ValueError(
                f"groups add up to {sum(self.groups)}, features are {self.features.shape}"
            )
        if not np.isfinite(self.features).all() or (
            self.relit is not None and not np.isfinite(self.relit).all()
        ):
            raise InputError(
                "features hold NaN or infinity; remove the year's chips/ folder and run tile again"
            )
        failures = int(self.failing.sum())
        if min(failures, len(self.failing) - failures) < LEAST_OF_A_CLASS:
            raise InputError(
                f"[labels]: {failures} failing and {len(self.failing) - failures} intact roofs with a chip; want at least {LEAST_OF_A_CLASS} of each; label more roofs"
            )
        if len(np.unique(self.folds)) < 2:
            raise InputError(
                "[labels]: all labels lie in one block; want two blocks or more for honest folds; set [parcels] block or block_grid_m"
            )
        for fold in np.unique(self.folds):
            if len(np.unique(self.failing[self.folds != fold])) < 2:
                raise InputError(
                    f"[labels]: without fold {fold} only one class is left; label roofs in more blocks"
                )


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """A fitted head and the scores that no head saw its own label for."""

    head: Head
    """What ships; its thresholds are those of `with_thresholds`, 1 before."""
    out_of_fold: Floats
    """Calibrated out-of-fold scores, (N,)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Design:
    """Standardized rows, ready to be solved."""

    center: Floats
    """Subtracted from the features, (F,)."""
    scale: Floats
    """Divided them, (F,)."""
    rows: Matrix
    """(N, F)."""
    relit: Matrix | None
    """(N, F)."""
    failing: NDArray[np.int64]
    """(N,)."""
    weights: Floats
    """Failing roofs weigh more by the cube root of how much rarer they are, (N,)."""
    penalty: float
    """L2 penalty."""
    light: float
    """Share of a label's weight that its copy in other light carries."""


def fit_head(rows: Rows, *, rung: str, penalty: float, light: float) -> Fit:
    """Fit the shipped head on all rows and one head per left-out fold.

    Args:
        rows: Features and labels.
        rung: What the features are, of `models.head.RUNGS`.
        penalty: L2 penalty of least squares, in units of one label.
        light: Share of a label's weight that its copy in other light carries, where there are copies.
    """
    center, scale = standard_scale(rows)
    design = design_rows(rows, center, scale, penalty=penalty, light=light)
    numbers = np.unique(rows.folds)
    solved = _leave_folds_out(design, [rows.folds == fold for fold in numbers])
    logits = np.zeros(len(rows.failing))
    for fold, (weights, bias) in zip(numbers, solved[1:], strict=True):
        mine = rows.folds == fold
        logits[mine] = design.rows[mine] @ weights + bias
    slope, offset = platt(logits, rows.failing)
    head = Head(
        rung=rung,
        center=center,
        scale=scale,
        weights=np.stack([weights for weights, _ in solved]),
        bias=np.array([bias for _, bias in solved]),
        slope=slope,
        offset=offset,
        covariance=platt_covariance(logits, rows, slope, offset),
        likely=1.0,
        possible=1.0,
    )
    return Fit(head=head, out_of_fold=calibrate(logits, slope=slope, offset=offset))


def score_splits(
    rows: Rows, splits: Sequence[Split], head: Head, *, penalty: float, light: float
) -> Floats:
    """Return scores (N,) of every split's test rows by a head fitted on its training rows, calibrated as `head` is; NaN for rows never tested."""
    design = design_rows(rows, head.center, head.scale, penalty=penalty, light=light)
    scores = np.full(len(rows.failing), np.nan)
    for train, test in splits:
        weights, bias = fit_part(design, train)
        scores[test] = calibrate(
            design.rows[test] @ weights + bias, slope=head.slope, offset=head.offset
        )
    return scores


def with_thresholds(head: Head, chosen: Chosen) -> Head:
    """Return the head with the thresholds that were chosen for it."""
    return replace(head, likely=chosen.likely, possible=chosen.possible)


def standard_scale(rows: Rows) -> tuple[Floats, Floats]:
    """Return mean and scale of the features: deviation, times the root of the size of the group, so that groups weigh the same."""
    sizes = np.repeat(rows.groups, rows.groups).astype(np.float64) * len(rows.groups)
    deviation = np.maximum(rows.features.std(axis=0, dtype=np.float64), 1e-6)
    return rows.features.mean(axis=0, dtype=np.float64), deviation * (
        np.sqrt(sizes) if rows.features.shape[1] > FEW else 1.0
    )


def design_rows(
    rows: Rows, center: Floats, scale: Floats, *, penalty: float, light: float
) -> Design:
    """Standardize rows by a center (F,) and a scale (F,), and weigh their labels.

    Args:
        rows: Features and labels.
        center: Subtracted.
        scale: Divides.
        penalty: L2 penalty of least squares, in units of one label.
        light: Share of a label's weight that its copy in other light carries; with 0 the copies are left out.
    """

    def standard(part: Matrix) -> Matrix:
        return np.asarray((part - center.astype(np.float32)) / scale.astype(np.float32), np.float32)

    failures = int(rows.failing.sum())
    weights: Floats = np.ones(len(rows.failing))
    weights[rows.failing == 1] = np.cbrt((len(rows.failing) - failures) / failures)
    relit = standard(rows.relit) if rows.relit is not None and light > 0 else None
    return Design(
        center=center,
        scale=scale,
        rows=standard(rows.features),
        relit=relit,
        failing=rows.failing,
        weights=weights,
        penalty=penalty,
        light=light,
    )


def fit_part(design: Design, part: NDArray[np.int64]) -> tuple[Floats, float]:
    """Return weights (F,) and intercept of the head of some rows, given by number; they weigh as among all rows."""
    relit = None if design.relit is None else design.relit[part]
    return _leave_folds_out(
        replace(
            design,
            rows=design.rows[part],
            relit=relit,
            failing=design.failing[part],
            weights=design.weights[part],
        ),
        [],
    )[0]


def _leave_folds_out(
    design: Design, left_out: Sequence[NDArray[np.bool_]]
) -> list[tuple[Floats, float]]:
    """Return weights and intercept of the head of all rows, then of each that leaves some rows out."""
    if design.rows.shape[1] <= FEW:
        return [
            _logistic(design, np.ones(len(design.rows), np.bool_)),
            *(_logistic(design, ~out) for out in left_out),
        ]
    everything = np.ones(len(design.rows), np.bool_)
    if len(design.rows) * (1 if design.relit is None else 2) <= design.rows.shape[1]:
        return [_solve_few(design, chosen) for chosen in (everything, *(~out for out in left_out))]
    if not left_out:
        return [solve_ridge(_moments(design, everything), design.penalty)]
    moments = [_moments(design, out) for out in left_out]
    whole = moments[0]
    for one in moments[1:]:
        whole = whole + one
    return [
        solve_ridge(whole, design.penalty),
        *(solve_ridge(whole - one, design.penalty) for one in moments),
    ]


def _parts(design: Design, chosen: NDArray[np.bool_]) -> list[tuple[Matrix, Floats, Floats]]:
    """Return rows, targets and weights of some labels, then of their copies in other light."""
    targets: Floats = np.where(design.failing[chosen] == 1, 1.0, -1.0)
    weights: Floats = np.asarray(design.weights[chosen], np.float64)
    if design.relit is None:
        return [(design.rows[chosen], targets, weights)]
    light = np.float64(design.light)
    return [
        (design.rows[chosen], targets, np.asarray(weights * (1 - light))),
        (design.relit[chosen], targets, np.asarray(weights * light)),
    ]


def _moments(design: Design, chosen: NDArray[np.bool_]) -> Moments:
    first, *more = (sum_moments(*part) for part in _parts(design, chosen))
    return first + more[0] if more else first


def _solve_few(design: Design, chosen: NDArray[np.bool_]) -> tuple[Floats, float]:
    rows, targets, weights = (
        np.concatenate(part) for part in zip(*_parts(design, chosen), strict=True)
    )
    return solve_dual(
        np.asarray(rows, np.float32),
        np.asarray(targets, np.float64),
        np.asarray(weights, np.float64),
        design.penalty,
    )


def _logistic(design: Design, chosen: NDArray[np.bool_]) -> tuple[Floats, float]:
    model = LogisticRegression(C=LOGISTIC_C, max_iter=2000).fit(
        design.rows[chosen], design.failing[chosen]
    )
    return model.coef_[0].astype(np.float64), float(model.intercept_[0])


def platt(logits: Floats, failing: NDArray[np.int64]) -> tuple[float, float]:
    """Fit slope and offset on out-of-fold logits; the slope stays positive so that ranks never turn over."""
    spread = max(float(logits.std()), 1e-9)
    model = LogisticRegression(C=10.0).fit((logits / spread)[:, None], failing)
    return max(float(model.coef_[0, 0]) / spread, 1e-3), float(model.intercept_[0])


def platt_covariance(logits: Floats, rows: Rows, slope: float, offset: float) -> Floats:
    """Return the covariance of slope and offset, robust to labels of one block being alike (Liang and Zeger, 1986)."""
    design = np.stack([logits, np.ones(len(logits))], axis=1)
    chance = expit(slope * logits + offset)
    bread = np.linalg.pinv(np.einsum("ni,n,nj->ij", design, chance * (1 - chance), design))
    codes = (
        np.unique(rows.blocks.astype(str), return_inverse=True)[1]
        if drawn_unit(rows.blocks) == "blocks"
        else np.arange(len(logits))
    )
    scores = np.zeros((int(codes.max()) + 1, 2))
    np.add.at(scores, codes, (rows.failing - chance)[:, None] * design)
    covariance: Floats = bread @ (scores.T @ scores) @ bread
    return covariance
