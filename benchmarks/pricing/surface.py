"""SVI fits of an index-like day against scipy's least squares on each expiry, on the same generated quotes."""

from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from benchmarks.measure import Figure, paired_seconds
from engine.pricing.surface.arbitrage import check_arbitrage
from engine.pricing.surface.svi import SviParameters, butterfly_density, total_variance
from engine.pricing.surface.svi_fit import fit_svi

Floats = NDArray[np.float64]
EXPIRIES = 48
GOAL_SECONDS = 0.050


def day(seed: int = 7) -> tuple[NDArray[np.int64], Floats, Floats, Floats, Floats]:
    """Offsets, years, log-moneyness, total variance and weights: from one day to five years, 100 to 200 strikes each,
    a smile that is no SVI, and noise of the size of the quotes' widths, which grow outwards."""
    rng = np.random.default_rng(seed)
    years = np.geomspace(1 / 365, 5.0, EXPIRIES)
    sizes = rng.integers(100, 201, EXPIRIES)
    k, w, weight = [], [], []
    for time, size in zip(years, sizes, strict=True):
        level = 0.12 + 0.02 * np.log1p(20 * time)
        z = np.sort(rng.uniform(-6.0, 3.0, size))  # in deviations
        sigma = level * (1.0 - 0.17 * z + 0.016 * z**2 + 0.05 * np.exp(-((z - 1.5) ** 2)))
        error = 0.001 + 0.0004 * z**2
        noisy = sigma + error * rng.normal(size=size)
        k.append(z * level * np.sqrt(time))
        w.append(noisy**2 * time)
        weight.append(1.0 / (2.0 * sigma * time * np.hypot(error, 0.002)))
    offset = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return offset, years, np.concatenate(k), np.concatenate(w), np.concatenate(weight)


def scipy_fits(offset: NDArray[np.int64], k: Floats, w: Floats, weight: Floats) -> Floats:
    """Raw SVI by scipy's trust region, robust, from a common start, inside the bounds of Lee; shape (n, 5)."""
    fits = []
    for start, stop in pairwise(offset):
        kj, wj, weightj = k[start:stop], w[start:stop], weight[start:stop]
        level = float(np.median(wj[np.argsort(np.abs(kj))[:5]]))
        deviation = np.sqrt(level)

        def residuals(p: Floats, kj: Floats = kj, wj: Floats = wj, weightj: Floats = weightj) -> Floats:
            x = kj - p[3]
            return np.asarray(weightj * (p[0] + p[1] * (p[2] * x + np.hypot(x, p[4])) - wj))

        found = least_squares(
            residuals,
            [0.5 * level, 0.3 * deviation, -0.4, 0.0, deviation],
            bounds=([-1.0, 0.0, -0.999, -3.0, 1e-4], [1.0, 2.0, 0.999, 3.0, 10.0]),
            loss="huber",
            f_scale=2.0,
            x_scale=[level, deviation, 1.0, deviation, deviation],
        )
        fits.append(found.x)
    return np.array(fits)


def run(work: Path) -> list[Figure]:
    """Both on the same quotes, in turn."""
    offset, years, k, w, weight = day()
    mine = fit_svi(offset, years, k, w, weight)
    theirs = SviParameters.from_rows(scipy_fits(offset, k, w, weight))
    ours, peer = paired_seconds(
        lambda: fit_svi(offset, years, k, w, weight), lambda: scipy_fits(offset, k, w, weight), 5
    )
    following = day(seed=8)  # the same smiles, other strikes and other noise
    cold, warm = paired_seconds(
        lambda: fit_svi(*following), lambda: fit_svi(*following, warm=mine.parameters), 5
    )
    expiry = np.repeat(np.arange(EXPIRIES), np.diff(offset))

    def points(p: SviParameters) -> float:
        error = np.sqrt(np.maximum(total_variance(k, p.at(expiry)), 0.0) / years[expiry]) - np.sqrt(
            w / years[expiry]
        )
        return float(100.0 * np.sqrt(np.mean(error**2)))

    grid = np.linspace(-3.0, 3.0, 2001)
    with_butterflies = sum(
        bool(np.nanmin(butterfly_density(grid, theirs.at(j))) < 0) for j in range(EXPIRIES)
    )
    report = check_arbitrage(mine.parameters)
    free = "free of arbitrage" if report.butterfly_free and report.calendar_free else "WITH ARBITRAGE"
    return [
        Figure(
            f"SVI of a day of {EXPIRIES} expiries, {k.size:,} quotes",
            f"{1e3 * ours:.0f} ms",
            f"< {1e3 * GOAL_SECONDS:.0f} ms",
            f"one thread; {free}; rms {points(mine.parameters):.2f} vol points",
        ),
        Figure(
            "  started from the day before",
            f"{1e3 * warm:.0f} ms",
            "",
            f"{cold / warm:.1f} x as fast as without",
        ),
        Figure(
            "  against scipy least_squares per expiry",
            f"{peer / ours:.0f} x as fast",
            "",
            f"scipy {1e3 * peer:.0f} ms, without constraints; rms {points(theirs):.2f}; butterfly arbitrage in "
            f"{with_butterflies} expiries",
        ),
    ]
