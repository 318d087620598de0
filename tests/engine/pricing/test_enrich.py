"""A whole chain: what goes in as prices comes out as the volatilities and Greeks that made them."""

from dataclasses import fields, replace

import numpy as np
import pytest

from engine.calendars.epoch import US_PER_DAY
from engine.pricing.black import black_price
from engine.pricing.chain_columns import ChainInputs, ChainOutputs
from engine.pricing.enrich import enrich_chain

TS = 1_784_000_000_000_000
SPOT = 5000.0
RATE = 0.04
NO_CURVE = np.array([])


def smile(strike: np.ndarray, forward: np.ndarray) -> np.ndarray:
    return 0.2 - 0.3 * np.log(strike / forward)


def chain(expiries=(7, 30, 91), roots=2, strikes=81, coin=False, half_spread=0.05) -> ChainInputs:
    """An arbitrage-free chain; root 1 has a forward 2 points above root 0."""
    grid = np.linspace(0.8, 1.2, strikes) * SPOT
    root, days, right, strike = (
        a.ravel()
        for a in np.meshgrid(np.arange(roots), np.array(expiries), np.array([0, 1]), grid, indexing="ij")
    )
    years = days / 365.0
    discount = np.ones(days.size) if coin else np.exp(-RATE * years)
    forward = SPOT * np.exp((RATE - 0.015) * years) + 2.0 * root
    price = discount * black_price(right, forward, strike, years, smile(strike, forward))
    if coin:
        price, half_spread = price / forward, half_spread / SPOT
    return ChainInputs(
        root_code=root,
        expiry_days=days.astype(np.int32) + 20_000,
        right=right.astype(np.int8),
        strike=strike,
        bid=np.where(price > half_spread, price - half_spread, np.nan),
        ask=price + half_spread,
        spot=np.full(days.size, SPOT),
        vendor_forward=forward if coin else np.full(days.size, np.nan),
        settles_us=TS + days.astype(np.int64) * US_PER_DAY,
        ts_us=TS,
        coin_settled=coin,
        american=np.zeros(days.size, dtype=bool),
        dividend_ex_us=np.array([], dtype=np.int64),
        dividend_amount=np.array([]),
        curve_tenor_days=NO_CURVE if coin else np.array([1.0, 365.0]),
        curve_rate=NO_CURVE if coin else np.array([RATE, RATE]),
    )


def permuted(inputs: ChainInputs, order: np.ndarray) -> ChainInputs:
    rows = {
        f.name: getattr(inputs, f.name)[order]
        for f in fields(inputs)
        if isinstance(getattr(inputs, f.name), np.ndarray) and not f.name.startswith(("curve_", "dividend_"))
    }
    return replace(inputs, **rows)


def assert_equal(left: ChainOutputs, right: ChainOutputs) -> None:
    for field in fields(left):
        np.testing.assert_array_equal(getattr(left, field.name), getattr(right, field.name), field.name)


@pytest.mark.parametrize("coin", [False, True])
def test_the_smile_that_made_the_prices_is_found_again(coin):
    inputs = chain(coin=coin)
    out = enrich_chain(inputs)
    expected = smile(inputs.strike, out.forward)
    quoted = inputs.bid > 0
    assert quoted.mean() > 0.85
    # deep in the money the time value drowns in the rounding of the price
    quoted &= np.isfinite(out.iv) & (out.vega_per_vol_point > 1e-3)
    assert quoted.mean() > 0.75
    assert out.iv[quoted] == pytest.approx(expected[quoted], abs=1e-8)
    assert np.all(out.iv_status[quoted] == "ok")
    assert set(out.model) == {"black76_inverse" if coin else "black76_european"}
    assert set(out.forward_method) == {"vendor" if coin else "parity_ols"}


def test_each_root_and_expiry_has_its_own_forward_and_discount():
    inputs = chain()
    out = enrich_chain(inputs)
    years = (inputs.expiry_days - 20_000) / 365.0
    assert out.year_fraction == pytest.approx(years)
    assert out.forward == pytest.approx(SPOT * np.exp(0.025 * years) + 2.0 * inputs.root_code, rel=1e-9)
    assert out.discount == pytest.approx(np.exp(-RATE * years), rel=1e-9)


