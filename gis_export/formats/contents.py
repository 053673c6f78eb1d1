"""Which rows are in which layer of a product, as parcels or as points. No file is opened here."""

from gis_export.table import columns
from gis_export.table.export_table import ExportTable
from gis_export.table.fields import Tier

ROOFS = "vacant_roofs"
"""Every vacant, as its parcel."""
CENTROIDS = "centroids"
"""Every vacant, as a point inside its parcel."""
NOT_ASSESSED = "not_assessed"
"""The vacants that are NOT ASSESSED, as parcels."""
YEAR_TO_YEAR = "year_to_year"
"""The vacants whose hazard level changed since the flyover before, as parcels.

Not for responders."""

CHANGED = ("WORSE", "LESS SEEN", "UNSURE", "NOW NA", "WAS NA")
"""Values of CHANGE that say another hazard level than before."""


def layer_rows(table: ExportTable, tier: Tier) -> dict[str, ExportTable]:
    """Return the rows of every layer that a tier gets, in the order of a map's legend."""
    layers = {
        ROOFS: table,
        CENTROIDS: table.inner_points(),
        NOT_ASSESSED: table.take(table.rows[columns.RISK_LVL] == "NA"),
    }
    # What a hazard was before is for housing only.
    if tier is not Tier.RESPONDER:
        layers[YEAR_TO_YEAR] = table.take(table.rows[columns.CHANGE].isin(CHANGED))
    return layers
