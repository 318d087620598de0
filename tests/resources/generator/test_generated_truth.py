"""The pipeline's own pricing recovers the truth behind the generated quotes."""

import numpy as np
import pytest

from engine.pricing.chain_columns import ChainInputs
from engine.pricing.enrich import enrich_chain
from resources.generator.demo_markets import DEMO_COIN, DEMO_INDEX, DEMO_STOCK
from resources.generator.market import build_market

SAMPLED = {"demo_index": 400, "demo_stock": 700, "demo_coin": 1010}


@pytest.fixture(scope="module", params=[DEMO_INDEX, DEMO_STOCK, DEMO_COIN], ids=lambda s: s.name)
def recovered(request):
    """A mid-history day as generated, and as enriched from its quotes alone."""
    market = build_market(request.param)
    day = next(d for d in market.days() if d.session == SAMPLED[request.param.name])
    chain, n = day.chain, len(day.chain)
    coin = day.state.coin_priced
    inputs = ChainInputs(
        root_code=market.contracts.root_code[chain.row],
        expiry_days=chain.expiry_days.astype(np.int32),
        right=chain.is_put.astype(np.int8),
        strike=chain.strike,
        bid=np.where(chain.bid > 0, chain.bid, np.nan),
        ask=chain.ask,
        spot=np.full(n, day.state.spot),
        vendor_forward=chain.forward if coin else np.full(n, np.nan),
        settles_us=market.settles_us[chain.row],
        ts_us=day.state.ts_us,
        coin_settled=coin,
        american=np.full(n, request.param is DEMO_STOCK),
        dividend_ex_us=np.array([], dtype=np.int64),
        dividend_amount=np.array([]),
        curve_tenor_days=np.empty(0) if coin else market.rates.tenor_years * 365.0,
        curve_rate=np.empty(0) if coin else market.rates.zero_rates(day.session),
    )
    return day, enrich_chain(inputs)


def test_forwards_are_recovered(recovered):
    day, out = recovered
    alive = day.chain.years > 1 / 365
    error = np.abs(out.forward[alive] / day.chain.forward[alive] - 1.0)
    assert np.median(error) < 2e-4 and error.max() < 1.5e-3


def test_the_true_volatility_lies_between_those_of_bid_and_ask(recovered):
    day, out = recovered
    chain = day.chain
    delta = np.abs(chain.delta_forward)
    usable = (chain.years > 5 / 365) & np.isfinite(out.iv_bid) & np.isfinite(out.iv_ask)
    usable &= (delta > 0.05) & (delta < 0.6)
    # a forward that is a hair off shifts both volatilities, hence the tenth of a point
    inside = (out.iv_bid - 0.001 <= chain.volatility) & (chain.volatility <= out.iv_ask + 0.001)
    assert usable.sum() > 100 and inside[usable].mean() > 0.97


def test_middle_volatilities_come_back_to_the_smile(recovered):
    day, out = recovered
    chain = day.chain
    delta = np.abs(chain.delta_forward)
    usable = (chain.years > 5 / 365) & np.isfinite(out.iv) & (delta > 0.1) & (delta < 0.6)
    error = np.abs(out.iv[usable] - chain.volatility[usable])
    assert np.median(error) < 0.003 and np.quantile(error, 0.95) < 0.02


def test_an_iron_condor_collects_a_sensible_credit(recovered):
    day, _ = recovered
    chain = day.chain
    listed = np.unique(chain.years)
    expiry = chain.years == listed[np.argmin(np.abs(listed - 35 / 365))]
    middle = 0.5 * (chain.bid + chain.ask)

    def at(is_put: bool, delta: float) -> int:
        of_side = np.flatnonzero(expiry & (chain.is_put == is_put))
        return int(of_side[np.argmin(np.abs(np.abs(chain.delta_forward[of_side]) - delta))])

    legs = [(at(p, 0.16), at(p, 0.05)) for p in (False, True)]
    width = max(abs(chain.strike[s] - chain.strike[w]) for s, w in legs)
    unit = chain.forward[legs[0][0]] if day.state.coin_priced else 1.0
    credit = sum(middle[s] - middle[w] for s, w in legs) * unit
    worst = sum(chain.bid[s] - chain.ask[w] for s, w in legs) * unit
    assert 0.05 < credit / width < 0.6
    assert worst > 0.5 * credit
    # what a strangle sells costs little to cross
    shorts = [s for s, _ in legs]
    assert np.all((chain.ask - chain.bid)[shorts] < 0.15 * middle[shorts])
