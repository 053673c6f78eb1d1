"""A town laid out by hand for the incident view, with the right answers for its addresses.

E OLIVER runs from west to east, odd numbers in the north. N ASH is in the west, with lots on its
west side alone and nameless lots behind them. N BARNES is in the east, with one row and nothing
behind it. E BIDDLE is north of the odd lots of OLIVER, an alley of 4 m between them.
"""

import geopandas as gpd
import shapely
from test_fire_map import NORTH, WEST

from imagery.values.coded import NO, NOT_KNOWN, YES

ON_ROLL = {
    "2803 E Oliver St": "CONFIRMED",
    "2805 E Oliver St": "LIKELY",
    "2800 E Oliver St": "POSSIBLE",
    "2810 E Oliver St": "NOT SEEN IN PHOTO",
    "302 N Ash St": "NOT ASSESSED",
    "2804 E Biddle St": "NOT ASSESSED",
}
"""The vacants, in the order of the ledger."""

ANSWERS = """
2801 E OLIVER ST
  A south, B west 302 N ASH ST 59 ft, C north 2800 E BIDDLE ST 13 ft, D east 2803 E OLIVER ST 0
  2800=across 2802=across 2803=1 2805=2 2807=3
2803 E OLIVER ST
  A south, B west 2801 E OLIVER ST 0, C north 2802 E BIDDLE ST 13 ft, D east 2805 E OLIVER ST 0
  2801=1 2802=across 2804=across 2805=1 2807=2 2809=3
2805 e oliver
  A south, B west 2803 E OLIVER ST 0, C north 2804 E BIDDLE ST 13 ft, D east 2807 E OLIVER ST 0
  2801=2 2803=1 2804=across 2806=across 2807=1 2809=2 2811=3
2807 east oliver street
  A south, B west 2805 E OLIVER ST 0, C north 2806 E BIDDLE ST 13 ft, D east 2809 E OLIVER ST 0
  2801=3 2803=2 2805=1 2806=across 2808=across 2809=1 2811=2 2815=3
2809 E Oliver St.
  A south, B west 2807 E OLIVER ST 0, C north 2808 E BIDDLE ST 13 ft, D east 2811 E OLIVER ST 0
  2803=3 2805=2 2807=1 2808=across 2810=across 2811=1 2815=2
2811 E OLIVER ST
  A south, B west 2809 E OLIVER ST 0, C north 2810 E BIDDLE ST 13 ft, D east 303 N BARNES ST 66 ft
  2805=3 2807=2 2808=across 2809=1 2810=across 2815=1
2800 E OLIVER ST
  A north, B east 2802 E OLIVER ST 0, C south none, D west none
  2801=across 2802=1 2803=across 2804=2 2806=3
2802 E OLIVER ST
  A north, B east 2804 E OLIVER ST 0, C south none, D west 2800 E OLIVER ST 0
  2800=1 2801=across 2803=across 2804=1 2806=2 2808=3
2804 E OLIVER ST
  A north, B east 2806 E OLIVER ST 0, C south none, D west 2802 E OLIVER ST 0
  2800=2 2802=1 2803=across 2805=across 2806=1 2808=2 2810=3
2806 E OLIVER ST
  A north, B east 2808 E OLIVER ST 0, C south none, D west 2804 E OLIVER ST 0
  2800=3 2802=2 2804=1 2805=across 2807=across 2808=1 2810=2
2808 oliver
  A north, B east 2810 E OLIVER ST 0, C south none, D west 2806 E OLIVER ST 0
  2802=3 2804=2 2806=1 2807=across 2809=across 2810=1
2810 E OLIVER ST
  A north, B east none, C south none, D west 2808 E OLIVER ST 0
  2804=3 2806=2 2808=1 2809=across 2811=across
2800 BLK E OLIVER
  A north, B east 2802 E OLIVER ST 0, C south none, D west none
  2801=across 2802=1 2803=across 2804=2 2806=3
2800 block of east oliver
  A north, B east 2802 E OLIVER ST 0, C south none, D west none
  2801=across 2802=1 2803=across 2804=2 2806=3
2800 E BIDDLE ST
  A north, B east 2802 E BIDDLE ST 0, C south 2801 E OLIVER ST 13 ft, D west none
  2802=1 2804=2 2806=3
2802 E BIDDLE ST
  A north, B east 2804 E BIDDLE ST 0, C south 2803 E OLIVER ST 13 ft, D west 2800 E BIDDLE ST 0
  2800=1 2804=1 2806=2 2808=3
2804 E BIDDLE ST
  A north, B east 2806 E BIDDLE ST 0, C south 2805 E OLIVER ST 13 ft, D west 2802 E BIDDLE ST 0
  2800=2 2802=1 2806=1 2808=2 2810=3
2806 E BIDDLE ST
  A north, B east 2808 E BIDDLE ST 0, C south 2807 E OLIVER ST 13 ft, D west 2804 E BIDDLE ST 0
  2800=3 2802=2 2804=1 2808=1 2810=2
2808 E BIDDLE ST
  A north, B east 2810 E BIDDLE ST 0, C south 2809 E OLIVER ST 13 ft, D west 2806 E BIDDLE ST 0
  2802=3 2804=2 2806=1 2810=1
2810 E BIDDLE ST
  A north, B east none, C south 2811 E OLIVER ST 13 ft, D west 2808 E BIDDLE ST 0
  2804=3 2806=2 2808=1
300 N ASH ST
  A east, B south none, C west nameless 13 ft, D north 302 N ASH ST 0
  302=1 304=2
302 N ASH ST
  A east, B south 300 N ASH ST 0, C west nameless 13 ft, D north 304 N ASH ST 0
  300=1 304=1
304 N ASH ST
  A east, B south 302 N ASH ST 0, C west nameless 13 ft, D north none
  300=2 302=1
301 N BARNES ST
  not known
  303=1 305=2
303 N BARNES ST
  not known
  301=1 305=1
305 N BARNES ST
  not known
  301=2 303=1
2813 E OLIVER ST
  no list
  2807=3 2808=even 2809=2 2810=even 2811=1 2815=1
2817 e oliver st
  no list
  2808=even 2809=3 2810=even 2811=2 2815=1
2815 E OLIVER ST
  dispatch
  2807=3 2808=even 2809=2 2810=even 2811=1
303 n ash
  no list
  302=even 304=even
2803 E BIDDLE ST
  no list
  2802=even 2804=even
"""
"""What is typed; sides A to D with neighbor and gap in feet; next numbers with doors or side."""
CORNERS = {
    "E OLIVER": "2800 BLK E OLIVER. Corners: OLIVER & ASH, OLIVER & BARNES",
    "E BIDDLE": "2800 BLK E BIDDLE. Corners: BIDDLE & ASH, BIDDLE & BARNES",
    "N ASH": "300 BLK N ASH. Corners: ASH & OLIVER, ASH & BIDDLE",
    "N BARNES": "300 BLK N BARNES. Corners: BARNES & OLIVER, BARNES & BIDDLE",
}
OCCUPANCY = {
    "odd OLIVER": "occupied",
    "2815 E OLIVER ST": "occupancy not known, not on the vacant roll",
    "even OLIVER": "not occupied, not on the vacant roll",
    "BIDDLE": "occupancy not known, not on the vacant roll",
    "ASH": "occupied",
    "BARNES": "occupied",
}


