"""Numbers and dates as a reader wants them; an undefined one is an en dash."""

import datetime as dt
import math
from typing import Any

DASH = "–"
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
#: currencies that are counted in cents
_CENTS = frozenset({"USD", "EUR", "GBP", "CHF", "CAD", "AUD", "USDC", "USDT"})


def _undefined(value: float | None) -> bool:
    return value is None or not math.isfinite(value)


def percent(value: float | None, decimals: int = 2) -> str:
    """``0.0512`` as ``5.12%``."""
    return DASH if value is None or _undefined(value) else f"{_minus(f'{100 * value:,.{decimals}f}')}%"


def number(value: float | None, decimals: int = 2) -> str:
    return DASH if value is None or _undefined(value) else _minus(f"{value:,.{decimals}f}")


def compact(value: float | None) -> str:
    """Up to six significant digits, no trailing zeros: strikes, quantities, prices of any size."""
    return DASH if value is None or _undefined(value) else _minus(f"{value:,.6g}")


def money(value: float | None, currency: str, *, signed: bool = False) -> str:
    """An amount with its currency: cents for dollars, six decimals for coins."""
    if value is None or _undefined(value):
        return DASH
    return f"{amount(value, currency, signed=signed)} {currency}"


def amount(value: float | None, currency: str, *, signed: bool = False) -> str:
    """As `money`, for a column whose heading names the currency."""
    if value is None or _undefined(value):
        return DASH
    decimals = 2 if currency in _CENTS else 6
    return _minus(f"{value:{'+' if signed else ''},.{decimals}f}")


def day(days: int | None) -> str:
    """Days since 1970-01-01 as an ISO date."""
    return DASH if days is None else (_EPOCH + dt.timedelta(days=int(days))).date().isoformat()


def instant(ts_us: int) -> str:
    """UTC microseconds as date and minute."""
    return f"{_EPOCH + dt.timedelta(microseconds=int(ts_us)):%Y-%m-%d %H:%M}"


def value(anything: Any) -> str:
    """A parameter as text."""
    if isinstance(anything, bool) or not isinstance(anything, int | float):
        return str(anything)
    return compact(float(anything))


def _minus(text: str) -> str:
    """A real minus sign, and none before a zero."""
    if text.startswith("-") and not text.strip("-0.,"):
        text = text[1:]
    return text.replace("-", "−")
