"""How much is quoted, traded and held: sizes, volumes, open interest, last trades."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.simulation.bridge import FloatArray
from engine.simulation.listing import ContractTable, IntArray

#: sessions over which open interest fills up
OPEN_INTEREST_SESSIONS = 20.0


@dataclass(frozen=True, slots=True)
class ActivityParameters:
    """Scales of activity.

    Attributes
    ----------
    open_interest, volume
        Contracts of a typical at-the-money contract: held when mature, and traded in a session.
    strike_width
        Log distance from the spot over which open interest falls by 1/e.
    quote_size
        Median size of a bid or an ask, in contracts.
    contract_unit
        Smallest amount that trades: 1 contract on exchanges, 0.1 on coin venues.
    """

    open_interest: float
    volume: float
    strike_width: float
    quote_size: float
    contract_unit: float


def popularity(count: int, rng: np.random.Generator) -> FloatArray:
    """How liked each contract is for its whole life, log-normal: float64[count, 2] (call, put)."""
    result: FloatArray = np.exp(0.7 * rng.standard_normal((count, 2)))
    return result


def mature_open_interest(
    contracts: ContractTable, listing_spot: FloatArray, liked: FloatArray, p: ActivityParameters
) -> FloatArray:
    """Contracts held once mature, on the contract basis of the listing day: float64[contracts, 2].

    Out-of-the-money options are held more than in-the-money ones.
    """
    distance = np.log(contracts.strike / listing_spot)
    near = np.exp(-((distance / p.strike_width) ** 2)) + 0.05
    out_of_the_money = np.stack([distance > 0, distance < 0], axis=1)
    result: FloatArray = p.open_interest * near[:, None] * liked * np.where(out_of_the_money, 1.0, 0.35)
    return result


def open_interest_on(
    mature: FloatArray, age_sessions: IntArray, splits_into: FloatArray, noise: FloatArray, unit: float
) -> FloatArray:
    """Open interest on a day, in contracts of that day: grows with age, moves by half a percent."""
    grown = mature * -np.expm1(-age_sessions / OPEN_INTEREST_SESSIONS)
    held = np.rint(np.maximum(grown * (1.0 + 0.005 * noise), 0.0) / unit) * unit
    return np.round(held * splits_into, 6)


def draw_volumes(
    liked: FloatArray,
    standard_moneyness: FloatArray,
    years: FloatArray,
    p: ActivityParameters,
    rng: np.random.Generator,
) -> FloatArray:
    """Contracts traded in a session: Poisson with a gamma intensity, most at the money and near expiry."""
    nearness = np.exp(-np.maximum(years, 0.0) * 365.0 / 30.0) + 0.15
    mean = p.volume * liked * np.exp(-0.5 * (standard_moneyness / 1.2) ** 2) * nearness
    intensity = rng.standard_gamma(1.5, len(mean)) / 1.5
    drawn: FloatArray = np.round(rng.poisson(mean * intensity / p.contract_unit) * p.contract_unit, 6)
    return drawn


def draw_sizes(present: NDArray[np.bool_], p: ActivityParameters, rng: np.random.Generator) -> FloatArray:
    """Size at a quote in contracts, at least one unit; 0 where there is no quote."""
    drawn = np.ceil(p.quote_size * np.exp(0.9 * rng.standard_normal(len(present)))) * p.contract_unit
    return np.where(present, drawn, 0.0)


def draw_trade_times_us(
    volume: FloatArray, open_us: int, close_us: int, unit: float, rng: np.random.Generator
) -> IntArray:
    """When each contract traded last, in whole seconds: within the session, later the more it trades.

    Microseconds on the clock of ``open_us`` and ``close_us``.
    """
    trades = np.maximum(volume / unit, 1.0)
    # the largest of n uniforms is U^(1/n)
    share = rng.random(len(volume)) ** (1.0 / trades)
    seconds = np.floor(share * ((close_us - open_us) // 1_000_000 - 1)).astype(np.int64)
    result: IntArray = open_us + seconds * 1_000_000
    return result
