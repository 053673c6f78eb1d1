"""XML that a service answers, read without what an answer could make a reader do."""

import xml.etree.ElementTree as ET

from imagery.services.failures import Failed


def parse_xml(content: bytes) -> ET.Element:
    """Return the root of an answer.

    Raises:
        Failed: it is cut short, no XML, or declares entities.
    """
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise Failed("the answer is a web page or declares entities, not the XML of a service")
    try:
        return ET.fromstring(content)  # without entities, see above
    except ET.ParseError as error:
        raise Failed("the answer is no XML, or cut short") from error