def test_bid_and_ask_volatilities_enclose_that_of_the_mid():
    inputs = chain()
    out = enrich_chain(inputs)
    both = np.isfinite(out.iv_bid) & np.isfinite(out.iv)
    assert both.mean() > 0.7
    assert np.all(out.iv_bid[both] < out.iv[both])
    assert np.all(out.iv[both] < out.iv_ask[both])


def test_a_dollar_delta_is_against_spot_and_a_coin_delta_against_the_forward():
    dollar, coin = enrich_chain(chain()), enrich_chain(chain(coin=True))
    for out, total in ((dollar, dollar.discount * dollar.forward / SPOT), (coin, np.ones_like(coin.delta))):
        calls = chain().right == 0
        # call and put of a strike follow each other block by block: deltas differ by D F / S
        sums = out.delta.reshape(2, 3, 2, -1)
        known = np.isfinite(sums[:, :, 0]) & np.isfinite(sums[:, :, 1])
        expected = total.reshape(2, 3, 2, -1)[:, :, 0]
        assert (sums[:, :, 0] - sums[:, :, 1])[known] == pytest.approx(expected[known], abs=1e-8)
        assert np.all(out.delta[calls & np.isfinite(out.delta)] >= 0)


def test_greeks_of_a_coin_chain_are_dollars():
    inputs = chain(coin=True)
    out = enrich_chain(inputs)
    row = int(np.nanargmin(np.abs(out.delta - 0.5)))
    bumped = black_price(0, out.forward[row], inputs.strike[row], out.year_fraction[row], out.iv[row] + 0.005)
    cut = black_price(0, out.forward[row], inputs.strike[row], out.year_fraction[row], out.iv[row] - 0.005)
    assert out.vega_per_vol_point[row] == pytest.approx(bumped - cut, rel=1e-4)


def test_where_the_bid_is_missing_only_the_ask_has_a_volatility():
    inputs = chain()
    bid = inputs.bid.copy()
    bid[200] = np.nan
    out = enrich_chain(replace(inputs, bid=bid))
    assert out.iv_status[200] == "no_quote"
    assert np.isnan(out.iv[200]) and np.isnan(out.iv_bid[200]) and np.isnan(out.delta[200])
    assert np.isfinite(out.iv_ask[200])


def test_expired_options_keep_their_row_and_say_no_time():
    inputs = chain()
    settles = inputs.settles_us.copy()
    expired = inputs.expiry_days == 20_007
    settles[expired] = TS - 1
    out = enrich_chain(replace(inputs, settles_us=settles))
    assert set(out.iv_status[expired]) == {"no_time"}
    assert np.all(out.year_fraction[expired] < 0)
    assert np.all(np.isnan(out.iv[expired]))
    assert np.isfinite(out.iv[~expired]).mean() > 0.9


def test_without_pairs_and_spot_the_rows_say_no_forward():
    inputs = chain(expiries=(30,), roots=1)
    calls = permuted(inputs, np.flatnonzero(inputs.right == 0))
    out = enrich_chain(replace(calls, spot=np.full(calls.strike.size, np.nan)))
    assert set(out.forward_method) == {"none"}
    assert set(out.iv_status) == {"no_forward"}
    assert np.all(np.isnan(out.forward))


def test_the_order_of_the_rows_does_not_matter():
    inputs = chain()
    order = np.random.default_rng(3).permutation(inputs.strike.size)
    expected = enrich_chain(inputs)
    shuffled = enrich_chain(permuted(inputs, order))
    for field in fields(expected):
        np.testing.assert_array_equal(
            getattr(expected, field.name)[order], getattr(shuffled, field.name), field.name
        )


def test_the_same_chain_twice_gives_the_same_bits():
    assert_equal(enrich_chain(chain()), enrich_chain(chain()))


def test_a_wild_quote_moves_neither_the_forward_nor_other_rows():
    inputs = chain()
    bid, ask = inputs.bid.copy(), inputs.ask.copy()
    bid[40], ask[40] = 900.0, 901.0
    clean, wild = enrich_chain(inputs), enrich_chain(replace(inputs, bid=bid, ask=ask))
    # out of the money: on the other side the last digits of the forward are worth more than the time value
    others = (np.arange(inputs.strike.size) != 40) & ((inputs.right == 0) == (inputs.strike > clean.forward))
    assert wild.forward == pytest.approx(clean.forward, rel=1e-8)
    assert wild.iv[others] == pytest.approx(clean.iv[others], abs=1e-6, nan_ok=True)
    assert wild.forward_method[40] == "parity_robust"


