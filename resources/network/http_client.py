"""GET requests with timeouts, bounded retries with jitter, rate limits, and a bound on what is received.

Retried are failures that a later attempt may better: no connection, a timeout, an answer that was cut off, the
status codes 408, 425, 429 and 5xx, and what the caller's check calls transient (malformed JSON among it). The
wait is random between 0 and a bound that doubles ("full jitter", M. Brooker, AWS Architecture Blog, 2015), and
never shorter than what the service asks for.
"""

import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from resources.network.addresses import require_same_service, without_secrets
from resources.network.api_key import ApiKey
from resources.network.clock import Clock, SystemClock
from resources.network.errors import NetworkError, TransientResponseError
from resources.network.rate_limit import RateLimit, retry_after_seconds
from resources.network.settings import NetworkSettings

if TYPE_CHECKING:
    import httpx

logger = logging.getLogger("optix.network")

_RETRIED_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
_EXCERPT = 300
_MIB = 2**20


@dataclass(frozen=True)
class Answer:
    """A complete answer: its status, and its bytes after transport coding."""

    status: int
    body: bytes


#: raises TransientResponseError (try again) or NetworkError (final); called with every complete answer that
#: the status alone does not condemn
Check = Callable[[Answer], None]


class HttpClient:
    """Requests to one service. Use it as a context manager.

    Parameters
    ----------
    base_url
        Requests go nowhere else, redirects are not followed: the key must not reach another host.
    random_fraction
        Draws from [0, 1); of the waits only, no result depends on it.
    """

    def __init__(
        self,
        base_url: str,
        settings: NetworkSettings,
        *,
        key: ApiKey | None = None,
        clock: Clock | None = None,
        random_fraction: Callable[[], float] = random.random,
    ) -> None:
        self.base_url = base_url
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        self._key = key
        self._random = random_fraction
        self._limit = RateLimit(self.clock, settings.min_interval_seconds)
        self._client: httpx.Client | None = None

    def __enter__(self) -> "HttpClient":
        import httpx

        patience = self.settings
        self._client = httpx.Client(
            timeout=httpx.Timeout(patience.read_seconds, connect=patience.connect_seconds),
            headers={"Accept": "application/json", **(self._key.headers() if self._key else {})},
            follow_redirects=False,
        )
        return self

    def __exit__(self, *error: object) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def get(self, url: str, check: Check) -> Answer:
        """The answer with status 200 to a request, after as many attempts as it takes.

        Raises
        ------
        NetworkError
            When the attempts are used up, the service refuses for good, asks for too long a wait, or answers
            with too much.
        """
        require_same_service(url, self.base_url)
        shown = without_secrets(url)
        attempts = self.settings.attempts
        for attempt in range(1, attempts + 1):
            self._wait(self._limit.wait_seconds(), shown, "its rate limit is used up")
            try:
                # a key that a service puts into the address of its next page is in our header already
                return self._attempt(shown, check)
            except TransientResponseError as failure:
                if attempt == attempts:
                    raise NetworkError(
                        self._hidden(
                            f"{shown}: {failure.reason} ({attempts} attempts); what arrived before is kept, run the "
                            "harvest again to go on from there"
                        )
                    ) from failure
                wait = self._backoff_seconds(attempt, failure.wait_seconds)
                logger.warning(
                    self._hidden(
                        f"{shown}: {failure.reason}; attempt {attempt + 1} of {attempts} in {wait:.1f} s"
                    )
                )
                self._wait(wait, shown, failure.reason)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _attempt(self, url: str, check: Check) -> Answer:
        self._limit.started()
        answer, headers = self._receive(url)
        self._limit.observe(headers)
        if answer.status in _RETRIED_STATUSES:
            raise TransientResponseError(
                f"HTTP {answer.status}{self._excerpt(answer.body)}",
                retry_after_seconds(headers, self.clock.now()) if answer.status in (429, 503) else None,
            )
        try:
            check(answer)
        except NetworkError as error:  # it may quote the answer, and the answer the key
            raise NetworkError(self._hidden(f"{url}: {error}")) from None
        if answer.status != 200:
            where = f" to {without_secrets(headers['location'])}" if "location" in headers else ""
            raise NetworkError(
                self._hidden(f"{url}: HTTP {answer.status}{where}{self._excerpt(answer.body)}")
            )
        return answer

    def _receive(self, url: str) -> tuple[Answer, Mapping[str, str]]:
        import httpx

        if self._client is None:
            raise RuntimeError("HttpClient is a context manager; enter it before the first request")
        bound = int(self.settings.max_response_mib * _MIB)
        deadline = self.clock.monotonic() + self.settings.total_seconds
        body = bytearray()
        try:
            with self._client.stream("GET", url) as response:
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > bound:
                        raise NetworkError(
                            f"{url} answers with more than {self.settings.max_response_mib:g} MiB; raise "
                            "network.max_response_mib if that is right"
                        )
                    if self.clock.monotonic() > deadline:
                        raise TransientResponseError(
                            f"no complete answer within {self.settings.total_seconds:g} s ({len(body)} bytes came)"
                        )
                return Answer(response.status_code, bytes(body)), response.headers
        except httpx.TimeoutException as error:
            raise TransientResponseError(
                f"timed out ({type(error).__name__}, {len(body)} bytes came)"
            ) from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise TransientResponseError(
                f"{type(error).__name__}: {error} ({len(body)} bytes came)"
            ) from error
        except httpx.InvalidURL as error:
            raise NetworkError(f"{url} is no address: {error}") from error

    def _backoff_seconds(self, attempt: int, asked: float | None) -> float:
        bound: float = min(
            self.settings.backoff_max_seconds, self.settings.backoff_seconds * 2.0 ** (attempt - 1)
        )
        jitter = bound * self._random()
        # jitter on top of what is asked: all who were turned away would come back at the same instant
        return jitter if asked is None else asked + jitter

    def _wait(self, seconds: float, shown: str, reason: str) -> None:
        if seconds > self.settings.max_wait_seconds:
            raise NetworkError(
                self._hidden(
                    f"{shown}: {reason}, and it asks to wait {seconds:.0f} s, more than network.max_wait_seconds "
                    f"({self.settings.max_wait_seconds:g}); what arrived is kept, run the harvest again later"
                )
            )
        if seconds > 0:
            self.clock.sleep(seconds)

    def _excerpt(self, body: bytes) -> str:
        text = " ".join(body[:_EXCERPT].decode("utf-8", "replace").split())
        return self._hidden(f": {text}") if text else ""

    def _hidden(self, text: str) -> str:
        return self._key.hidden_in(text) if self._key else text
