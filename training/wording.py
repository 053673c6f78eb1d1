"""Numbers as sentences of the evaluation say them."""


def percent(share: float) -> str:
    """Return a share as a percentage: "92.5%"."""
    return f"{100 * share:.3g}%"


def nth(number: int) -> str:
    """Return a rank: "1st", "12th"."""
    endings = {1: "st", 2: "nd", 3: "rd"}
    is_teen = number % 100 in (11, 12, 13)
    ending = "th" if is_teen else endings.get(number % 10, "th")
    return f"{number}{ending}"
