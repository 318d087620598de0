"""What was made of the last few payloads: harvesting a month must not unpack its file 30 times."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class PayloadCache(Generic[T]):
    """Results by the SHA-256 of the payload that they were made from; safe between threads.

    Parameters
    ----------
    kept
        How many results stay; the least recently used goes first.
    """

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._entries: OrderedDict[tuple[str, str], T] = OrderedDict()
        self._lock = Lock()

    def get(self, payload: bytes, make: Callable[[], T], label: str = "") -> T:
        """The result for a payload; ``make()`` makes it, and what it raises is not kept.

        ``label`` tells apart different results of one payload.
        """
        key = (hashlib.sha256(payload).hexdigest(), label)
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
                return self._entries[key]
        result = make()
        with self._lock:
            self._entries[key] = result
            while len(self._entries) > self._kept:
                self._entries.popitem(last=False)
        return result
