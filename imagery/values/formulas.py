"""Texts that a spreadsheet would run as a formula."""

_STARTS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"


def harmless(text: str) -> str:
    """Keep a spreadsheet from running a text as a formula: put an apostrophe in front of it.

    See OWASP, "CSV Injection". Numbers such as -1 are kept.
    """
    start = text.lstrip(" \u00a0")[:1]
    if not start or start not in _STARTS:
        return text
    return text if _is_number(text) else f"'{text}"


def _is_number(text: str) -> bool:
    if "_" in text:
        return False

    try:
        float(text)
    except ValueError:
        return False
    return True
