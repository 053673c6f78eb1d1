"""The keys of [looks.desk] in the city file."""

from dataclasses import dataclass, field

from imagery.roll.links import check_template
from imagery.settings import key

MOST_ROOFS = 1000
"""Roofs of one batch."""


@dataclass(frozen=True, kw_only=True)
class DeskSettings:
    """What `roofwatch desk` shows."""

    roofs: int = field(default=100, metadata=key("Roofs of a batch, at most 1,000."))
    second_reader: float = field(
        default=0.2,
        metadata=key(
            "Share of the roofs that a second person looks at too, from 0 to 1; how far both agree "
            "is shown as kappa."
        ),
    )
    oblique: str = field(
        default="",
        metadata=key(
            "Address of oblique photos; {parcel_id}, {lon}, {lat} and {address} are filled in. "
            '"" gives no link.'
        ),
    )

    def __post_init__(self) -> None:
        """Check ranges and the address."""
        if not 1 <= self.roofs <= MOST_ROOFS:
            raise ValueError(f"roofs is {self.roofs}, want 1 to {MOST_ROOFS}")
        if not 0 <= self.second_reader <= 1:
            raise ValueError(f"second_reader is {self.second_reader}, want a share from 0 to 1")
        check_template(self.oblique, "[looks.desk] oblique")
