"""The city file of the demo city, and the file that names dispatch columns."""

from demo_city.states import THRESHOLD_PCT, YEARS

DATES = {2022: "2022-02-20", 2023: "2023-03-05", 2024: "2024-02-11"}

CITY_TOML = """\
[city]
name = "Demo City"
workspace = "workspace"

[parcels]
path = "parcels.gpkg"
id = "parcel_id"
block = "block"
address = "address"
neighborhood = "neighborhood"
fire_district = "fire_district"
inspection_district = "inspection_district"
occupied = "occupied"

[vacant]
path = "vacant.csv"
id = "parcel_id"
notice_date = "notice_date"

[labels]
path = "labels.csv"
id = "parcel_id"
roof_pct = "roof_pct"
threshold = {threshold_pct}
year = "year"
source = "source"
source_rank = ["inspector"]
on_site = ["inspector"]

[footprints]
path = "buildings.gpkg"

{flyovers}
[train]
recall = 0.55  # {recall_note}

[export]
as_of = "{last_year}-06-01"  # {as_of_note}

[export.dispatch]
addresses = "addresses.csv"
alias = "alias"
columns = "cad_columns.toml"
"""
FLYOVER_TOML = """\
[[flyover]]
year = {year}
path = "flyover/{year}"
date = "{date}"
"""
RECALL_NOTE = (
    "of failing labels, a third of which are wrong here (3% of all labels are); "
    "a higher aim would list half the city"
)
AS_OF_NOTE = "rows age against this day, so that the demo is the same every year"

CAD_NOTE = (
    "Which column of the dispatch system's import gets which of our values; "
    "another vendor is another file like this."
)
CAD_COLUMNS = f"""\
# {CAD_NOTE}
[constants]
AGENCY = "DCFD"
HAZARD = "VACANT ROOF"

[actions]
ADD = "A"
CHANGE = "C"
DELETE = "D"
REVIEW = "R"

[columns]
RecordAction = "ACTION"
PremiseKey = "PREMISE"
Agency = "AGENCY"
HazardType = "HAZARD"
Location = "ADDRESS"
LocationAlias = "ALIASES"
Longitude = "LON"
Latitude = "LAT"
Comment = "{{TEXT}}"
EffectiveDate = "EFFECTIVE"
ReviewDate = "REVIEW_BY"
Source = "SOURCE"
OccupiedSides = "OCC_SIDES"
SignPosted = "SIGN_POST"
ParcelId = "PARCEL_ID"
ActionReason = "{{REASON}} {{BY}}"
UseLimit = "USE_LIMIT"

[widths]
LocationAlias = 120

[format]
date = "%m/%d/%Y"
delimiter = "|"
encoding = "cp1252"
line_ending = "crlf"
uppercase = true
"""


def city_toml(years: tuple[int, ...]) -> str:
    """Return the text of the city file with the flyovers of some years."""
    flyovers = [FLYOVER_TOML.format(year=year, date=DATES[year]) for year in years]
    return CITY_TOML.format(
        threshold_pct=THRESHOLD_PCT,
        flyovers="\n".join(flyovers),
        recall_note=RECALL_NOTE,
        last_year=max(YEARS),
        as_of_note=AS_OF_NOTE,
    )
