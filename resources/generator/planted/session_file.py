"""One session on its way to a file: its sheets, its line in ``underlying.csv``, and how the bytes end."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

from resources.generator.atomic_files import gzipped
from resources.generator.market import Market, MarketDay
from resources.generator.planted.day_sheet import DaySheet

#: the sheets of a session's market under the date of a file, and its line of underlying.csv (None: the layout has none)
MakeSheets = Callable[[MarketDay, dt.date], list[DaySheet]]


@dataclass(frozen=True)
class Window:
    """A session and its neighbours as they truly were."""

    market: Market
    before: MarketDay
    here: MarketDay
    after: MarketDay
    sheets_of: MakeSheets


@dataclass
class SessionFile:
    """What is written for a session.

    Attributes
    ----------
    sheets
        One per snapshot, in order of time; none where there is no file.
    line
        The underlying's line; None where there is none.
    kept_share
        Share of its bytes that the file keeps.
    dated
        The day that the file's name says.
    """

    dated: dt.date
    sheets: list[DaySheet]
    line: str | None
    kept_share: float = 1.0
    rows: int = field(init=False, default=0)

    def payload(self) -> bytes:
        """The compressed file."""
        self.rows = sum(len(s) - len(s.dropped) for s in self.sheets)
        first, *others = [sheet.csv() for sheet in self.sheets]
        body = first + b"".join(text.split(b"\n", 1)[1] for text in others)
        data = gzipped(body)
        return data if self.kept_share == 1.0 else data[: int(len(data) * self.kept_share)]
