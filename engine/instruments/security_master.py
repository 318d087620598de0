"""Who a ticker was on a day: permanent ids, the symbols they were known by and when.

A rename gives one id several symbols, a ticker that another company takes over gives one symbol several ids, a share
class is an id of its own, and after a delisting a symbol means nobody.
"""

import datetime as dt
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter


class SecurityMasterError(ValueError):
    """Intervals that contradict each other."""


class UnknownSecurityError(LookupError):
    """Nobody had that symbol on that day, or the id had none."""


@dataclass(frozen=True, slots=True)
class SymbolInterval:
    """A symbol that an id was known by, from ``first`` to ``last``, both included.

    None: from the beginning, or until today.
    """

    symbol: str
    permanent_id: str
    first: dt.date | None = None
    last: dt.date | None = None

    def __post_init__(self) -> None:
        if self.start > self.end:
            raise SecurityMasterError(f"{self}: it ends before it begins; correct one of the dates")

    @property
    def start(self) -> dt.date:
        return self.first or dt.date.min

    @property
    def end(self) -> dt.date:
        return self.last or dt.date.max

    def __str__(self) -> str:
        return f"{self.symbol} of {self.permanent_id} from {self.first or 'the beginning'} to {self.last or 'today'}"


class SecurityMaster:
    """All intervals, by symbol and by id.

    Raises
    ------
    SecurityMasterError
        Two ids have one symbol at a time, or one id has two.
    """

    __slots__ = ("_by_id", "_by_symbol")

    def __init__(self, intervals: Iterable[SymbolInterval]) -> None:
        ordered = sorted(intervals, key=attrgetter("start"))
        self._by_symbol = _grouped(ordered, "symbol")
        self._by_id = _grouped(ordered, "permanent_id")

    def resolve(self, symbol: str, day: dt.date) -> str:
        """The permanent id of a symbol on a day.

        Raises
        ------
        UnknownSecurityError
            Naming whose the symbol was at other times.
        """
        return _at(self._by_symbol, symbol, day).permanent_id

    def symbol_of(self, permanent_id: str, day: dt.date) -> str:
        """The symbol of an id on a day, inverse of :meth:`resolve`.

        Raises
        ------
        UnknownSecurityError
            Naming what it was called at other times.
        """
        return _at(self._by_id, permanent_id, day).symbol

    def symbols(self, permanent_id: str) -> tuple[SymbolInterval, ...]:
        """Everything that an id was called, in order.

        Raises
        ------
        UnknownSecurityError
            No such id.
        """
        if permanent_id not in self._by_id:
            raise UnknownSecurityError(f"no security has the permanent id {permanent_id!r}")
        return tuple(self._by_id[permanent_id])

    def delisted_after(self, permanent_id: str) -> dt.date | None:
        """The last day of an id's last symbol; None while it has one.

        Raises
        ------
        UnknownSecurityError
            No such id.
        """
        return self.symbols(permanent_id)[-1].last


def _grouped(ordered: list[SymbolInterval], name: str) -> dict[str, list[SymbolInterval]]:
    groups: dict[str, list[SymbolInterval]] = defaultdict(list)
    for interval in ordered:
        mine = groups[getattr(interval, name)]
        if mine and interval.start <= mine[-1].end:
            raise SecurityMasterError(
                f"{mine[-1]}, and {interval}: the two overlap; end the first before {interval.start}"
            )
        mine.append(interval)
    return dict(groups)


def _at(groups: dict[str, list[SymbolInterval]], name: str, day: dt.date) -> SymbolInterval:
    mine = groups.get(name, [])
    place = bisect_right(mine, day, key=attrgetter("start")) - 1
    if place >= 0 and day <= mine[place].end:
        return mine[place]
    known = "; ".join(map(str, mine)) or "nothing"
    raise UnknownSecurityError(f"{name} on {day}: no such security; known is {known}")
