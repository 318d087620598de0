"""Tell somebody: into the log, or to a webhook."""

import logging
import time
from dataclasses import asdict, dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

import dagster as dg

logger = logging.getLogger("optix.notifier")

Severity = Literal["info", "warning", "error"]
_LEVELS: dict[Severity, int] = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class NotificationError(RuntimeError):
    """A notification did not arrive."""


@dataclass(frozen=True)
class Notification:
    """What to say.

    Attributes
    ----------
    dedupe_key
        The same for every delivery of the same event: delivery is at least once, the receiver drops repeats by it.
    """

    title: str
    text: str
    severity: Severity = "info"
    dedupe_key: str = ""


class Notifier(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Delivers notifications.

    ``kind: log`` writes to the logger ``optix.notifier``. ``kind: webhook`` POSTs JSON (title, text, severity,
    dedupe_key) to ``webhook_url``, with the key in the header ``Idempotency-Key`` too.
    """

    kind: Literal["log", "webhook"] = "log"
    webhook_url: str | None = None
    timeout_seconds: float = 5.0
    attempts: int = 3
    #: before the second attempt; doubles from there
    backoff_seconds: float = 0.5

    def notify(self, notification: Notification) -> None:
        """Deliver, trying again where that can help.

        Raises
        ------
        NotificationError
            If every attempt failed, or the receiver refuses it for good; logged as an error before.
        ValueError
            If the kind is webhook and no URL is configured.
        """
        if self.kind == "log":
            text = f"{notification.title}: {notification.text}"
            logger.log(_LEVELS[notification.severity], text)
            return
        if not self.webhook_url:
            raise ValueError(
                "the notifier is of kind webhook and has no webhook_url; set it in the resource's config"
            )
        self._post(self.webhook_url, notification)

    def _post(self, url: str, notification: Notification) -> None:
        import httpx

        headers = {"Idempotency-Key": notification.dedupe_key} if notification.dedupe_key else {}
        failure = ""
        done = 0
        with httpx.Client(timeout=self.timeout_seconds) as client:
            for attempt in range(self.attempts):
                if attempt:
                    time.sleep(self.backoff_seconds * 2 ** (attempt - 1))
                done = attempt + 1
                try:
                    response = client.post(url, json=_body(notification), headers=headers)
                except (httpx.HTTPError, httpx.InvalidURL) as error:
                    failure = f"{type(error).__name__}: {error}"
                    continue
                if response.is_success:
                    return
                failure = f"HTTP {response.status_code}"
                # the receiver will not change its mind about this message, except when it is only too busy
                if response.is_client_error and response.status_code not in (408, 425, 429):
                    break
        # a webhook's path often is its secret: only the host is shown
        message = (
            f"the notification {notification.title!r} did not reach {urlsplit(url).hostname} "
            f"in {done} of {self.attempts} attempts: {failure}; check webhook_url and its receiver"
        )
        logger.error(message)
        raise NotificationError(message)


def _body(notification: Notification) -> dict[str, Any]:
    return asdict(notification)
