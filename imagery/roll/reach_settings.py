"""Which parcels without a vacancy notice are looked at too: [reach] of the city file."""

import dataclasses
from dataclasses import dataclass

from imagery.settings import key

ALL = "all"
"""`parcels` of a city that looks at every parcel."""


@dataclass(frozen=True, kw_only=True)
class ReachSettings:
    """Parcels without a vacancy notice that are cut and scored too, for housing alone.

    Without this section nobody looks at them. Give `parcels`, or `field` and `values`.
    """

    parcels: str = dataclasses.field(
        default="", metadata=key('"all" looks at every parcel that carries no notice.')
    )
    field: str = dataclasses.field(
        default="",
        metadata=key("Column of the parcel file that chooses them instead, such as the land use."),
    )
    values: tuple[str, ...] = dataclasses.field(
        default=(),
        metadata=key("Values of `field` that are looked at; upper and lower case alike."),
    )
    permit: str = dataclasses.field(
        default="",
        metadata=key(
            "Column of the parcel file with an open building permit; an empty cell, 0, N, no, "
            "false or none says that there is none."
        ),
    )
    per_district: int = dataclasses.field(
        default=10,
        metadata=key(
            "Parcels of each inspection district on the list, the strongest first; up to as many "
            "more follow, marked because something speaks against a vacant building."
        ),
    )
    random: int = dataclasses.field(
        default=20,
        metadata=key(
            "Parcels off the list that are drawn at random in the whole city and put on it: what "
            "visits find there says how many failing roofs it misses. 0 for none."
        ),
    )

    def __post_init__(self) -> None:
        """Check that it says in one way which parcels, and the ranges."""
        if self.parcels not in ("", ALL):
            raise ValueError(f'parcels is {self.parcels!r}, want "{ALL}", or field and values')
        if bool(self.parcels) == bool(self.field or self.values):
            got = "both" if self.parcels else "neither"
            raise ValueError(f'got {got}, want either parcels = "{ALL}" or field and values')
        if bool(self.field) != bool(self.values):
            got = "field" if self.field else "values"
            raise ValueError(f"got {got} alone, want field and values together")
        for name, least in (("per_district", 1), ("random", 0)):
            number = getattr(self, name)
            if number < least:
                raise ValueError(f"{name} is {number}, want {least} or more")
