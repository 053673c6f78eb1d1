"""How asking a service may fail."""

from imagery.errors import InputError

FINAL = (401, 403, 404, 405, 410, 498, 499)
"""Answers that another try would not change; Esri has 498 and 499 for tokens."""
TOKEN_CODES = (401, 403, 498, 499)
"""Those of them that a token would change."""
NOT_THERE = 404
"""Answer of a service that has nothing at a place."""


class Failed(Exception):
    """One request that failed; another try may succeed."""

    def __init__(
        self,
        words: str,
        *,
        code: int = 0,
        wait_s: float = 0.0,
        is_final: bool = False,
        remedy: str = "",
    ) -> None:
        """Keep what happened, how long the service asks to wait, and whether tries are in vain."""
        super().__init__(words)
        self.code = code
        self.wait_s = wait_s
        self.is_final = is_final or code in FINAL
        self.remedy = remedy
        self.tries = 1


class ServiceError(InputError):
    """A service that failed for good."""

    def __init__(self, message: str, *, words: str) -> None:
        """Keep what happened, without the address and without what to do."""
        super().__init__(message)
        self.words = words
