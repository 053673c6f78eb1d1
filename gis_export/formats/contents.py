"""Which rows stand in which layer of a product, and whether as parcels or as points. No file is opened here."""

import geopandas as gpd
import shapely

from gis_export.table.fields import Tier

ROOFS = "vacant_roofs"
"""Every vacant, as its parcel."""
CENTROIDS = "centroids"
"""Every vacant, as a point inside its parcel."""
NOT_ASSESSED = "not_assessed"
"""The vacants that nobody has looked at, as parcels."""
YEAR_TO_YEAR = "year_to_year"
"""The vacants with another hazard level than in the flyover before, as parcels; not for responders."""

CHANGED = ("WORSE", "LESS SEEN", "NOW NA", "WAS NA")
"""Values of CHANGE that say another hazard level than before."""


def layer_rows(rows: gpd.GeoDataFrame, tier: Tier) -> dict[str, gpd.GeoDataFrame]:
    """Return the rows of every layer that a tier gets, in the order of a map's legend."""
    layers = {
        ROOFS: rows,
        CENTROIDS: inner_points(rows),
        NOT_ASSESSED: rows[rows["RISK_LVL"] == "NA"],
    }
    if tier is not Tier.RESPONDER:  # what it was before is housing's to know
        layers[YEAR_TO_YEAR] = rows[rows["CHANGE"].isin(CHANGED)]
    return layers


def inner_points(rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the rows with a point inside each parcel: the centroid of an L-shaped lot may lie next door."""
    return rows.set_geometry(
        gpd.GeoSeries(
            shapely.point_on_surface(rows.geometry.to_numpy()), index=rows.index, crs=rows.crs
        )
    )