def test_an_empty_chain_gives_empty_columns():
    out = enrich_chain(permuted(chain(), np.array([], dtype=int)))
    assert all(getattr(out, f.name).shape == (0,) for f in fields(out))


def test_columns_of_different_length_are_refused_by_name():
    with pytest.raises(ValueError, match="chain column bid has shape"):
        replace(chain(), bid=np.zeros(3))


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("bid", lambda v: v.astype(object), "bid has dtype object, numbers are needed"),
        ("strike", lambda v: v.astype(str), "strike has dtype <U"),
        ("right", lambda v: v.astype(float), "right has dtype float64, whole numbers are needed"),
        ("right", lambda v: v + 2, "right has the value 2: 0 is a call, 1 a put"),
        ("right", lambda v: v.astype(int) + 256, "right has the value 256: 0 is a call, 1 a put"),
        ("expiry_days", lambda v: v.astype(int) + 2**32, "expiry_days has the value 42949"),
        ("settles_us", lambda v: v / 1e6, "settles_us has dtype float64, whole numbers are needed"),
        (
            "american",
            lambda v: v.astype(int),
            "american has dtype int64, booleans are needed: convert it to bool",
        ),
        (
            "dividend_amount",
            lambda v: np.array([1.0]),
            r"dividend_amount has shape \(1,\), dividend_ex_us has \(0,\)",
        ),
    ],
)
def test_columns_that_are_none_are_refused_by_name(column, values, message):
    inputs = chain()
    with pytest.raises(ValueError, match=f"chain column {message}"):
        replace(inputs, **{column: values(np.sort(getattr(inputs, column)))})


@pytest.mark.parametrize("amount", [np.nan, -0.5, np.inf])
def test_a_dividend_that_is_none_is_refused(amount):
    with pytest.raises(ValueError, match="dividend_amount has the value"):
        replace(chain(), dividend_ex_us=np.array([1]), dividend_amount=np.array([amount]))


@pytest.mark.parametrize("side", ["bid", "ask"])
@pytest.mark.parametrize("value", [0.0, -1.0, np.inf, -np.inf])
def test_a_price_that_is_none_is_no_quote(side, value):
    inputs = chain()
    spoiled = getattr(inputs, side).copy()
    row = int(np.flatnonzero(np.isfinite(enrich_chain(inputs).iv))[7])
    spoiled[row] = np.nan
    expected = enrich_chain(replace(inputs, **{side: spoiled}))
    spoiled[row] = value
    found = enrich_chain(replace(inputs, **{side: spoiled}))
    assert_equal(found, expected)
    assert (found.iv_status[row], np.isnan(found.iv[row]), np.isnan(found.delta[row])) == (
        "no_quote",
        True,
        True,
    )


def test_columns_of_any_width_and_layout_give_the_same():
    inputs = chain()
    n = inputs.strike.size
    spread = np.repeat(inputs.bid, 2)[::2]
    spread.setflags(write=False)
    other = replace(
        inputs,
        bid=spread,
        ask=inputs.ask.tolist(),
        right=inputs.right == 1,
        root_code=inputs.root_code.astype("u2"),
    )
    assert_equal(enrich_chain(other), enrich_chain(inputs))
    narrow = enrich_chain(
        replace(inputs, bid=inputs.bid.astype(np.float32), spot=np.full(n, inputs.spot[0], "f4"))
    )
    wide = enrich_chain(inputs)
    usual = np.isfinite(wide.iv) & (wide.vega_per_vol_point > 1e-3 * inputs.spot)
    assert narrow.iv[usual] == pytest.approx(wide.iv[usual], abs=1e-5)


def test_threads_that_share_a_long_chain_change_nothing():
    inputs = chain(expiries=tuple(range(2, 62)), roots=2, strikes=251)
    assert inputs.strike.size > 60_000
    assert_equal(enrich_chain(inputs, threads=3), enrich_chain(inputs))
