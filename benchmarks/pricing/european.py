"""Implied volatilities and Greeks of European quotes against a vectorised Newton iteration in numpy.

py_vollib_vectorized, the usual choice, only installs with versions of numba that do not run here; a numpy Newton that
does no more than it must stands in for it. Both get the same quotes, and errors are measured on a sample of them that
was priced to 40 digits.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from benchmarks.measure import Figure, child_environment, command_seconds, median_seconds, paired_seconds
from engine.pricing.black import black_price
from engine.pricing.greeks import greek_loop, implied_rates
from engine.pricing.implied_volatility import implied_volatility, solve

Floats = NDArray[np.float64]
QUOTES = 1_000_000
PRICED_EXACTLY = 3_000
NEWTON_STEPS = 30
RATE = 0.04


def quotes(seed: int = 11) -> tuple[NDArray[np.int8], Floats, Floats, Floats, Floats, Floats]:
    """Right, forward, strike, years, price and true volatility: what a venue quotes, from a day to two years.

    Out of the money, where volatility is taken from, within four standard deviations.
    """
    rng = np.random.default_rng(seed)
    years = np.exp(rng.uniform(np.log(1 / 365), np.log(2.0), QUOTES))
    sigma = rng.uniform(0.08, 0.9, QUOTES)
    forward = np.full(QUOTES, 4_000.0)
    strike = forward * np.exp(np.clip(rng.normal(0, 1.2, QUOTES), -4, 4) * sigma * np.sqrt(years))
    right = (strike < forward).astype(np.int8)
    return right, forward, strike, years, black_price(right, forward, strike, years, sigma), sigma


def newton(right: NDArray[np.int8], f: Floats, k: Floats, t: Floats, price: Floats) -> Floats:
    """Textbook Newton in total volatility on all quotes at once, from the inflection point of the price."""
    x = np.log(f / k)
    sign = np.where(right == 0, 1.0, -1.0)
    s = np.maximum(np.sqrt(2.0 * np.abs(x)), 0.01)
    for _ in range(NEWTON_STEPS):
        d1 = x / s + 0.5 * s
        value = sign * (f * ndtr(sign * d1) - k * ndtr(sign * (d1 - s)))
        vega = f * np.exp(-0.5 * d1 * d1) * 0.3989422804014327
        step = (value - price) / np.maximum(vega, 1e-12)
        s = np.clip(s - step, 1e-6, 10.0)
        if np.max(np.abs(step)) < 1e-10:
            break
    return s / np.sqrt(t)


def newton_greeks(right: NDArray[np.int8], f: Floats, k: Floats, t: Floats, price: Floats) -> list[Floats]:
    """The same and five Greeks from it, written out once more: the peer owes nothing to the engine."""
    sigma = newton(right, f, k, t, price)
    s = sigma * np.sqrt(t)
    d1 = np.log(f / k) / s + 0.5 * s
    sign = np.where(right == 0, 1.0, -1.0)
    d = np.exp(-RATE * t)
    density = np.exp(-0.5 * d1 * d1) * 0.3989422804014327
    exposure = sign * ndtr(sign * d1) * d * f
    theta = RATE * d * price - 0.5 * d * f * density * sigma / np.sqrt(t)
    rho = t * (exposure - d * price)
    return [
        sigma,
        exposure / f,
        d * density / (f * s),
        0.01 * d * f * density * np.sqrt(t),
        theta / 365,
        0.01 * rho,
    ]


def run(work: Path) -> list[Figure]:
    """Both on the same prices, in turn."""
    right, f, k, t, price, truth = quotes()
    n = right.size
    sigma, status = np.empty(n), np.empty(n, dtype=np.int8)
    greeks = [np.empty(n) for _ in range(5)]
    discount = np.exp(-RATE * t)
    rate, carry = implied_rates(f, f, discount, t)

    def volatilities(a: int, b: int) -> None:
        solve(right[a:b], f[a:b], k[a:b], t[a:b], price[a:b], sigma[a:b], status[a:b])

    def with_greeks(a: int, b: int) -> None:
        volatilities(a, b)
        columns = (f, f, discount, k, t, sigma, price, rate, carry, *greeks)
        greek_loop(right[a:b], *(c[a:b] for c in columns))

    ours, peer = paired_seconds(lambda: volatilities(0, n), lambda: newton(right, f, k, t, price), 5)
    both, both_peer = paired_seconds(
        lambda: with_greeks(0, n), lambda: newton_greeks(right, f, k, t, price), 5
    )
    for mine, theirs in zip([sigma, *greeks], newton_greeks(right, f, k, t, price), strict=True):
        close = np.abs(mine - theirs) <= 1e-6 * np.maximum(np.abs(theirs), 1e-3)
        assert close.mean() > 0.99, "peer and engine disagree"
    assert np.max(np.abs(sigma - truth)) < 1e-12
    with ThreadPoolExecutor(2) as pool:
        one, two = paired_seconds(lambda: with_greeks(0, n), lambda: halves(pool, with_greeks, n), 5)
    error, theirs = errors(right, f, k, t, truth)
    whole = median_seconds(lambda: implied_volatility(right, f, k, t, price), 3)
    return [
        Figure(
            f"implied volatility of {n:,} quotes",
            f"{n / ours / 1e6:.1f} M/s",
            "",
            f"{1e9 * ours / n:.0f} ns a quote; with checks of the arguments {1e9 * whole / n:.0f}",
        ),
        Figure(
            "  largest error",
            f"{error:.0e}",
            "<= 1e-12",
            f"of {PRICED_EXACTLY:,} volatilities whose prices were made to 40 digits; Newton {theirs:.0e}",
        ),
        Figure(
            "  against numpy Newton", f"{peer / ours:.1f} x", ">= 12 x", f"Newton {n / peer / 1e6:.2f} M/s"
        ),
        Figure(
            "  with five Greeks, against numpy",
            f"{both_peer / both:.1f} x",
            "",
            f"{n / both / 1e6:.1f} M/s against {n / both_peer / 1e6:.2f}; the goal of 30 x is on a peer of 0.6 M/s: "
            f"{n / both / 0.6e6:.0f} x that",
        ),
        cold_start(work),
        Figure("  two threads", f"{one / two:.2f} x one", ">= 1.7 x", f"{n / two / 1e6:.1f} M/s with Greeks"),
    ]


def cold_start(work: Path) -> Figure:
    """A new process that prices one option: without compiled code of an earlier one, and with it."""
    program = "from engine.pricing.black import black_price; black_price(0, 100.0, 105.0, 0.5, 0.2)"
    environment = child_environment(work / "cold", NUMBA_CACHE_DIR=str(work / "compiled"))
    first = command_seconds(["-c", program], environment)
    later = min(command_seconds(["-c", program], environment) for _ in range(3))
    return Figure(
        "  first price in a new process",
        f"{later.wall:.2f} s",
        "< 1.5 s",
        f"processor {later.processor:.2f} s; {first.wall:.1f} s where nothing is compiled yet",
    )


def halves(pool: ThreadPoolExecutor, work: Callable[[int, int], None], n: int) -> None:
    """The two halves of the work at the same time."""
    list(pool.map(work, (0, n // 2), (n // 2, n)))


def errors(right: NDArray[np.int8], f: Floats, k: Floats, t: Floats, truth: Floats) -> tuple[float, float]:
    """Largest errors of ours and of the peer where the price is exact."""
    import mpmath

    some = slice(0, PRICED_EXACTLY)
    exact = np.empty(PRICED_EXACTLY)
    with mpmath.workdps(40):
        for i in range(PRICED_EXACTLY):
            forward, strike = mpmath.mpf(f[i]), mpmath.mpf(k[i])
            s = mpmath.mpf(truth[i]) * mpmath.sqrt(mpmath.mpf(t[i]))
            d1 = mpmath.log(forward / strike) / s + s / 2
            sign = 1 if right[i] == 0 else -1
            exact[i] = float(
                sign * (forward * mpmath.ncdf(sign * d1) - strike * mpmath.ncdf(sign * (d1 - s)))
            )
    ours = implied_volatility(right[some], f[some], k[some], t[some], exact).sigma
    theirs = newton(right[some], f[some], k[some], t[some], exact)
    return float(np.max(np.abs(ours - truth[some]))), float(np.max(np.abs(theirs - truth[some])))
