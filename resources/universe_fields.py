"""Values of a universe's YAML with a rule of their own: a mistake is named with its line before anything runs."""

import datetime as dt
import re
from difflib import get_close_matches
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from engine.calendars.exchange_schedule import exchange_codes, knows_exchange
from engine.calendars.trading_calendar import ALWAYS_OPEN

#: before it no option was listed anywhere, beyond it no calendar is known
FIRST_DAY, LAST_DAY = dt.date(1900, 1, 1), dt.date(2100, 12, 31)
#: a month: no source is as slow, and a longer delay would let a decision see nothing of its own month
MOST_MINUTES = 31 * 24 * 60


class StrictModel(BaseModel):
    """A part of a universe's YAML: no unknown fields, no change once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def checked_zone(name: str) -> str:
    """``name`` if it is a time zone.

    Raises
    ------
    ValueError
        With the nearest names that there are.
    """
    try:
        return ZoneInfo(name).key
    except (ValueError, OSError, LookupError):  # whatever a text does as a path below the zones
        nearest = get_close_matches(name, sorted(available_timezones()), n=1)
        raise ValueError(
            f"no IANA time zone; write one such as {(*nearest, 'America/New_York')[0]}"
        ) from None


def checked_calendar(code: str) -> str:
    """``code`` if it is a calendar.

    Raises
    ------
    ValueError
        With the nearest code that there is.
    """
    if code == ALWAYS_OPEN or knows_exchange(code):
        return code
    nearest = get_close_matches(code, exchange_codes(), n=1)
    raise ValueError(
        f"neither {ALWAYS_OPEN} nor a code that exchange_calendars knows; write one such as "
        f"{(*nearest, 'XNYS')[0]}"
    )


def _wall_time(text: str) -> str:
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", text):
        raise ValueError('no time of a day; write HH:MM in quotes, from "00:00" to "23:59"')
    return text


def _currency(code: str) -> str:
    if not re.fullmatch(r"[A-Z]{3,5}", code):
        raise ValueError("no currency; write three to five capital letters, such as USD or BTC")
    return code


def _day(day: dt.date) -> dt.date:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"not between {FIRST_DAY} and {LAST_DAY}; correct the year")
    return day


Zone = Annotated[str, AfterValidator(checked_zone)]
Calendar = Annotated[str, AfterValidator(checked_calendar)]
WallTime = Annotated[str, AfterValidator(_wall_time)]
Currency = Annotated[str, AfterValidator(_currency)]
Day = Annotated[dt.date, AfterValidator(_day)]
Minutes = Annotated[float, Field(ge=0, le=MOST_MINUTES)]
