"""The city's table of fires: [export.fires] of the city file."""

from dataclasses import dataclass, field
from pathlib import Path

from imagery.roll.files import DAY_ORDER
from imagery.settings import key
from imagery.values.days import check_day_order


@dataclass(frozen=True, kw_only=True)
class FireFile:
    """The city's table of fires; a row for each fire."""

    path: Path = field(metadata=key("CSV, workbook or any vector file."))
    id: tuple[str, ...] = field(
        default=(),
        metadata=key(
            "Column of the parcel, or several joined by a blank; where it is empty in a "
            "row, the address tells."
        ),
    )
    address: str = field(
        default="",
        metadata=key("Column of the address, spelled as on the vacant roll or as dispatch does."),
    )
    day: str = field(metadata=key("Column of the day of the fire."))
    day_order: str = field(default="", metadata=key(DAY_ORDER))
    layer: str = field(
        default="", metadata=key('Layer or sheet; "" where only one of the file could be meant.')
    )

    def __post_init__(self) -> None:
        """Check that a column tells the building, and the order of month and day."""
        if not self.id and not self.address:
            raise ValueError("neither id nor address names a column; want at least one of them")
        check_day_order(self.day_order)
