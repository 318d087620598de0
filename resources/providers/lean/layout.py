"""Where Lean keeps what: paths of its data folder, and what the names of files and members say.

Source: QuantConnect, Lean Engine, Data Format (https://www.quantconnect.com/docs/v2/lean-engine/data-format) and
``Data/*/readme.md`` of the Lean repository. Hour and daily files hold a year of one option ticker, minute files a
day; each member of an archive is one contract, and only its name says which.
"""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from engine.instruments.terms import ExerciseStyle
from resources.providers.file_adapter import AdapterSettings
from resources.universe import UnderlyingSpec

Resolution = Literal["daily", "hour", "minute"]
TickType = Literal["quote", "trade", "openinterest"]
TICK_TYPES: tuple[TickType, ...] = ("quote", "trade", "openinterest")
STYLE_WORDS = {ExerciseStyle.AMERICAN: "american", ExerciseStyle.EUROPEAN: "european"}
#: prices of options and equities, and strikes in names, are written as integers of a ten-thousandth
PRICE_SCALE = 10_000.0
#: option and equity files; an index has a zone of its own (SPX: Chicago)
OPTION_ZONE = "America/New_York"
_INDEX_ZONE = "America/Chicago"

_DAY = re.compile(r"^[0-9]{8}$")
_TERMS = (
    r"(?P<ticker>[a-z0-9.]+)_{resolution}(?P<kind>quote|trade|openinterest)_(?P<style>american|european)_"
    r"(?P<right>call|put)_(?P<strike>[0-9]{1,12})_(?P<expiry>[0-9]{8})\.csv$"
)
_YEAR_MEMBER = re.compile("^" + _TERMS.replace("{resolution}", ""))
_DAY_MEMBER = re.compile(r"^(?P<day>[0-9]{8})_" + _TERMS.replace("{resolution}", "minute_"))


class LeanMarket(AdapterSettings):
    """Which part of a Lean data folder a universe reads."""

    market: str = Field(default="usa", pattern=r"^[a-z0-9]+$")
    #: ``option`` on equities, ``indexoption`` on indices
    security_type: Literal["option", "indexoption"]

    @property
    def underlying_type(self) -> str:
        """Folder of the underlyings' own prices."""
        return "equity" if self.security_type == "option" else "index"

    @property
    def underlying_scale(self) -> float:
        """What the underlyings' prices are multiplied by in their files; an index stands as it is."""
        return PRICE_SCALE if self.security_type == "option" else 1.0


class LeanOptionsSettings(LeanMarket):
    """Which bars, and the clock of the underlyings' files."""

    resolution: Resolution
    #: IANA name, where the underlyings' files are in another zone than New York (equities) or Chicago (indices)
    underlying_timezone: str | None = None

    @field_validator("underlying_timezone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        if name is not None:
            try:
                ZoneInfo(name)
            except (ValueError, OSError, LookupError):
                raise ValueError(f"{name!r} is no IANA time zone; write one like America/Chicago") from None
        return name

    @property
    def underlying_zone(self) -> str:
        if self.underlying_timezone is not None:
            return self.underlying_timezone
        return OPTION_ZONE if self.security_type == "option" else _INDEX_ZONE

    @property
    def bar_us(self) -> int:
        """Length of a bar in microseconds; a daily one ends with its session, not after 24 hours."""
        return {"daily": 0, "hour": 3_600_000_000, "minute": 60_000_000}[self.resolution]

    @property
    def intraday_file(self) -> bool:
        """Whether a file holds one day, in milliseconds since midnight."""
        return self.resolution == "minute"


@dataclass(frozen=True)
class LeanContract:
    """What a member's name says; ``day`` is None in files of a year."""

    day: dt.date | None
    ticker: str
    kind: str
    style: str
    right: Literal["C", "P"]
    strike: float
    expiry: dt.date


def contract_of(member: str, *, intraday_file: bool) -> LeanContract | None:
    """The contract that a member's name stands for; None where it has another form."""
    match = (_DAY_MEMBER if intraday_file else _YEAR_MEMBER).match(member)
    if match is None:
        return None
    expiry = date_of(match["expiry"])
    day = date_of(match["day"]) if intraday_file else None
    if expiry is None or (intraday_file and day is None):
        return None
    return LeanContract(
        day,
        match["ticker"],
        match["kind"],
        match["style"],
        "C" if match["right"] == "call" else "P",
        int(match["strike"]) / PRICE_SCALE,
        expiry,
    )


@lru_cache(maxsize=100_000)
def date_of(text: str) -> dt.date | None:
    """``20140606`` as a date; None where it is none."""
    if not _DAY.match(text):
        return None
    try:
        return dt.date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


@dataclass(frozen=True)
class OptionFile:
    """One archive of an option ticker: its root, what it holds, and the day or the year that its name claims."""

    spec: UnderlyingSpec
    root: str
    kind: TickType
    path: Path
    claims: str


def option_files(
    folder: Path, settings: LeanOptionsSettings, underlyings: tuple[UnderlyingSpec, ...], claims: str = "*"
) -> Iterator[OptionFile]:
    """The option archives of the universe's roots, sorted per root and kind.

    Some archives are named ``.zip.zip``: a copy that was renamed, not an archive in an archive.

    Parameters
    ----------
    claims
        The day (``20140606``) or, for files of a year, the year that is wanted; all of them by default.
    """
    base = folder / settings.security_type / settings.market / settings.resolution
    for spec in underlyings:
        for root in spec.roots:
            ticker, style = root.root.lower(), STYLE_WORDS[root.style]
            for kind in TICK_TYPES:
                stem = f"{claims}_{kind}_{style}.zip"
                where = base / ticker if settings.intraday_file else base
                pattern = stem if settings.intraday_file else f"{ticker}_{stem}"
                for path in sorted((*where.glob(pattern), *where.glob(pattern + ".zip"))):
                    found = path.name.removeprefix(f"{ticker}_").split("_")[0]
                    wanted = 8 if settings.intraday_file else 4
                    if len(found) == wanted and found.isdigit():
                        yield OptionFile(spec, root.root, kind, path, found)


def price_file(folder: Path, market: LeanMarket, resolution: Resolution, symbol: str, day: dt.date) -> Path:
    """Where the bars of an underlying stand, whether or not the file exists."""
    base = folder / market.underlying_type / market.market / resolution
    if resolution == "minute":
        return base / symbol.lower() / f"{day:%Y%m%d}_trade.zip"
    return base / f"{symbol.lower()}.zip"
