"""How many visits cannot judge the roof: counted from the visits on record."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from gis_export.table.site_visits import DISPUTE, on_site, with_defaults
from labels.intervals import NORMAL_90, clopper_pearson

LEAST_VISITS = 20
"""With fewer visits on record the share of the settings counts."""
_JUDGED = frozenset({"repaired", "no_roof_defect", "razed", "occupied"})
"""Dispositions that say something of the building where the look gives no share."""
_LEAST = 1e-6


@dataclass(frozen=True, kw_only=True)
class Access:
    """Share of the visits that judge the roof."""

    visits: int
    """Visits on record that could have told."""
    failed: int
    """Those that could not judge the roof: no access, or it could not be seen."""
    default: float
    """Share that cannot, where the record is too short."""

    @property
    def is_counted(self) -> bool:
        """Tell whether the record is long enough."""
        return self.visits >= LEAST_VISITS

    @property
    def failing(self) -> float:
        """Return the share of visits that cannot judge the roof."""
        return self.failed / self.visits if self.is_counted else self.default

    @property
    def ends(self) -> tuple[float, float]:
        """Return the ends of its 90% interval; a share of the settings has none."""
        if not self.is_counted:
            return self.default, self.default
        return clopper_pearson(self.failed, self.visits)

    def reached(self, shift: float) -> float:
        """Return the share of visits that judge the roof, at a shift of a standard normal.

        Args:
            shift: 0 is the estimate, -1.645 the worse end of the interval, 1.645 the better one.
        """
        least, most = self.ends
        middle = _log_odds(1 - self.failing)
        end = _log_odds(1 - (most if shift < 0 else least))
        return float(expit(middle + (end - middle) * abs(shift) / NORMAL_90))

    @property
    def sentence(self) -> str:
        """Say where the share comes from."""
        if self.is_counted:
            return (
                f"{self.failed:,} of {self.visits:,} visits on record could not judge the roof "
                f"({self.failing:.0%}), and as many are expected again."
            )
        return (
            f"We assume that {self.failing:.0%} of the visits cannot judge the roof. This is the "
            f"default of [export.plan] no_access, not a finding: {self.visits:,} visits are on "
            f"record, and {LEAST_VISITS} are needed."
        )


def _log_odds(share: float) -> float:
    return float(logit(np.clip(share, _LEAST, 1 - _LEAST)))


def count_access(looks: pd.DataFrame, *, until: int, default: float) -> Access:
    """Count the visits that could not judge the roof.

    Rows of a label file are left out: they have no place for a visit that failed.

    Args:
        looks: What people found, columns `gis_export.table.inputs.LOOK_COLUMNS` at least.
        until: Last flyover year that counts.
        default: Share that counts where there are too few visits.
    """
    counted = with_defaults(looks[looks["year"] <= until])
    is_dispute = counted["source"].str.strip().str.lower() == DISPUTE
    visits = counted[on_site(counted) & ~is_dispute & (counted["look_id"] != "")]
    judged = (visits["failing"] != "") | visits["disposition"].isin(_JUDGED)
    return Access(visits=len(visits), failed=int((~judged).sum()), default=default)