def make_lots() -> gpd.GeoDataFrame:
    """Return every parcel: address, occupancy, and box from the southwest to the northeast."""
    lots: list[tuple[str, int, tuple[float, float, float, float]]] = []
    for place in range(6):
        west = 6.0 * place
        lots.append((f"{2801 + 2 * place} E Oliver St", YES, (west, 8, west + 6, 28)))
        lots.append((f"{2800 + 2 * place} E Oliver St", NO, (west, -28, west + 6, -8)))
        lots.append((f"{2800 + 2 * place} E Biddle St", NOT_KNOWN, (west, 32, west + 6, 52)))
    for place in range(3):
        south = 8.0 + 6.0 * place
        lots.append((f"{300 + 2 * place} N Ash St", YES, (-38, south, -18, south + 6)))
        lots.append(("", NOT_KNOWN, (-62, south, -42, south + 6)))
        lots.append((f"{301 + 2 * place} N Barnes St", YES, (56, south, 76, south + 6)))

    shapes = [
        shapely.box(WEST + box[0], NORTH + box[1], WEST + box[2], NORTH + box[3])
        for _, _, box in lots
    ]
    return gpd.GeoDataFrame(
        {
            "parcel_id": [f"{place:04d} 001" for place in range(len(lots))],
            "address": [address for address, _, _ in lots],
            "occupied": [occupied for _, occupied, _ in lots],
        },
        geometry=shapes,
        crs="EPSG:26918",
    )
