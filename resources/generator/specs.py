"""What a generated market is made of, as data; the three demo markets stand in ``demo_markets``."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from engine.instruments.terms import RootTerms
from engine.simulation.activity import ActivityParameters
from engine.simulation.expiries import ExpiryCycle
from engine.simulation.listing import StrikeTier
from engine.simulation.path import PathParameters
from engine.simulation.spreads import SpreadParameters
from resources.generator.defects import PlantedDefect

#: the demo's markets are simulated from here, whatever part of them is written, so that a shorter set is the
#: tail of the longer one; the months before the first file fill open interest and last trades
SIMULATED_FROM = dt.date(2022, 10, 3)
FULL_START = dt.date(2023, 1, 3)
END = dt.date(2025, 12, 31)


class VendorLayout(StrEnum):
    CBOE = "cboe"
    DERIBIT = "deribit"


@dataclass(frozen=True, slots=True)
class SmileDynamics:
    """Daily smile: means and standard deviations of slowly wandering parameters (see ``engine.simulation``)."""

    rho: float
    rho_sd: float
    eta: float
    eta_sd: float
    gamma: float
    premium: float
    premium_sd: float


@dataclass(frozen=True, slots=True)
class ExpirySchedule:
    """How many days before its expiry each cycle is listed."""

    daily: int
    weekly: int
    monthly: int
    quarterly: int
    weeklies_on_third_friday: bool


@dataclass(frozen=True, slots=True)
class CashDividend:
    """Cash per share as paid on the ex-date, on the share basis of that day."""

    ex_date: dt.date
    amount: float
    announced: dt.date


@dataclass(frozen=True, slots=True)
class ShareSplit:
    effective_date: dt.date
    new_shares: int
    old_shares: int
    announced: dt.date


@dataclass(frozen=True, slots=True)
class MarketSpec:
    """One generated universe with one underlying.

    Attributes
    ----------
    roots
        Monthly root first; the second, if any, lists the weeklies.
    default_start
        First day of the default set; the full set starts at ``FULL_START``.
    dividend_yield
        Continuous carry beside discrete dividends; negative where forwards stand above the spot.
    has_rates
        Whether the market has a rate curve, written in FRED layout; coin markets discount by nothing.
    simulated_from, end
        First session simulated, some months before the first that is written, and last one.
    jumps
        Log price moves that happen on a session beside the path's own.
    early_exercise
        Whether options are valued as American ones.
    """

    name: str
    symbol: str
    layout: VendorLayout
    calendar: str
    timezone: str
    roots: tuple[RootTerms, ...]
    default_start: dt.date
    seed: int
    path: PathParameters
    smile: SmileDynamics
    schedule: ExpirySchedule
    tiers: Mapping[ExpiryCycle, tuple[StrikeTier, ...]]
    spreads: SpreadParameters
    activity: ActivityParameters
    dividend_yield: float
    has_rates: bool
    dividends: tuple[CashDividend, ...]
    split: ShareSplit | None
    defects: tuple[PlantedDefect, ...]
    simulated_from: dt.date = SIMULATED_FROM
    end: dt.date = END
    jumps: tuple[tuple[dt.date, float], ...] = ()
    early_exercise: bool = False

    def start(self, full: bool) -> dt.date:
        return FULL_START if full else self.default_start
