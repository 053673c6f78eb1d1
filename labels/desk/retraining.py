"""A training that people start from the desk: how long it takes, how it stands, what came of it."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

STOPPED = "The training stopped. The window in which the desk was started says why."
"""What pages say where it ended without an answer."""


@dataclass(frozen=True, kw_only=True)
class Retrained:
    """What a training came to. Nothing was promoted by it."""

    lines: tuple[str, ...] = ()
    """The new version, and what it would change."""
    gate: str = ""
    """What the gate says of it; "" where there is nothing to promote."""
    promote: str = ""
    """The command by which a named person promotes it; "" where there is nothing to promote."""
    failure: str = ""
    """Why there is no new version; "" where there is one."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A training that may be started; how it is done is injected."""

    run: Callable[[str], Retrained]
    """Trains for the person of that name, and says what came of it."""
    seconds: float | None = None
    """How long the last one took, None where that is not known."""
    note: str = ""
    """What else has to be known before."""


@dataclass(kw_only=True, eq=False)
class Retraining:
    """The trainings of one sitting, one at a time. Every method may be called from any thread."""

    offer: Offer | None
    """The training; None where there is none to start."""
    clock: Callable[[], float] = time.monotonic
    """Seconds."""
    by: str = ""
    """Who started the last one, "" before the first one."""
    result: Retrained | None = None
    """What came of the last one; None before it has ended."""
    seconds: float | None = None
    """How long one takes: the last one of this sitting, or else the one before it."""
    _began: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Take over the time of the last training."""
        self.seconds = self.offer.seconds if self.offer else None

    @property
    def elapsed_s(self) -> float | None:
        """Return for how long one has been running; None while none runs."""
        began = self._began
        return None if began is None else self.clock() - began

    def start(self, who: str) -> bool:
        """Start one in a thread; False where one runs already, or there is none to start."""
        with self._lock:
            if self.offer is None or self._began is not None:
                return False
            self._began = self.clock()
            self.by = who
            self.result = None
        threading.Thread(target=self._work, args=(self.offer, who), daemon=True).start()
        return True

    def _work(self, offer: Offer, who: str) -> None:
        began = self.clock()
        result = Retrained(failure=STOPPED)
        try:
            result = offer.run(who)
        finally:
            with self._lock:
                if not result.failure:
                    self.seconds = self.clock() - began
                self.result = result
                self._began = None
