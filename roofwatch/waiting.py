"""Commands that wait for each other: what is made once for all years of a city."""

from contextlib import AbstractContextManager

from imagery.locks import one_at_a_time
from roofwatch.year import City

MODELS_WAIT_S = 600
"""How long a command waits for another one that registers a model, seconds."""


def hold_chips(city: City, stage: str) -> None:
    """Keep others from cutting any year's chips, until the outermost stage has ended.

    Raises:
        Busy: another command is at work on one of these years.
    """
    for source in city.file.flyover:
        year = city.year(source.year)
        if year.files.chips.manifest.exists():
            with year.at_work(stage):
                pass


def alone_with_models(city: City, stage: str) -> AbstractContextManager[None]:
    """Let one process at a time register models and move aliases; the others wait."""
    folder = city.workspace.folder
    folder.mkdir(parents=True, exist_ok=True)
    return one_at_a_time(
        folder / ".models.lock", f"`{stage}` that registers models", wait_s=MODELS_WAIT_S
    )
