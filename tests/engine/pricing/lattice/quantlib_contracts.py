"""Random contracts, and what QuantLib says about them."""

from dataclasses import dataclass

import numpy as np
import QuantLib as ql

TODAY = ql.Date(15, 1, 2024)
DAY_COUNT = ql.Actual365Fixed()


@dataclass(frozen=True)
class Contracts:
    """Arrays of one length; times are whole days, as QuantLib counts them."""

    right: np.ndarray
    spot: np.ndarray
    strike: np.ndarray
    year_fraction: np.ndarray
    rate: np.ndarray
    dividend_yield: np.ndarray
    sigma: np.ndarray

    @property
    def columns(self) -> tuple[np.ndarray, ...]:
        return (
            self.right,
            self.spot,
            self.strike,
            self.year_fraction,
            self.rate,
            self.dividend_yield,
            self.sigma,
        )

    def first(self, n: int) -> "Contracts":
        return Contracts(*(c[:n] for c in self.columns))


def random_contracts(n: int, seed: int, rates: tuple[float, float] = (0.0, 0.1)) -> Contracts:
    rng = np.random.default_rng(seed)
    days = np.rint(np.exp(rng.uniform(np.log(7), np.log(3 * 365), n)))
    years = days / 365
    sigma = rng.uniform(0.08, 0.8, n)
    spot = rng.uniform(20.0, 500.0, n)
    strike = spot * np.exp(np.clip(rng.normal(0, 1, n), -2.5, 2.5) * sigma * np.sqrt(years))
    right = rng.integers(0, 2, n).astype(np.int8)
    return Contracts(right, spot, strike, years, rng.uniform(*rates, n), rng.uniform(*rates, n), sigma)


class Market:
    """One Black-Scholes process whose quotes are moved from contract to contract."""

    def __init__(self) -> None:
        ql.Settings.instance().evaluationDate = TODAY
        self.spot, self.rate, self.dividend_yield, self.sigma = (ql.SimpleQuote(0.1) for _ in range(4))
        self.process = ql.BlackScholesMertonProcess(
            ql.QuoteHandle(self.spot),
            ql.YieldTermStructureHandle(
                ql.FlatForward(TODAY, ql.QuoteHandle(self.dividend_yield), DAY_COUNT)
            ),
            ql.YieldTermStructureHandle(ql.FlatForward(TODAY, ql.QuoteHandle(self.rate), DAY_COUNT)),
            ql.BlackVolTermStructureHandle(
                ql.BlackConstantVol(TODAY, ql.NullCalendar(), ql.QuoteHandle(self.sigma), DAY_COUNT)
            ),
        )

    def option(self, contracts: Contracts, i: int) -> ql.VanillaOption:
        self.spot.setValue(contracts.spot[i])
        self.rate.setValue(contracts.rate[i])
        self.dividend_yield.setValue(contracts.dividend_yield[i])
        self.sigma.setValue(contracts.sigma[i])
        kind = ql.Option.Put if contracts.right[i] else ql.Option.Call
        expiry = TODAY + round(contracts.year_fraction[i] * 365)
        return ql.VanillaOption(
            ql.PlainVanillaPayoff(kind, contracts.strike[i]), ql.AmericanExercise(TODAY, expiry)
        )

    def prices(self, contracts: Contracts, engine) -> np.ndarray:
        found = np.empty(contracts.spot.size)
        for i in range(found.size):
            option = self.option(contracts, i)
            option.setPricingEngine(engine)
            found[i] = option.NPV()
        return found

    def fixed_point(self, contracts: Contracts) -> np.ndarray:
        """By QuantLib's QD+ fixed point in its accurate scheme, which is good to about 1e-8 of the strike."""
        scheme = ql.QdFpAmericanEngine.accurateScheme()
        return self.prices(contracts, ql.QdFpAmericanEngine(self.process, scheme))
