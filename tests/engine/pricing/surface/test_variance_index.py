"""Fair variance and the index against the paper, the published close and closed forms."""

import json

import numpy as np
import pytest

from engine.pricing.black import black_price
from engine.pricing.heston.model import HestonParameters
from engine.pricing.heston.price import heston_price
from engine.pricing.surface.variance_index import (
    MINUTES_PER_YEAR,
    TermStatus,
    fair_variance,
    variance_term,
    volatility_index,
)
from tests.engine.pricing.published import case_of

CASE = case_of(group="variance_swap")


def strip(forward, years, strikes, price):
    """Puts up to the forward and calls from there, both at the central strike."""
    centre = strikes[strikes <= forward].max()
    k = np.concatenate([strikes[strikes <= centre], strikes[strikes >= centre]])
    right = np.r_[np.ones((strikes <= centre).sum()), np.zeros((strikes >= centre).sum())].astype(int)
    return fair_variance(forward, years, k, price(right, k), right)


def test_the_papers_fair_variance():
    i = CASE["inputs"]
    strikes, vols = np.array(i["strikes"], dtype=float), np.array(i["vols"])
    forward = i["S"] * np.exp(i["r"] * i["T"])

    def price(right, k):
        return black_price(right, forward, k, i["T"], np.interp(k, strikes, vols))

    # the paper's strip is split at the spot
    k = np.concatenate([strikes[strikes <= 100], strikes[strikes >= 100]])
    right = np.r_[np.ones((strikes <= 100).sum()), np.zeros((strikes >= 100).sum())].astype(int)
    ours = fair_variance(forward, i["T"], k, price(right, k), right)
    assert ours == pytest.approx(CASE["expected"], abs=CASE["tolerance"])
    discounted = fair_variance(forward, i["T"], k, price(right, k) * np.exp(-i["r"] * i["T"]), right)
    assert abs(discounted - CASE["expected"]) > CASE["tolerance"]


@pytest.mark.parametrize("sigma", [0.1, 0.2, 0.5])
def test_flat_volatility_gives_its_square(sigma):
    strikes = 100 * np.exp(np.linspace(-7, 7, 3001) * sigma)
    ours = strip(101.3, 1.0, strikes, lambda right, k: black_price(right, 101.3, k, 1.0, sigma))
    assert ours == pytest.approx(sigma**2, rel=2e-5)


def test_heston_gives_its_mean_variance():
    model = HestonParameters(0.04, 2.0, 0.06, 0.5, -0.6)
    strikes = np.exp(np.linspace(-4, 4, 1601)) * 100
    ours = strip(
        100.0, 0.5, strikes, lambda right, k: np.maximum(heston_price(right, 100.0, k, 0.5, model).price, 0)
    )
    assert ours == pytest.approx(model.mean_variance(0.5), rel=2e-4)


def chain():
    """A flat chain of 20 percent with bids a tick below and asks a tick above, no bid where it is worth less."""
    k = np.tile(np.arange(50.0, 151.0), 2)
    right = np.repeat([0, 1], 101)
    years = 30 / 365
    value = black_price(right, 100.4, k, years, 0.2)
    return k, right, np.where(value > 0.01, value - 0.01, 0.0), value + 0.01, years * MINUTES_PER_YEAR


def test_a_term_of_a_flat_chain():
    k, right, bid, ask, minutes = chain()
    term = variance_term(k, right, bid, ask, discount=1.0, minutes=minutes)
    assert term.status is TermStatus.OK
    assert term.k0 == 100.0
    assert term.forward == pytest.approx(100.4, abs=1e-9)
    assert np.sqrt(term.variance) == pytest.approx(0.2, abs=0.002)


def test_two_strikes_without_a_bid_end_the_strip_and_one_does_not():
    k, right, bid, ask, minutes = chain()
    reference = variance_term(k, right, bid, ask, discount=1.0, minutes=minutes).options
    quoted_puts = np.sort(k[(right == 1) & (k < 100) & (bid > 0)])
    one = np.where((right == 1) & (k == 95), 0.0, bid)
    assert variance_term(k, right, one, ask, discount=1.0, minutes=minutes).options == reference - 1
    two = np.where((right == 1) & np.isin(k, [95, 94]), 0.0, bid)
    lost = int((quoted_puts <= 95).sum())
    assert variance_term(k, right, two, ask, discount=1.0, minutes=minutes).options == reference - lost
    missing = np.where(two == 0, np.nan, two)
    assert variance_term(k, right, missing, ask, discount=1.0, minutes=minutes).options == reference - lost


def test_the_index_lies_between_its_terms_and_is_linear_in_total_variance():
    k, right, bid, ask, minutes = chain()
    near = variance_term(k, right, bid, ask, discount=1.0, minutes=minutes - 5000)
    following = variance_term(k, right, bid, ask, discount=1.0, minutes=minutes + 5000)
    assert following.variance < volatility_index(near, following) ** 2 / 1e4 < near.variance
    halfway = 0.5 * (near.variance * near.minutes + following.variance * following.minutes) / minutes
    assert volatility_index(near, following) == pytest.approx(100 * np.sqrt(halfway))
    with pytest.raises(ValueError, match="settles"):
        volatility_index(following, near)


