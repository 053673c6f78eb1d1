"""Values of an answer, each of the type that it should have."""

from imagery.services.client import Json


def text_of(values: Json, name: str) -> str:
    """Return a text, "" where there is none."""
    value = values.get(name)
    return value if isinstance(value, str) else ""


def whole_of(values: Json, name: str) -> int | None:
    """Return a whole number, None where there is none."""
    value = values.get(name)
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return int(str(value)) if is_whole else None


def object_of(values: Json, name: str) -> Json:
    """Return an object, an empty one where there is none."""
    value = values.get(name)
    return value if isinstance(value, dict) else {}


def objects_of(values: Json, name: str) -> list[Json]:
    """Return a list of objects; what is no object is left out."""
    value = values.get(name)
    items = value if isinstance(value, list) else []
    return [item for item in items if isinstance(item, dict)]


def texts_of(values: Json, name: str) -> list[str]:
    """Return a list of texts; what is no text is left out."""
    value = values.get(name)
    items = value if isinstance(value, list) else []
    return [item for item in items if isinstance(item, str)]
