"""XML as the metadata and styles of layers need it: text that is allowed, finished documents."""

from xml.etree.ElementTree import Element, SubElement, indent, tostring

_QGIS_DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_LINE_ENDS = "\t\n\r"


def document(root: Element) -> str:
    """Return a finished XML document."""
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def qgis_document(root: Element) -> str:
    """Return a finished QGIS style or project."""
    indent(root)
    return _QGIS_DOCTYPE + tostring(root, encoding="unicode") + "\n"


def add_text(parent: Element, tag: str, text: str) -> Element:
    """Add an element that holds a text."""
    child = SubElement(parent, tag)
    child.text = xml_text(text)
    return child


def nest(parent: Element, *tags: str) -> Element:
    """Add elements one inside the other, and return the innermost."""
    for tag in tags:
        parent = SubElement(parent, tag)
    return parent


def xml_text(text: str) -> str:
    """Return a text without the characters that XML 1.0 cannot hold."""
    return "".join(letter for letter in text if _is_allowed(letter))


def _is_allowed(letter: str) -> bool:
    """Return whether XML 1.0 allows a character (section 2.2, production Char)."""
    if letter in _LINE_ENDS:
        return True

    is_below_surrogates = "\x20" <= letter < "\ud800"
    is_above_surrogates = "\ue000" <= letter < "\ufffe"
    return is_below_surrogates or is_above_surrogates or letter > "\uffff"
