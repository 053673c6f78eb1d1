"""Asks one service for JSON: slowly, again when it fails, and nobody else.

What went wrong is said without the address that was sent, which may hold a token.
"""

import http.client
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar
from urllib.parse import quote, quote_plus, urlencode, urlsplit, urlunsplit

from imagery.services.failures import NOT_THERE, TOKEN_CODES, Failed, ServiceError
from imagery.services.same_host import SameHost
from imagery.services.service import Service
from imagery.services.settings import SnapshotSettings
from imagery.services.xml_answers import failure_words
from imagery.troubles import shown

Content = TypeVar("Content")
"""What is read from an answer."""
Json = dict[str, object]
"""An object of JSON."""
ACCEPT = "application/geo+json, application/json, image/png, image/jpeg, image/tiff, */*;q=0.1"
AGAIN = "run roofwatch snapshot again, which goes on where it stopped"
RENEW = (
    "write ?token=$NAME after the address and set the environment variable NAME, or renew the token"
)
Check = Callable[[Json], None]
"""Raises `Failed` at an answer that is not whole."""
MOST_ERROR_BYTES = 20_000
"""Bytes of an answer's body that are read for what failed."""
LONGEST_WAIT_S = 300.0
"""Longest wait between two tries, seconds, whatever the service asks for."""


