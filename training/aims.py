"""What the words LIKELY and POSSIBLE have to guarantee."""

from dataclasses import dataclass, field

from imagery.settings import key

EVERY_FLYOVER = "every_flyover"
"""The aims hold in the worst flyover that was left out."""
PROMISES = (EVERY_FLYOVER, "mean")


@dataclass(frozen=True, kw_only=True)
class Aims:
    """Shares that the two words have to reach, and how surely."""

    precision_likely: float = field(
        default=0.7, metadata=key("Share of LIKELY roofs that fail, in (0, 1).")
    )
    recall: float = field(
        default=0.8,
        metadata=key(
            "Share of failing roofs that LIKELY and POSSIBLE together have to hold, in (0, 1)."
        ),
    )
    confidence: float = field(
        default=0.95, metadata=key("Probability with which both aims are met, in (0, 1).")
    )

    promise: str = field(
        default=EVERY_FLYOVER,
        metadata=key(
            'Where the aims are to hold: in "every_flyover" that was left out whole, or in their '
            '"mean". The first costs recall.'
        ),
    )

    def __post_init__(self) -> None:
        """Check the ranges."""
        shares = (self.precision_likely, self.recall, self.confidence)
        if not all(0 < share < 1 for share in shares):
            raise ValueError(f"{self}: want all between 0 and 1")
        if self.promise not in PROMISES:
            raise ValueError(f"promise is {self.promise!r}, want one of {', '.join(PROMISES)}")
