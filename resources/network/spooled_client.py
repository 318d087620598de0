"""Requests whose answers are kept as they arrive; what an earlier run received is not asked for again."""

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

from resources.network.addresses import without_secrets
from resources.network.errors import NetworkError, RepeatedPageError
from resources.network.http_client import Check, HttpClient
from resources.network.spool import Spool, SpooledAnswer

#: from a page's parsed body: its rows, and the address of the next page (None after the last)
ReadPage = Callable[[bytes], tuple[Any, str | None]]


class SpooledClient:
    """A client and the spool behind it."""

    def __init__(self, client: HttpClient, spool: Spool) -> None:
        self.client = client
        self.spool = spool

    def get(self, url: str, check: Check) -> SpooledAnswer:
        """The answer to a request: from the spool where it has arrived before, else from the service.

        Only answers that pass the check are kept.
        """
        arrived = self.spool.read(url)
        if arrived is not None:
            return arrived
        answer = self.client.get(url, check)
        received_at = dt.datetime.fromtimestamp(self.client.clock.now(), dt.UTC)
        return self.spool.write(url, answer.body, received_at)

    def pages(self, first_url: str, check: Check, read_page: ReadPage) -> Iterator[SpooledAnswer]:
        """Page after page.

        Raises
        ------
        RepeatedPageError
            If a page names an address that was asked already, or holds the very rows of an earlier one. That
            page is forgotten, so that a rerun asks for it again.
        NetworkError
            After ``network.max_pages``.
        """
        asked: dict[str, int] = {}
        contents: dict[str, int] = {}
        url: str | None = first_url
        for number in range(1, self.client.settings.max_pages + 1):
            if url is None:
                return
            asked[without_secrets(url)] = number
            answer = self.get(url, check)
            rows, next_url = read_page(answer.body)
            digest = hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()
            following = None if next_url is None else without_secrets(next_url)
            if rows and digest in contents:
                self.spool.drop(url)
                raise RepeatedPageError(
                    f"{answer.url}: page {number} holds the rows of page {contents[digest]} again; the pages before "
                    "it are kept, run the harvest again to go on from there"
                )
            if following in asked:
                self.spool.drop(url)
                raise RepeatedPageError(
                    f"{answer.url}: page {number} names page {asked[following]} ({following}) as the next; the pages "
                    "before it are kept, run the harvest again to go on from there"
                )
            contents[digest] = number
            yield answer
            url = next_url
        if url is not None:
            raise NetworkError(
                f"{without_secrets(first_url)} has more than {self.client.settings.max_pages} pages; raise "
                "network.max_pages if that is right"
            )
