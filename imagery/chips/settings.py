"""The [tile] section of the city file: scale of the chips, limits, and what is done with tiles."""

from dataclasses import dataclass, field

from imagery.chips.quality import QualityLimits
from imagery.flyover.guard import ImageLimits
from imagery.settings import key

REGISTRATIONS = ("correct", "quarantine", "report", "off")


@dataclass(frozen=True, kw_only=True)
class TileSettings:
    """How chips are cut, and which ones can be judged."""

    gsd_m: float = field(
        default=0.1, metadata=key("Meters per pixel of chips; [model] gsd_m.", derived=True)
    )
    margin_m: float = field(
        default=10.0, metadata=key("Meters around the parcel; [model] margin_m.", derived=True)
    )
    max_side_m: float = field(
        default=120.0,
        metadata=key(
            "Longest side of a chip, meters. What of a roof lies beyond counts as not covered."
        ),
    )
    min_roof_m2: float = field(
        default=4.0,
        metadata=key("Least area of a roof, square meters; less is `no_roof_area`."),
    )
    min_covered: float = field(default=0.98, metadata=key("Least share of a roof inside tiles."))
    max_nodata: float = field(default=0.02, metadata=key("Largest share of a roof without data."))
    min_sharpness: float = field(
        default=0.0,
        metadata=key(
            "Least standard deviation of the Laplacian inside a roof, gray levels. Less is a "
            "blurred photo, or a roof without any texture; 0 lets all pass."
        ),
    )
    max_shadow: float = field(
        default=0.9,
        metadata=key("Largest share of a roof in shadow so black that nothing can be made out."),
    )
    max_canopy: float = field(
        default=0.9, metadata=key("Largest share of a roof under green leaves.")
    )
    max_ground: float = field(
        default=0.8,
        metadata=key(
            "Share of a roof with the tint of grass and soil that suggests a lot without a "
            "building. `no_building_seen` needs more than tint: no edges, and the flyover before "
            "is looked at. 1 calls no lot so."
        ),
    )
    registration: str = field(
        default="correct",
        metadata=key(
            'What is done with displaced tiles: "correct" moves them back, "quarantine" leaves '
            'their parcels NOT ASSESSED, "report" names them, "off" does not look for them.'
        ),
    )
    max_block_mb: float = field(
        default=ImageLimits.max_block_mb,
        metadata=key(
            "Largest part of an image file that must be decoded at once (a block, a strip, a "
            "whole JPEG), MB when unpacked. A file with a larger one is not used."
        ),
    )
    max_seconds: float = field(
        default=ImageLimits.max_seconds,
        metadata=key(
            "Longest time that one read of JPEG 2000, VRT or a rarer format may take, seconds; "
            "for a header an eighth of it, or 5 s where that is more. A file that takes longer is "
            "unreadable."
        ),
    )
    max_shift: float = field(
        default=0.2,
        metadata=key("How far a tile may be displaced, as a share of the median lot width."),
    )

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            ValueError: a value is out of range.
        """
        self._check_coverage()
        self._check_quality()
        self._check_registration()
        self._check_image_limits()

    def _check_coverage(self) -> None:
        is_covered = 0 < self.min_covered <= 1 and 0 <= self.max_nodata < 1
        if not (self.max_side_m >= 1 and is_covered):
            raise ValueError(
                f"{self}: want max_side_m >= 1, min_covered in (0, 1], max_nodata in [0, 1)"
            )
        if not self.min_roof_m2 >= 0:
            raise ValueError(f"min_roof_m2 is {self.min_roof_m2}, want 0 or more square meters")

    def _check_quality(self) -> None:
        shares = (self.max_shadow, self.max_canopy, self.max_ground)
        are_shares = all(0 < share <= 1 for share in shares)
        if not (self.min_sharpness >= 0 and are_shares):
            raise ValueError(
                f"{self}: want min_sharpness >= 0; max_shadow, max_canopy and max_ground in (0, 1]"
            )

    def _check_registration(self) -> None:
        if self.registration not in REGISTRATIONS or not self.max_shift > 0:
            raise ValueError(
                f"registration is {self.registration!r} and max_shift {self.max_shift}; "
                f"want one of {', '.join(REGISTRATIONS)}, and a share above 0"
            )

    def _check_image_limits(self) -> None:
        if not (self.max_block_mb > 0 and self.max_seconds > 0):
            raise ValueError(
                f"max_block_mb is {self.max_block_mb} and max_seconds {self.max_seconds}; "
                "want both above 0"
            )

    @property
    def image_limits(self) -> ImageLimits:
        """Return what one image file may cost."""
        return ImageLimits(max_block_mb=self.max_block_mb, max_seconds=self.max_seconds)

    @property
    def limits(self) -> QualityLimits:
        """Return what can be judged."""
        return QualityLimits(
            min_covered=self.min_covered,
            max_nodata=self.max_nodata,
            min_sharpness=self.min_sharpness,
            max_shadow=self.max_shadow,
            max_canopy=self.max_canopy,
        )