def test_terms_without_a_variance_say_why():
    k, right, bid, ask, minutes = chain()
    assert variance_term(k, right, bid, ask, discount=1.0, minutes=0).status.label == "no_time"
    nothing = variance_term(k, right, 0 * bid, ask, discount=1.0, minutes=minutes)
    assert nothing.status.label == "no_strike_at_the_money"
    two = np.isin(k, [100.0])
    few = variance_term(k[two], right[two], bid[two], ask[two], discount=1.0, minutes=minutes)
    assert few.status.label == "too_few_options"
    assert np.isnan(
        volatility_index(nothing, variance_term(k, right, bid, ask, discount=1.0, minutes=2 * minutes))
    )
    empty = variance_term([], [], [], [], discount=1.0, minutes=minutes)
    assert empty.status is TermStatus.NO_STRIKE_AT_THE_MONEY


def test_bad_input_is_named():
    k, right, bid, ask, minutes = chain()
    with pytest.raises(ValueError, match="two puts have one strike"):
        variance_term(
            np.r_[k, 90.0], np.r_[right, 1], np.r_[bid, 1.0], np.r_[ask, 1.1], discount=1.0, minutes=minutes
        )
    with pytest.raises(ValueError, match="equally long"):
        variance_term(k, right, bid[:5], ask, discount=1.0, minutes=minutes)
    with pytest.raises(ValueError, match="discount"):
        variance_term(k, right, bid, ask, discount=0.0, minutes=minutes)
    with pytest.raises(ValueError, match="two puts at and below"):
        fair_variance(100.0, 1.0, [100.0, 100.0], [4.0, 4.0], [0, 1])
    with pytest.raises(ValueError, match="must be positive"):
        fair_variance(100.0, 0.0, [90.0, 100.0, 100.0, 110.0], [1.0, 4.0, 4.0, 1.0], [1, 1, 0, 0])


@pytest.mark.real_data
def test_the_vix_of_a_real_chain(real_data, spx_days):
    """16.72 by an independent replication of the same quotes; the exchange published 16.64 at its own instant."""
    (fact,) = json.loads((real_data / "facts.json").read_text())["vix_replication"]["values"]
    rows = spx_days[fact["date"]]
    terms = []
    for expiry in (fact["near"], fact["next"]):
        of = rows[(rows["root"] == "SPXW") & (rows["expiry"] == expiry)]
        minutes = (of["settles_us"].iloc[0] - of["ts_us"].iloc[0]) / 60e6
        terms.append(
            variance_term(
                of["strike"].to_numpy(),
                of["right"].to_numpy(),
                of["bid"].to_numpy(),
                of["ask"].to_numpy(),
                discount=float(np.exp(-0.0375 * minutes / MINUTES_PER_YEAR)),
                minutes=minutes,
            )
        )
    assert [t.k0 for t in terms] == fact["K0"]
    assert [t.options for t in terms] == fact["n"]
    assert [t.forward for t in terms] == pytest.approx(fact["F"], abs=1e-4)
    index = volatility_index(*terms)
    assert index == pytest.approx(fact["vix"], abs=1e-5)
    assert index == pytest.approx(fact["published_vix_close"], abs=0.1)


@pytest.mark.real_data
def test_the_vix_with_the_chains_own_discount(spx_days):
    rows = spx_days["2026-07-22"]
    terms = []
    for expiry in ("2026-08-21", "2026-08-28"):
        of = rows[(rows["root"] == "SPXW") & (rows["expiry"] == expiry)]
        columns = [of[c].to_numpy() for c in ("strike", "right", "bid", "ask")]
        minutes = (of["settles_us"].iloc[0] - of["ts_us"].iloc[0]) / 60e6
        terms.append(variance_term(*columns, discount=float(of["discount"].iloc[0]), minutes=minutes))
    assert volatility_index(*terms) == pytest.approx(16.72, abs=0.03)


def test_an_option_with_a_bid_and_no_ask_is_left_out():
    strike, right = np.tile(np.arange(80.0, 121.0, 5.0), 2), np.repeat([1, 0], 9)
    price = black_price(right, 100.0, strike, 0.25, 0.2)
    bid, ask = price - 0.01, price + 0.01
    given = {"discount": 1.0, "minutes": 0.25 * MINUTES_PER_YEAR}
    whole = variance_term(strike, right, bid, ask, **given)
    put_at_80 = (strike == 80.0) & (right == 1)
    ask[put_at_80] = np.nan
    term = variance_term(strike, right, bid, ask, **given)
    assert (term.status, term.options) == (TermStatus.OK, whole.options - 1)
    without = variance_term(strike[~put_at_80], right[~put_at_80], bid[~put_at_80], ask[~put_at_80], **given)
    assert term.variance == without.variance


