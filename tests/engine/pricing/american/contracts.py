"""Random contracts on a strike of 100."""

import numpy as np


def contracts(count: int, seed: int = 1) -> tuple:
    """Right, spot, strike, years, rate, yield and volatility: a week to three years, spots to three deviations."""
    rng = np.random.default_rng(seed)
    right = rng.integers(0, 2, count)
    sigma = rng.uniform(0.08, 0.8, count)
    years = np.exp(rng.uniform(np.log(1 / 52), np.log(3.0), count))
    rate, dividend = rng.uniform(0.001, 0.1, count), rng.uniform(0.0, 0.1, count)
    spot = 100.0 * np.exp(np.clip(rng.normal(0.0, 1.0, count), -3, 3) * sigma * np.sqrt(years))
    return right, spot, np.full(count, 100.0), years, rate, dividend, sigma
