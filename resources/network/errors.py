"""What can go wrong on the way to a service and back."""

from resources.providers.protocol import ProviderError


class NetworkError(ProviderError):
    """A service did not give what was asked; the message names the address, what happened and the way out."""


class TransientResponseError(Exception):
    """An answer that a later attempt may better: raised by a check of the answer, never seen by callers.

    Parameters
    ----------
    reason
        For the log and for the error after the last attempt.
    wait_seconds
        How long the service asks to wait; None where it does not say.
    """

    def __init__(self, reason: str, wait_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait_seconds = wait_seconds


class RepeatedPageError(NetworkError):
    """A service that pages gave a page again: the list would never end, or would hold rows twice."""
