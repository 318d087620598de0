"""Digital payoffs and the deltas that markets quote: 100,000 random contracts each against QuantLib."""

import numpy as np
import pytest
import QuantLib as ql

from engine.pricing.delta_conventions import DeltaConvention, delta
from engine.pricing.digital import asset_or_nothing, cash_or_nothing
from tests.engine.pricing.quantlib_process import TODAY, process_and_quotes

N, FEW = 100_000, 10_000
LEAST_YEARS, LEAST_SIGMA = 1e-3, 0.02
#: what an ulp of forward over strike is in d1 where it is most: that over sigma sqrt(T), 3.5e-13
ULP_OF_D1 = float(np.finfo(np.float64).eps) / (LEAST_SIGMA * LEAST_YEARS**0.5)
SIDES = (ql.Option.Call, ql.Option.Put)


@pytest.fixture(scope="module")
def contracts():
    """Right, spot, forward, discount, strike, years and volatility: strikes to five deviations."""
    rng = np.random.default_rng(101)
    right = rng.integers(0, 2, N).astype(np.int8)
    spot = np.exp(rng.uniform(0, 8, N))
    years = np.exp(rng.uniform(np.log(LEAST_YEARS), np.log(10), N))
    sigma = np.exp(rng.uniform(np.log(LEAST_SIGMA), np.log(2), N))
    forward = spot * np.exp(rng.uniform(-0.1, 0.1, N) * years)
    discount = np.exp(-rng.uniform(-0.02, 0.12, N) * years)
    strike = forward * np.exp(rng.uniform(-5, 5, N) * sigma * np.sqrt(years))
    return right, spot, forward, discount, strike, years, sigma


@pytest.mark.parametrize(
    ("ours", "payoff", "in_forwards"),
    [
        (cash_or_nothing, lambda side, strike: ql.CashOrNothingPayoff(side, strike, 1.0), False),
        (asset_or_nothing, ql.AssetOrNothingPayoff, True),
    ],
    ids=["cash", "asset"],
)
def test_digitals_are_those_of_quantlib(ours, payoff, in_forwards, contracts):
    """Against the calculator inside QuantLib's AnalyticEuropeanEngine; each derivative in units of the payoff and of
    the distance in which it changes, ``F sigma sqrt(T)``."""
    right, _, forward, _, strike, years, sigma = contracts
    deviation = sigma * np.sqrt(years)
    theirs = np.empty((4, N))
    columns = (right, forward, strike, years, deviation)
    for i, (side, f, k, t, s) in enumerate(zip(*(c.tolist() for c in columns), strict=True)):
        c = ql.BlackCalculator(payoff(SIDES[side], k), f, s, 1.0)
        theirs[:, i] = c.value(), c.deltaForward(), c.gammaForward(), c.vega(t)
    found = ours(right, forward, strike, years, sigma)
    paid = forward if in_forwards else np.ones(N)
    for name, reference, scale in (
        ("price", theirs[0], paid),
        ("delta", theirs[1], paid / (forward * deviation)),
        ("gamma", theirs[2], paid / (forward * deviation) ** 2),
        ("vega", theirs[3], paid / sigma),
    ):
        assert np.max(np.abs(getattr(found, name) - reference) / scale) < ULP_OF_D1, name
        assert np.median(np.abs(reference) / scale) > 1e-3, name


def test_digitals_through_quantlib_s_engine(contracts):
    """Some of them the whole way, with dates, curves and a process, of which the calculator is told nothing: one
    year, and volatility and rates scaled to it."""
    right, spot, forward, discount, strike, years, sigma = (c[:FEW] for c in contracts)
    process, quotes = process_and_quotes()
    engine, exercise = ql.AnalyticEuropeanEngine(process), ql.EuropeanExercise(TODAY + 365)
    rates = -np.log(discount)
    columns = (right, strike, spot, rates, rates - np.log(forward / spot), sigma * np.sqrt(years))
    theirs = np.empty((2, FEW))
    for i, (side, k, *values) in enumerate(zip(*(c.tolist() for c in columns), strict=True)):
        for quote, value in zip(quotes, values, strict=True):
            quote.setValue(value)
        for row, payoff in enumerate(
            (ql.CashOrNothingPayoff(SIDES[side], k, 1.0), ql.AssetOrNothingPayoff(SIDES[side], k))
        ):
            option = ql.VanillaOption(payoff, exercise)
            option.setPricingEngine(engine)
            theirs[row, i] = option.NPV()
    terms = (right, forward, strike, years, sigma)
    # forward and discount, put together from rates, are each off by an ulp or two
    cash, asset = discount * cash_or_nothing(*terms).price, discount * asset_or_nothing(*terms).price
    assert np.max(np.abs(cash - theirs[0]) / discount) < 4 * ULP_OF_D1
    assert np.max(np.abs(asset - theirs[1]) / (discount * forward)) < 4 * ULP_OF_D1


@pytest.mark.parametrize(
    ("convention", "quoted"),
    [
        (DeltaConvention.SPOT, ql.DeltaVolQuote.Spot),
        (DeltaConvention.FORWARD, ql.DeltaVolQuote.Fwd),
        (DeltaConvention.SPOT_PREMIUM_ADJUSTED, ql.DeltaVolQuote.PaSpot),
        (DeltaConvention.FORWARD_PREMIUM_ADJUSTED, ql.DeltaVolQuote.PaFwd),
    ],
)
def test_deltas_in_every_convention_are_those_of_quantlib(convention, quoted, contracts):
    """On the spot they are in units of ``D F / S``; those adjusted by the premium of puts go up to the strike in
    forwards, which is what they are then measured by."""
    right, spot, forward, discount, strike, years, sigma = contracts
    asset = discount * forward / spot
    columns = (right, spot, discount, asset, sigma * np.sqrt(years), strike)
    theirs = np.array(
        [
            ql.BlackDeltaCalculator(SIDES[side], quoted, s, d, carried, deviation).deltaFromStrike(k)
            for side, s, d, carried, deviation, k in zip(*(c.tolist() for c in columns), strict=True)
        ]
    )
    scale = np.ones(N) if quoted in (ql.DeltaVolQuote.Fwd, ql.DeltaVolQuote.PaFwd) else asset
    if quoted in (ql.DeltaVolQuote.PaSpot, ql.DeltaVolQuote.PaFwd):
        scale = scale * np.maximum(1.0, strike / forward)
    error = np.abs(delta(convention, *contracts) - theirs) / scale
    # QuantLib puts the forward together from spot and two discounts
    assert np.max(error) < 2 * ULP_OF_D1
    assert np.median(np.abs(theirs) / scale) > 0.1
