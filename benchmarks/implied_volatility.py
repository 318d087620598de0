"""Implied volatilities against a vectorised Newton iteration in numpy, on the same generated quotes."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from benchmarks.measure import Figure, paired_seconds
from engine.pricing.implied_volatility import implied_volatility

Floats = NDArray[np.float64]
QUOTES = 200_000
NEWTON_STEPS = 30


def quotes(seed: int = 11) -> tuple[NDArray[np.int8], Floats, Floats, Floats, Floats, Floats]:
    """Right, forward, strike, years, price and true volatility: a smile from a day to two years, calls and puts."""
    rng = np.random.default_rng(seed)
    right = rng.integers(0, 2, QUOTES).astype(np.int8)
    years = np.exp(rng.uniform(np.log(1 / 365), np.log(2.0), QUOTES))
    sigma = rng.uniform(0.08, 0.9, QUOTES)
    # within four standard deviations of the money, as venues list
    forward = np.full(QUOTES, 4_000.0)
    strike = forward * np.exp(np.clip(rng.normal(0, 1.2, QUOTES), -4, 4) * sigma * np.sqrt(years))
    return right, forward, strike, years, black(right, forward, strike, years, sigma), sigma


def black(right: NDArray[np.int8], f: Floats, k: Floats, t: Floats, sigma: Floats) -> Floats:
    """Undiscounted Black price, written for this benchmark: the peer and the truth owe nothing to the engine."""
    s = sigma * np.sqrt(t)
    d1 = np.log(f / k) / s + 0.5 * s
    sign = np.where(right == 0, 1.0, -1.0)
    price: Floats = sign * (f * ndtr(sign * d1) - k * ndtr(sign * (d1 - s)))
    return price


def newton(right: NDArray[np.int8], f: Floats, k: Floats, t: Floats, price: Floats) -> Floats:
    """Textbook Newton on all quotes at once, from the inflection point sqrt(2 |ln F/K| / T), at least 0.1."""
    sigma = np.maximum(np.sqrt(2.0 * np.abs(np.log(f / k)) / t), 0.1)
    for _ in range(NEWTON_STEPS):
        s = sigma * np.sqrt(t)
        d1 = np.log(f / k) / s + 0.5 * s
        vega = f * np.exp(-0.5 * d1 * d1) / np.sqrt(2.0 * np.pi) * np.sqrt(t)
        step = (black(right, f, k, t, sigma) - price) / np.maximum(vega, 1e-12)
        sigma = np.clip(sigma - step, 1e-4, 5.0)
        if np.max(np.abs(step)) < 1e-12:
            break
    return sigma


def run(work: Path) -> list[Figure]:
    """Both on the same prices, in turn."""
    right, f, k, t, price, truth = quotes()
    ours, peer = paired_seconds(
        lambda: implied_volatility(right, f, k, t, price), lambda: newton(right, f, k, t, price), 5
    )
    # only prices whose time value carries enough digits determine a volatility at all
    intrinsic = np.maximum(np.where(right == 0, f - k, k - f), 0.0)
    clear = price - intrinsic > 1e-6 * price
    mine = np.abs(implied_volatility(right, f, k, t, price).sigma - truth)[clear]
    theirs = np.abs(newton(right, f, k, t, price) - truth)[clear]
    return [
        Figure(
            f"implied volatility of {QUOTES:,} quotes",
            f"{1e9 * ours / QUOTES:.0f} ns a quote",
            "",
            f"largest error {np.nanmax(mine):.0e}, unsolved {np.isnan(mine).mean():.2%}",
        ),
        Figure(
            "  against numpy Newton",
            f"{peer / ours:.1f} x as fast",
            "",
            f"Newton {1e9 * peer / QUOTES:.0f} ns a quote; off by more than 1e-6: {(~(theirs < 1e-6)).mean():.2%} of "
            f"its quotes, {(~(mine < 1e-6)).mean():.2%} of ours",
        ),
    ]