@pytest.mark.parametrize("bad", [(np.inf, np.inf), (1.0, np.inf), (np.inf, 1.0), (30.0, 1.0), (30.0, 1e-9)])
@pytest.mark.parametrize("where", [{95.0}, {95.0, 94.0}, {100.0}, {101.0, 106.0, 107.0}])
@pytest.mark.parametrize("of", [0, 1])
def test_crossed_and_infinite_quotes_are_left_out_as_if_not_listed(bad, where, of):
    k, right, bid, ask, minutes = chain()
    rows = np.isin(k, list(where)) & (right == of)
    bid[rows], ask[rows] = bad
    term = variance_term(k, right, bid, ask, discount=0.99, minutes=minutes)
    without = variance_term(k[~rows], right[~rows], bid[~rows], ask[~rows], discount=0.99, minutes=minutes)
    assert term == without
    assert term.status is TermStatus.OK
    assert np.sqrt(term.variance) == pytest.approx(0.2, abs=0.006)


@pytest.mark.parametrize("wrong", [2, -1, np.nan])
def test_a_right_that_is_none_is_no_call(wrong):
    k, right, bid, ask, minutes = chain()
    rights = right.astype(float)
    rights[7] = wrong
    with pytest.raises(ValueError, match=f"right has the value {wrong}"):
        variance_term(k, rights, bid, ask, discount=1.0, minutes=minutes)
    with pytest.raises(ValueError, match=f"right has the value {wrong}"):
        fair_variance(100.0, 1.0, k, ask, rights)
    with pytest.raises(ValueError, match="right has dtype object"):
        variance_term(k, right.astype(object), bid, ask, discount=1.0, minutes=minutes)
    with pytest.raises(ValueError, match="right has dtype object"):
        fair_variance(100.0, 1.0, k, ask, right.astype(object))


@pytest.mark.parametrize("wrong", [-80.0, 0.0, np.nan, np.inf])
def test_a_strike_that_is_none_is_named(wrong):
    k, right, bid, ask, minutes = chain()
    k[3] = wrong
    message = f"strike has the value {wrong} at position 3: it must be positive and finite"
    with pytest.raises(ValueError, match=message):
        variance_term(k, right, bid, ask, discount=1.0, minutes=minutes)
    with pytest.raises(ValueError, match=message):
        fair_variance(100.0, 1.0, k, ask, right)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"year_fraction": np.inf}, "year_fraction must be positive and finite, got inf"),
        ({"year_fraction": np.nan}, "year_fraction must be positive and finite, got nan"),
        ({"forward": np.inf}, "forward must be positive and finite, got inf"),
        ({"forward": [100.0]}, r"forward has shape \(1,\), one number is needed"),
        (
            {"undiscounted_price": [1.0, np.inf, 4.0, 1.0]},
            "undiscounted_price has the value inf at position 1",
        ),
        (
            {"undiscounted_price": [1.0, 4.0, -4.0, 1.0]},
            "undiscounted_price has the value -4.0 at position 2",
        ),
        ({"undiscounted_price": [1.0]}, r"undiscounted_price \(1,\): give one value per option"),
        (
            {
                "strike": [90, 100, 100, 110, 110.0],
                "undiscounted_price": [1, 4, 4, 1, 1.0],
                "right": [1, 1, 0, 0, 0],
            },
            "each strike once",
        ),
    ],
)
def test_a_strip_of_what_is_no_price_is_refused(changes, message):
    given = {
        "forward": 100.0,
        "year_fraction": 1.0,
        "strike": [90.0, 100.0, 100.0, 110.0],
        "undiscounted_price": [1.0, 4.0, 4.0, 1.0],
        "right": [1, 1, 0, 0],
    }
    assert fair_variance(**given) > 0
    with pytest.raises(ValueError, match=message):
        fair_variance(**{**given, **changes})


def test_scalars_outside_their_domain_are_named():
    k, right, bid, ask, minutes = chain()
    for wrong in (np.inf, np.nan, -1.0):
        with pytest.raises(ValueError, match=f"discount must be positive and finite, got {wrong}"):
            variance_term(k, right, bid, ask, discount=wrong, minutes=minutes)
    for wrong in (np.inf, np.nan):
        with pytest.raises(ValueError, match=f"minutes must be finite, got {wrong}"):
            variance_term(k, right, bid, ask, discount=1.0, minutes=wrong)
    near = variance_term(k, right, bid, ask, discount=1.0, minutes=minutes)
    following = variance_term(k, right, bid, ask, discount=1.0, minutes=2 * minutes)
    for wrong in (0, -1.0, np.inf, np.nan):
        with pytest.raises(ValueError, match=f"minutes must be positive and finite, got {float(wrong)}"):
            volatility_index(near, following, minutes=wrong)