@dataclass(kw_only=True, eq=False)
class Client:
    """Asks the service of one layer."""

    service: Service
    """What the city file says."""
    settings: SnapshotSettings
    """How it is asked."""
    kept: str = "nothing was replaced"
    """What a failure leaves."""
    again: str = AGAIN
    """What to do after a failure that may pass."""
    most_bytes: int = 0
    """Most bytes of an answer, 0 for any number."""
    last: float = field(default=float("-inf"))
    """When it was asked last, seconds of the monotonic clock."""

    def ask(
        self,
        path: str = "",
        parameters: Mapping[str, object] | None = None,
        *,
        check: Check | None = None,
    ) -> Json:
        """Return the answer to one question, tried again while that may help.

        Args:
            path: What follows the address of the service, such as "/query".
            parameters: Beside those of the address.
            check: Raises `Failed` at an answer that is not whole.

        Raises:
            InputError: the service did not answer, or with an error.
        """
        url = self._url(path, parameters or {})
        try:
            return self._ask_often(url, partial(self.parse_checked, check=check))
        except Failed as failed:
            raise self.failure(failed) from None

    def is_refused(self, path: str, parameters: Mapping[str, object]) -> bool:
        """Tell whether the service answers a question with the wish for a token.

        Raises:
            InputError: it does not answer, or with another error.
        """
        try:
            self._ask_often(self._url(path, parameters), self.parse)
        except Failed as failed:
            if failed.code in TOKEN_CODES:
                return True
            raise self.failure(failed) from None
        return False

    def fetch(
        self, path: str, parameters: Mapping[str, object], read: Callable[[bytes], Content]
    ) -> Content | None:
        """Return what is read from the bytes of an answer; None where there is nothing (404, 204).

        Args:
            path: What follows the address of the service.
            parameters: Beside those of the address.
            read: Raises `Failed` at bytes that are not what was asked for.

        Raises:
            InputError: the service did not answer, or with an error.
        """
        try:
            return self._ask_often(self._url(path, parameters), partial(_read_any, read=read))
        except Failed as failed:
            if failed.code == NOT_THERE:
                return None
            raise self.failure(failed) from None

    def send(self, path: str, form: Mapping[str, object]) -> Json:
        """Send a form once, and return the answer. Parameters of the address go with the form.

        It is not sent again: what a form changes may have been changed though no answer came.

        Raises:
            Failed: no answer, one that is cut short, or one that says that it failed.
        """
        url, _, query = self._url(path, form).partition("?")
        return self.parse(self._ask_once(url, query.encode()))

    def wait(self, attempt: int, asked_s: float = 0.0) -> None:
        """Wait after a failure: longer each time, and as long as the service asks."""
        wait_s = max(self.settings.wait_s * 2 ** (attempt - 1), asked_s)
        time.sleep(min(wait_s, LONGEST_WAIT_S))

    def failure(self, failed: Failed) -> ServiceError:
        """Return the error of a request that failed for good."""
        remedy = failed.remedy or ("correct the address" if failed.is_final else self.again)
        if failed.code in TOKEN_CODES:
            remedy = RENEW
        return self.error(str(failed), remedy=remedy, tries=failed.tries)

    def error(self, words: str, *, remedy: str = "", tries: int = 1) -> ServiceError:
        """Return the error of a service, without what is secret."""
        often = f" ({tries} tries)" if tries > 1 else ""
        said = self.without_secrets(words) + often
        service = self.service
        return ServiceError(
            f"{service.where}: {service.shown}: {said}; {self.kept}; {remedy or self.again}",
            words=said,
        )

    def without_secrets(self, text: str) -> str:
        """Return a text with `$NAME` in place of what stands in the environment."""
        for name in self.service.secrets:
            value = os.environ.get(name, "")
            for spelled in (value, quote(value, safe=""), quote_plus(value)):
                text = text.replace(spelled, f"${name}") if spelled else text
        return text

    def without_token(self) -> "Client":
        """Return a client of the same service that has nothing from the environment."""
        service = replace(self.service, address=self.service.identity)
        return replace(self, service=service)

    def _url(self, path: str, parameters: Mapping[str, object]) -> str:
        service = self.service
        parts = urlsplit(service.filled(service.address.partition("?")[0]))
        query = {name: service.filled(value) for name, value in service.parameters.items()}
        query |= {name: str(value) for name, value in parameters.items()}
        start = parts.path.rstrip("/").removesuffix("/items").removesuffix("/query")
        return urlunsplit((parts.scheme, parts.netloc, start + path, urlencode(query), ""))

    def _ask_often(self, url: str, read: Callable[[bytes], Content]) -> Content:
        """Ask until the answer can be read, as often as the settings say.

        Raises:
            Failed: it did not answer, or with an error.
        """
        for attempt in range(1, self.settings.tries + 1):
            try:
                return read(self._ask_once(url))
            except Failed as failed:
                failed.tries = attempt
                if failed.is_final or attempt == self.settings.tries:
                    raise
                self.wait(attempt, failed.wait_s)
        raise AssertionError("a service is asked once at least")

    def _ask_once(self, url: str, form: bytes | None = None) -> bytes:
        """Ask once; with a form, it is posted.

        Raises:
            Failed: no answer, one that is cut short, or one of an error.
        """
        pause_s = self.last + 1 / self.settings.requests_per_s - time.monotonic()
        if pause_s > 0:
            time.sleep(pause_s)
        self.last = time.monotonic()

        headers = {"Accept": ACCEPT, "User-Agent": "roofwatch"}
        request = urllib.request.Request(url, form, headers=headers)
        try:
            with _OPENER.open(request, timeout=self.settings.timeout_s) as answer:
                content = self._read_answer(answer)
        except urllib.error.HTTPError as error:
            with error:
                # What is secret is taken out before the text is cut, or half of it would be left.
                words = self.without_secrets(failure_words(_begin(error)))
                why = f": {shown(words[:300])}" if words else ""
                raise Failed(
                    f"it answers {error.code} {error.reason}{why}",
                    code=error.code,
                    wait_s=_seconds(error.headers.get("Retry-After")),
                ) from None
        except urllib.error.URLError as error:
            raise Failed(f"no answer: {error.reason}") from None
        except (OSError, http.client.HTTPException) as error:
            raise Failed(f"the answer broke off: {error or type(error).__name__}") from None
        return content

    def _read_answer(self, answer: http.client.HTTPResponse) -> bytes:
        """Read an answer, of which no more is read than may come.

        Raises:
            Failed: it is longer.
        """
        if not self.most_bytes:
            return answer.read()
        content = answer.read(self.most_bytes + 1)
        if len(content) > self.most_bytes:
            raise Failed(
                f"an answer has more than {self.most_bytes / 1e6:g} MB, want at most that "
                "([snapshot] most_tile_mb)",
                is_final=True,
                remedy="ask those who run it, or raise most_tile_mb, and run roofwatch snapshot "
                "again, which goes on where it stopped",
            )
        return content + answer.read()  # an answer that broke off is told by the end of it

    def parse_checked(self, content: bytes, *, check: Check | None) -> Json:
        """Return an answer as an object that a check has passed.

        Raises:
            Failed: see `parse`, or the check did not pass.
        """
        answer = self.parse(content)
        if check is not None:
            check(answer)
        return answer

    def parse(self, content: bytes) -> Json:
        """Return an answer as an object.

        Raises:
            Failed: it is none, or an error with status 200, as Esri's servers send.
        """
        try:
            answer = json.loads(content)
        except ValueError:
            # What is secret is taken out before the text is cut, or half of it would be left.
            start = self.without_secrets(content[:400].decode("utf-8", "replace"))
            begin = shown(start[:40])
            raise Failed(f"the answer is no JSON, or cut short: it begins with {begin}") from None
        if not isinstance(answer, dict):
            raise Failed("the answer is no object of JSON")

        error = answer.get("error")
        if isinstance(error, dict):
            code = error.get("code")
            details = error.get("details") or []
            words = [error.get("message"), *(details if isinstance(details, list) else [details])]
            said = self.without_secrets(" ".join(str(word) for word in words if word))
            number = code if isinstance(code, int) else 0
            raise Failed(f"it answers {code}: {shown(said)}", code=number)
        return answer


_OPENER = urllib.request.build_opener(SameHost)


def _read_any(content: bytes, *, read: Callable[[bytes], Content]) -> Content:
    """Read an answer that is not empty; 204 has no bytes."""
    if not content:
        raise Failed("the answer is empty", code=NOT_THERE)
    return read(content)


def _begin(error: urllib.error.HTTPError) -> bytes:
    """Return the begin of the body of an error, nothing where it breaks off."""
    try:
        return error.read(MOST_ERROR_BYTES)
    except (OSError, http.client.HTTPException):
        return b""


def _seconds(text: str | None) -> float:
    """Return how long a service asks to wait; 0 where it does not say a number."""
    try:
        return max(0.0, float(text or 0))
    except ValueError:
        return 0.0
