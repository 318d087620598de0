"""The OSI option symbol (OCC Option Symbology Initiative, 2010): root, expiry, right and strike.

``"SPXW  260918C07550000"`` padded, ``"SPXW260918C07550000"`` compact (the form that CBOE and Yahoo deliver).

A root is the ticker without its punctuation (``BRKB``). Contracts with another deliverable than the standard one have
a digit behind it: ``AAPL1`` after an adjustment, ``AAPL7`` for the mini options of 2013. No root of a standard contract
ends in one since the conversion of 2010: tickers of US securities consist of letters, and roots became the tickers
(OCC, "Options Symbology Initiative", version 1.8 of 2008-08-15, with its recommendation on non-standard deliverables).
A leading digit is a FLEX option's (``4SPX``, Cboe RG13-012).
"""

import datetime as dt
import re
from dataclasses import dataclass

from engine.instruments.terms import Right

_SYMBOL = re.compile(r"^([A-Z0-9]{1,6}?) *(\d{2})(\d{2})(\d{2})([CP])(\d{8})$")
_ROOT = re.compile(r"^[A-Z0-9]{1,6}$")
_ADJUSTED = re.compile(r"^([A-Z]{1,5})([1-9])$")
_STRIKE_UNITS = 1000
_PADDED_LENGTH = 21


class OsiSymbolError(ValueError):
    """A symbol that is not OSI, or terms that OSI cannot express."""


@dataclass(frozen=True, slots=True, order=True)
class OsiSymbol:
    """What an OSI symbol says. ``strike`` is per unit of underlying, on a grid of 0.001."""

    root: str
    expiry: dt.date
    right: Right
    strike: float


def parse_osi(symbol: str) -> OsiSymbol:
    """Read a padded or compact OSI symbol.

    Two-digit years are of this century: the format began in 2010.

    Raises
    ------
    OsiSymbolError
        The text has another form, its date does not exist, or its strike is 0.
    """
    match = _SYMBOL.match(symbol)
    if match is None or (" " in symbol and len(symbol) != _PADDED_LENGTH):
        raise OsiSymbolError(
            f"{symbol!r} is no OSI symbol: root (1-6 letters or digits, padded to 6 or not), YYMMDD, C or P, "
            "strike x 1000 in 8 digits"
        )
    root, year, month, day, right, units = match.groups()
    try:
        expiry = dt.date(2000 + int(year), int(month), int(day))
    except ValueError:
        raise OsiSymbolError(f"{symbol!r}: 20{year}-{month}-{day} is no date") from None
    if int(units) == 0:
        raise OsiSymbolError(f"{symbol!r}: the strike is 0")
    return OsiSymbol(root, expiry, Right(right), int(units) / _STRIKE_UNITS)


def format_osi(root: str, expiry: dt.date, right: Right, strike: float, *, padded: bool = True) -> str:
    """Write an OSI symbol, inverse of :func:`parse_osi`.

    Raises
    ------
    OsiSymbolError
        The root is too long or has other characters, the year is outside 2000-2099, or the strike is not
        positive, not below 100,000, or finer than 0.001.
    """
    if not _ROOT.match(root):
        raise OsiSymbolError(f"root {root!r}: OSI takes 1 to 6 capital letters or digits")
    if not 2000 <= expiry.year <= 2099:
        raise OsiSymbolError(f"expiry {expiry}: OSI writes two digits of a year of this century")
    scaled = strike * _STRIKE_UNITS
    if not 0.5 <= scaled < 10**8 - 0.5:
        raise OsiSymbolError(f"strike {strike}: OSI takes 0.001 to 99999.999")
    units = round(scaled)
    if abs(scaled - units) > 1e-6 * max(1.0, scaled * 1e-6):
        raise OsiSymbolError(f"strike {strike} is finer than 0.001, the grid of OSI")
    name = root.ljust(6) if padded else root
    return f"{name}{expiry:%y%m%d}{Right(right).value}{units:08d}"


def is_adjusted_root(root: str) -> bool:
    """Whether a US option root stands for a deliverable other than the standard one (``AAPL1``)."""
    return _ADJUSTED.match(root) is not None


def standard_root(root: str) -> str:
    """The root without the digit of a non-standard deliverable: ``AAPL`` of ``AAPL1``; others as they are."""
    match = _ADJUSTED.match(root)
    return root if match is None else match[1]
