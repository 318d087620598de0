"""QuantLib's American engines on arrays: one process whose quotes are set in place, one year to expiry, and
volatility, rate and yield scaled to it."""

import numpy as np
import QuantLib as ql

from tests.engine.pricing.quantlib_process import TODAY, process_and_quotes

QD_FP = ql.QdFpAmericanEngine


def scheme(name: str):
    """The engine of Andersen, Lake and Offengenden's method in one of QuantLib's schemes."""
    make = {"fast": QD_FP.fastScheme, "accurate": QD_FP.accurateScheme, "high": QD_FP.highPrecisionScheme}[
        name
    ]
    return lambda process: QD_FP(process, make())


def prices(engine, right, spot, strike, years, rate, dividend, sigma) -> np.ndarray:
    """Prices, one contract after another."""
    process, quotes = process_and_quotes()
    pricer, exercise = engine(process), ql.AmericanExercise(TODAY, TODAY + 365)
    terms = np.broadcast_arrays(
        *np.atleast_1d(right, spot, strike, rate * years, dividend * years, sigma * np.sqrt(years))
    )
    out = np.empty(terms[0].size)
    for i, (code, *values) in enumerate(zip(*(t.tolist() for t in terms), strict=True)):
        option = ql.VanillaOption(
            ql.PlainVanillaPayoff(ql.Option.Put if code else ql.Option.Call, values[1]), exercise
        )
        option.setPricingEngine(pricer)
        for quote, value in zip(quotes, (values[0], *values[2:]), strict=True):
            quote.setValue(value)
        out[i] = option.NPV()
    return out
