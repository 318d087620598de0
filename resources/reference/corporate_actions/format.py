"""What a format of corporate actions has to say about itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.calendars import TradingCalendar
from resources.reference.parsed import ParsedReference


@dataclass(frozen=True)
class Closes:
    """Unadjusted closes of one symbol by session: int32[n] days since 1970-01-01, increasing, and float64[n]."""

    days: NDArray[np.int32]
    prices: NDArray[np.float64]


@dataclass(frozen=True)
class ActionsContext:
    """What beside the bytes decides how events are read.

    Attributes
    ----------
    calendar
        Of the universe: an ex-date is a session of it.
    currency
        Of amounts, where the file does not say one.
    closes
        Prices by the file's symbol that may settle an ambiguous date.
    """

    calendar: TradingCalendar
    currency: str
    closes: Mapping[str, Closes] = field(default_factory=dict)


@dataclass(frozen=True)
class ActionsFormat:
    """How to read one format of corporate actions.

    ``files`` are those below the path that a universe names; ``parse`` gives ``CORPORATE_ACTION_SCHEMA`` of every
    symbol in the file, sorted, and raises ``UnreadablePayloadError`` or ``InvalidActionsError``.
    """

    name: str
    files: Callable[[Path], list[Path]]
    expected: str
    parse: Callable[[bytes, str, ActionsContext], ParsedReference]
    #: each file is of the symbol that it is named after: a universe reads only its own, and needs every one
    file_per_symbol: bool = False
