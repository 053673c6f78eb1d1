"""XML that a service answers, read without what an answer could make a reader do."""

import xml.etree.ElementTree as ET

from imagery.services.failures import Failed

REPORTS = ("ExceptionReport", "ServiceExceptionReport")
"""Roots of answers that say what failed."""


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


def exception_words(root: ET.Element) -> str:
    """Return what an exception report says, "" for another answer."""
    if root.tag.rpartition("}")[2] not in REPORTS:
        return ""
    codes = [part.get("exceptionCode", part.get("code", "")) for part in root]
    return " ".join([*codes, *" ".join(root.itertext()).split()])


def failure_words(content: bytes) -> str:
    """Return what the body of an error of HTTP says as an exception report, else ""."""
    try:
        return exception_words(parse_xml(content))
    except Failed:
        return ""
