"""Names of Deribit's instruments: ``BTC-25JUN21-40000-C``, and ``XRP_USDC-28JUN24-0d55-P`` of the linear ones.

docs.deribit.com, "Instruments naming conventions". An option's root is the first word: the coin, or coin and
quote currency of an option that is priced and settled in that currency.
"""

import datetime as dt
import re
from dataclasses import dataclass
from functools import lru_cache

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_OPTION = re.compile(
    r"^(?P<root>[A-Z0-9]+(?:_[A-Z0-9]+)?)-(?P<day>\d{1,2})(?P<month>[A-Z]{3})(?P<year>\d\d)-"
    r"(?P<strike>\d+(?:d\d+)?)-(?P<right>[CP])$"
)
#: futures, perpetuals, spot and combinations: listed beside the options, and none of them
_NO_OPTION = re.compile(r"^[A-Z0-9]+(_[A-Z0-9]+)?(-(\d{1,2}[A-Z]{3}\d\d|[A-Z]+\d*(-\S+)?))?$")
_EPOCH_DAY = dt.date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class DeribitOption:
    """What an option's name says; ``expiry_day`` is days since 1970-01-01."""

    root: str
    expiry_day: int
    strike: float
    right: str

    @property
    def coin(self) -> str:
        """The coin itself."""
        return self.root.partition("_")[0]


@lru_cache(maxsize=65_536)
def parse_option_name(name: str) -> DeribitOption | None:
    """What a name says; None where it is no option's name, or its date does not exist."""
    match = _OPTION.match(name)
    if match is None or match["month"] not in MONTHS:
        return None
    try:
        expiry = dt.date(2000 + int(match["year"]), MONTHS.index(match["month"]) + 1, int(match["day"]))
    except ValueError:
        return None
    strike = float(match["strike"].replace("d", "."))
    return DeribitOption(match["root"], (expiry - _EPOCH_DAY).days, strike, match["right"])


def is_other_instrument(name: str) -> bool:
    """Whether a name is of a future, perpetual, spot pair or combination."""
    return _NO_OPTION.match(name) is not None


def currency_of(root: str) -> str:
    """The ``currency`` under which the service lists a root's options: their settlement currency."""
    coin, _, quoted = root.partition("_")
    return quoted or coin


def index_of(root: str) -> str:
    """The ``index_name`` that a root's options settle on: ``btc_usd``, or ``btc_usdc`` of linear ones."""
    coin, _, quoted = root.partition("_")
    return f"{coin}_{quoted or 'usd'}".lower()
