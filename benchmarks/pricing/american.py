"""American prices by the fixed point against QuantLib's engine of the same method, on the same random contracts."""

from pathlib import Path
from typing import Any

import numpy as np
import QuantLib as ql
from numpy.typing import NDArray

from benchmarks.measure import Figure, paired_seconds
from engine.pricing.american.andersen_lake import Accuracy, american_price

Floats = NDArray[np.float64]
CONTRACTS = 20_000
#: QuantLib's high precision scheme takes about 20 ms a contract
JUDGED = 400


def contracts(seed: int = 21) -> tuple[NDArray[np.int8], Floats, Floats, Floats, Floats, Floats, Floats]:
    """Right, spot, strike, years, rate, yield and volatility: a week to three years, within three deviations."""
    rng = np.random.default_rng(seed)
    right = rng.integers(0, 2, CONTRACTS).astype(np.int8)
    sigma = rng.uniform(0.08, 0.8, CONTRACTS)
    years = np.exp(rng.uniform(np.log(1 / 52), np.log(3.0), CONTRACTS))
    rate, dividend = rng.uniform(0.001, 0.1, CONTRACTS), rng.uniform(0.001, 0.1, CONTRACTS)
    spot = 100.0 * np.exp(np.clip(rng.normal(0, 1, CONTRACTS), -3, 3) * sigma * np.sqrt(years))
    return right, spot, np.full(CONTRACTS, 100.0), years, rate, dividend, sigma


class QuantLib:
    """Its engine with everything built before the clock runs: quotes are set in place, and one year to expiry carries
    volatility, rate and yield scaled to it."""

    def __init__(self, terms: tuple[Any, ...], scheme: Any) -> None:
        right, spot, strike, years, rate, dividend, sigma = terms
        today, count = ql.Date(1, 1, 2024), ql.Actual365Fixed()
        ql.Settings.instance().evaluationDate = today
        self.quotes = [ql.SimpleQuote(1.0) for _ in range(4)]
        s, r, q, v = (ql.QuoteHandle(x) for x in self.quotes)
        process = ql.BlackScholesMertonProcess(
            s,
            ql.YieldTermStructureHandle(ql.FlatForward(today, q, count)),
            ql.YieldTermStructureHandle(ql.FlatForward(today, r, count)),
            ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), v, count)),
        )
        engine, exercise = ql.QdFpAmericanEngine(process, scheme), ql.AmericanExercise(today, today + 365)
        # one strike: two options serve all contracts, and nothing but setting quotes and pricing is measured
        assert np.all(strike == strike[0])
        self.options = []
        for kind in (ql.Option.Call, ql.Option.Put):
            option = ql.VanillaOption(ql.PlainVanillaPayoff(kind, float(strike[0])), exercise)
            option.setPricingEngine(engine)
            self.options.append(option)
        scaled = (right, spot, rate * years, dividend * years, sigma * np.sqrt(years))
        self.terms = list(zip(*(x.tolist() for x in scaled), strict=True))

    def prices(self) -> Floats:
        """All of them, one after another."""
        s, r, q, v = self.quotes
        out = np.empty(len(self.terms))
        for i, (right, spot, rate, dividend, sigma) in enumerate(self.terms):
            s.setValue(spot)
            r.setValue(rate)
            q.setValue(dividend)
            v.setValue(sigma)
            out[i] = self.options[right].NPV()
        return out


def errors(prices: Floats, truth: Floats) -> str:
    """Against the truth, on a strike of 100."""
    off = np.abs(prices[:JUDGED] - truth)
    return f"error {np.sqrt(np.mean(off**2)):.0e} (root mean square), {np.max(off):.0e} at most"


def run(work: Path) -> list[Figure]:
    """Each setting and QuantLib's fast scheme in turn, and both judged by QuantLib's high precision scheme."""
    terms = contracts()
    peer = QuantLib(terms, ql.QdFpAmericanEngine.fastScheme())
    truth = QuantLib(tuple(x[:JUDGED] for x in terms), ql.QdFpAmericanEngine.highPrecisionScheme()).prices()
    theirs = errors(peer.prices(), truth)
    figures = []
    for accuracy, goal in ((Accuracy.FAST, "10 x"), (Accuracy.ACCURATE, "3 x"), (Accuracy.HIGH, "")):
        ours, seconds = paired_seconds(lambda a=accuracy: american_price(*terms, a), peer.prices, 5)  # type: ignore[misc]
        name = accuracy.name.lower()
        figures += [
            Figure(
                f"American price, {name}, one thread",
                f"{1e6 * ours / CONTRACTS:.2f} µs a contract",
                "",
                errors(american_price(*terms, accuracy).price, truth),
            ),
            Figure(
                "  against QuantLib's QdFp, fast scheme",
                f"{seconds / ours:.1f} x as fast",
                goal,
                f"QuantLib {1e6 * seconds / CONTRACTS:.1f} µs a contract; {theirs}",
            ),
        ]
    return figures
