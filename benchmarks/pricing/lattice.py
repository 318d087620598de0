"""American options: trees, cash dividends and implied volatility, against QuantLib on the same contracts.

QuantLib prices one contract after the other from Python; its process is made once and moved from contract to contract,
and what is timed is the calculation and the object of the contract.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import Figure, median_seconds
from engine.pricing.implied_volatility import implied_volatility
from engine.pricing.lattice.american_volatility import american_implied_volatility
from engine.pricing.lattice.cash_dividends import CashDividends, DividendModel, cash_dividend_price
from engine.pricing.lattice.leisen_reimer import leisen_reimer
from engine.pricing.lattice.premium_grid import ExpirySlices, chain_implied_volatility

Floats = NDArray[np.float64]
OPTIONS, THEIRS = 40_000, 400
SLICES, STRIKES = 400, 120
_SPOT, _RATE = 100.0, 0.045
_EX_DAYS = np.array([20, 111, 202, 293, 384, 475, 566, 657])
_CASH = 0.45


def run(work: Path) -> list[Figure]:
    """Each comparison in turn: a slice of ours, all of theirs, and again."""
    return [*_trees(), *_dividends(), *_volatilities()]


def _contracts(n: int, days: tuple[int, int]) -> tuple[Any, ...]:
    """Right, spot, strike, years, rate, yield and volatility of options as a chain lists them: by expiry and strike."""
    rng = np.random.default_rng(5)
    order = np.sort(rng.integers(*days, n))
    years = order / 365
    sigma = rng.uniform(0.15, 0.5, n)
    strike = _SPOT * np.exp(np.clip(rng.normal(0, 1, n), -2, 2) * sigma * np.sqrt(years))
    right = rng.integers(0, 2, n).astype(np.int8)
    by_strike = np.lexsort((strike, right, order))
    return (
        right[by_strike],
        np.full(n, _SPOT),
        strike[by_strike],
        years,
        np.full(n, _RATE),
        np.full(n, 0.013),
        sigma,
    )


class _QuantLib:
    """One process, moved from contract to contract."""

    def __init__(self) -> None:
        import QuantLib as ql

        self.ql, self.today = ql, ql.Date(15, 1, 2024)
        ql.Settings.instance().evaluationDate = self.today
        day = ql.Actual365Fixed()
        self.quotes = [ql.SimpleQuote(0.1) for _ in range(4)]
        spot, rate, dividend_yield, sigma = (ql.QuoteHandle(q) for q in self.quotes)
        self.process = ql.BlackScholesMertonProcess(
            spot,
            ql.YieldTermStructureHandle(ql.FlatForward(self.today, dividend_yield, day)),
            ql.YieldTermStructureHandle(ql.FlatForward(self.today, rate, day)),
            ql.BlackVolTermStructureHandle(ql.BlackConstantVol(self.today, ql.NullCalendar(), sigma, day)),
        )

    def values(self, contracts: tuple[Any, ...], engine: Any, greeks: bool = False) -> Floats:
        """Prices; with delta, gamma and theta asked for too, which the tree has made along with them."""
        ql, found = self.ql, []
        for right, spot, strike, years, rate, dividend_yield, sigma in zip(*contracts, strict=True):
            for quote, value in zip(self.quotes, (spot, rate, dividend_yield, sigma), strict=True):
                quote.setValue(value)
            kind = ql.Option.Put if right else ql.Option.Call
            exercise = ql.AmericanExercise(self.today, self.today + round(years * 365))
            option = ql.VanillaOption(ql.PlainVanillaPayoff(kind, strike), exercise)
            option.setPricingEngine(engine)
            found.append(option.NPV())
            if greeks:
                option.delta(), option.gamma(), option.theta()
        return np.array(found)


def _per_option(
    ours: Callable[[], object], n: int, theirs: Callable[[], object], m: int
) -> tuple[float, float]:
    """Median seconds an option, in turn: a busy machine slows both."""
    ours(), theirs()
    mine, others = [], []
    for _ in range(5):
        start = time.perf_counter()
        ours()
        middle = time.perf_counter()
        theirs()
        mine.append((middle - start) / n)
        others.append((time.perf_counter() - middle) / m)
    return float(np.median(mine)), float(np.median(others))


def _rms(error: Floats) -> float:
    return float(np.sqrt(np.mean((error / _SPOT) ** 2)))


def _trees() -> list[Figure]:
    peer, contracts = _QuantLib(), _contracts(OPTIONS, (10, 730))
    few = tuple(c[:: OPTIONS // THEIRS] for c in contracts)
    engine = peer.ql.BinomialLRVanillaEngine(peer.process, 101)
    truth = peer.values(
        few, peer.ql.QdFpAmericanEngine(peer.process, peer.ql.QdFpAmericanEngine.accurateScheme())
    )
    ours, theirs = _per_option(
        lambda: leisen_reimer(*contracts), OPTIONS, lambda: peer.values(few, engine, greeks=True), THEIRS
    )
    mine, other = _rms(leisen_reimer(*few).price - truth), _rms(peer.values(few, engine) - truth)
    return [
        Figure(
            "American options, Leisen-Reimer with 101 steps, delta, gamma, theta",
            f"{theirs / ours:.0f} x as fast as QuantLib's",
            ">= 60",
            f"{1e-6 / ours:.2f} M options/s against {1e-3 / theirs:.1f} k; rms error of spot {mine:.0e} "
            f"against {other:.0e}; one thread",
        )
    ]


def _dividends() -> list[Figure]:
    peer, contracts = _QuantLib(), list(_contracts(OPTIONS, (670, 730)))
    contracts[5] = np.zeros(OPTIONS)
    figures = []
    cash = CashDividends.same_for_all(OPTIONS, _EX_DAYS / 365, np.full(8, _CASH))
    grid = peer.ql.FdBlackScholesVanillaEngine
    schedule = [peer.ql.FixedDividend(_CASH, peer.today + int(d)) for d in _EX_DAYS]
    for model, named in ((DividendModel.ESCROWED, grid.Escrowed), (DividendModel.SPOT, grid.Spot)):
        few = tuple(c[:: OPTIONS // 40] for c in contracts)

        def engine(size: int, named: Any = named) -> Any:
            scheme = peer.ql.FdmSchemeDesc.Douglas()
            return grid(peer.process, schedule, size, size, 0, scheme, False, 0.0, named)

        truth = cash_dividend_price(
            *few, CashDividends.same_for_all(40, _EX_DAYS / 365, np.full(8, _CASH)), model, steps=2000
        ).price
        largest = float(np.max(np.abs(peer.values(few, engine(200)) - truth)) / _SPOT)
        ours, theirs = _per_option(
            lambda model=model: cash_dividend_price(*contracts, cash, model),
            OPTIONS,
            lambda few=few, engine=engine: peer.values(few, engine(100)),
            40,
        )
        of = CashDividends.same_for_all(40, _EX_DAYS / 365, np.full(8, _CASH))
        mine = _rms(cash_dividend_price(*few, of, model).price - truth)
        other = _rms(peer.values(few, engine(100)) - truth)
        figures.append(
            Figure(
                f"  eight cash dividends, {model.label} model, with delta, gamma, theta",
                f"{theirs / ours:.0f} x as fast as QuantLib's finite differences",
                ">= 100",
                f"{1e-3 / ours:.0f} k options/s against {1 / theirs:.0f}; rms error of spot {mine:.0e} "
                f"against {other:.0e} on its grid of 100 x 100; its 200 x 200 is within "
                f"{largest:.0e} of our 2,000 steps",
            )
        )
    return figures


def _volatilities() -> list[Figure]:
    rng = np.random.default_rng(6)
    years = np.exp(rng.uniform(np.log(10 / 365), np.log(2.0), SLICES))
    right = (np.arange(SLICES) % 2).astype(np.int8)
    flat = {name: np.full(SLICES, value) for name, value in (("s", _SPOT), ("r", _RATE), ("q", 0.013))}
    owner = np.repeat(np.arange(SLICES), STRIKES)
    x = np.tile(np.linspace(-2.5, 2.0, STRIKES), SLICES) * 0.25
    sigma = 0.24 - 0.05 * x + 0.08 * x**2 + rng.normal(0, 0.002, x.size)
    forward = _SPOT * np.exp((_RATE - 0.013) * years)
    strike = forward[owner] * np.exp(x * np.sqrt(years)[owner])
    terms = (right[owner], flat["s"][owner], strike, years[owner], flat["r"][owner], flat["q"][owner])
    price = leisen_reimer(*terms, sigma).price
    slices = ExpirySlices(np.arange(SLICES + 1) * STRIKES, right, flat["s"], years, flat["r"], flat["q"])
    n = strike.size
    quick, slow = _per_option(
        lambda: chain_implied_volatility(slices, strike, price),
        n,
        lambda: american_implied_volatility(*terms, price),
        n,
    )
    european = leisen_reimer(*terms, sigma).price
    whole = median_seconds(
        lambda: implied_volatility(
            terms[0], forward[owner], strike, terms[3], european * np.exp(_RATE * terms[3])
        ),
        5,
    )
    found, truth = chain_implied_volatility(slices, strike, price), american_implied_volatility(*terms, price)
    both = (found.status == 0) & (truth.status == 0)
    error = np.abs(found.sigma - truth.sigma)[both]
    return [
        Figure(
            f"  implied volatility and European price, {n:,} quotes in {SLICES} slices",
            f"{1e9 * quick:.0f} ns a quote",
            "",
            f"{1e9 * whole / n:.0f} ns for European ones, {1e9 * slow:.0f} ns by inverting the tree for each; off by "
            f"{np.max(error):.0e} at most and {np.quantile(error, 0.99):.0e} in 99 of 100",
        )
    ]
