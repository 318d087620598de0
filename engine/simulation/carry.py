"""Forwards and discount factors under a known rate curve and known dividends."""

from dataclasses import dataclass

import numpy as np

from engine.simulation.bridge import FloatArray


@dataclass(frozen=True, slots=True)
class Carry:
    """What holding the underlying costs and pays, as known on one day.

    Attributes
    ----------
    tenor_years, zero_rate : float64[k]
        Continuously compounded zero rates (act/365); flat beyond both ends.
    dividend_yield
        Continuous; negative for a coin whose futures trade above the spot.
    ex_years, cash_dividend : float64[m]
        Discrete dividends per share that are still to come: years until each ex-date, and the cash.
    """

    tenor_years: FloatArray
    zero_rate: FloatArray
    dividend_yield: float
    ex_years: FloatArray
    cash_dividend: FloatArray


def forwards(spot: float, years: FloatArray, carry: Carry) -> tuple[FloatArray, FloatArray]:
    """Forward prices and discount factors by maturity.

    ``F = (S - sum PV(dividends before T)) exp((r - q) T)`` with all dividends certain (the escrowed view:
    Hull, Options, Futures, and Other Derivatives, 9th edition, chapter 5.5-5.6).

    Parameters
    ----------
    years : float64[n]
        Time to settlement; the discount of a time below zero is 1.

    Returns
    -------
    (forward, discount) : float64[n] each
    """
    time = np.maximum(years, 0.0)
    rate = np.interp(time, carry.tenor_years, carry.zero_rate)
    discount = np.exp(-rate * time)
    ex_discount = np.exp(-np.interp(carry.ex_years, carry.tenor_years, carry.zero_rate) * carry.ex_years)
    leaves_before = carry.ex_years[None, :] <= time[:, None]
    escrowed = leaves_before @ (carry.cash_dividend * ex_discount)
    return (spot - escrowed) * np.exp(-carry.dividend_yield * time) / discount, discount
