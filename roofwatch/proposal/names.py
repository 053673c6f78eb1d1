"""What names of files and columns hint at. A hint alone decides nothing that content can tell."""

import re

HINTS = {
    "parcels": r"parcel|prcl|lots?$|cadast|property",
    "vacant": r"vacan|vbn|abandon|blight|condemn|derelict",
    "notices": r"notice|violat|unsafe|register|registration|ticket",
    "failing": r"roof|collapse|fail|damag|destroy|open|hole",
    "labels": r"label|look|survey|inspect|finding",
    "footprints": r"build|footprint|bldg|struct|outline",
    "addresses": r"addr|situs|dispatch|^cad",
    "districts": r"district|ward|council|battal|precinct|neigh|nbhd|hood|beat|area|tract",
    "id": r"blocklot|parcel|^pin|pin$|apn|ppn|opa|brt|handle|propid|account",
    "address": r"addr|situs|premise",
    "neighborhood": r"neigh|nghb|nbhd|nbrhd|hood|communit|spaname",
    "fire_district": r"fire|battal|^bn|^batt|engine|station|stillbox",
    "inspection_district": r"insp|codeenf|housingdist",
    "block": r"block|blk|scene|tract",
    "occupied": r"occup|^occ|occ$|vacan|vacind|tenan|inhab",
    "notice_date": r"notice|issue|violationdate|posted|regdate|registrationd",
    "end_date": r"cancel|abate|close|expir|resolv|compl|end$|last",
    "collapsed": r"collapse|fail|damag|destroy",
    "roof_pct": r"pct|percent|open|hole",
    "year": r"year|yr",
    "source": r"source|who|means|method",
    "other": r"zon(e|ing)|zip|use|class|status|own|taxp|desc|year|date|type|subdiv",
}
"""By role; matched against small letters and digits."""


def hints_at(plain: str, role: str) -> bool:
    """Tell whether a plain name hints at a role."""
    return re.search(HINTS[role], plain) is not None
