"""The split of a day's profit: it adds up, small moves leave nothing, and what is unknown stays unknown."""

from dataclasses import fields, replace

import numpy as np
import pytest

from engine.pricing.greeks import higher_greeks, spot_greeks
from engine.pricing.greeks_explain import Explained, MarketMove, explain

RATE, YIELD = 0.04, 0.01
RIGHT = np.array([0, 1, 0, 1])
STRIKE = np.array([95.0, 100.0, 110.0, 90.0])


def arguments(spot, years, sigma, rate=RATE):
    return RIGHT, spot, spot * np.exp((rate - YIELD) * years), np.exp(-rate * years), STRIKE, years, sigma


def explained(ds: float, dv: float, days: float, dr: float = 0.0) -> Explained:
    before = arguments(100.0, 0.25, 0.2)
    after = arguments(100.0 + ds, 0.25 - days / 365.0, 0.2 + 0.01 * dv, RATE + 0.01 * dr)
    return explain(
        spot_greeks(*before),
        higher_greeks(*before),
        MarketMove(spot=ds, vol_points=dv, days=days, rate_pct=dr),
        mark_before=spot_greeks(*before).price,
        mark_after=spot_greeks(*after).price,
        quantity=np.array([10.0, -5.0, 3.0, 1.0]),
        multiplier=100.0,
    )


@pytest.mark.parametrize("move", [(1.5, 0.8, 1.0), (-4.0, 3.0, 3.0), (0.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.25)])
def test_the_terms_add_up_to_the_profit(move):
    parts = explained(*move)
    terms = sum(getattr(parts, f.name) for f in fields(parts) if f.name != "total")
    np.testing.assert_allclose(terms, parts.total, rtol=0, atol=1e-9)


def test_an_ordinary_day_is_explained_to_a_percent_and_a_crash_is_not():
    assert np.max(explained(0.8, 0.5, 1.0).residual_share()) < 0.01
    assert np.max(explained(-20.0, 25.0, 1.0).residual_share()) > 0.05


def test_half_the_move_leaves_less_than_a_third_of_the_residual():
    """What is left is of second order in time and of third in the rest."""
    whole, half = explained(2.0, 1.0, 1.0), explained(1.0, 0.5, 0.5)
    assert np.linalg.norm(half.residual) < np.linalg.norm(whole.residual) / 3.5


SINGLE_MOVES = [
    ((0.01, 0, 0), "delta"),
    ((0, 0.01, 0), "vega"),
    ((0, 0, 0.01), "theta"),
    ((0, 0, 0, 0.01), "rho"),
]


@pytest.mark.parametrize(("move", "name"), SINGLE_MOVES)
def test_a_small_move_of_one_thing_is_the_term_that_bears_its_name(move, name):
    parts = explained(*move)
    np.testing.assert_allclose(getattr(parts, name), parts.total, rtol=2e-2)


def test_a_wrong_mark_is_residual_and_nothing_else():
    good = explained(0.5, 0.2, 1.0)
    before = arguments(100.0, 0.25, 0.2)
    marks = spot_greeks(*arguments(100.5, 0.25 - 1 / 365, 0.202)).price + np.array([0.5, 0, 0, 0])
    bad = explain(
        spot_greeks(*before),
        higher_greeks(*before),
        MarketMove(0.5, 0.2, 1.0),
        mark_before=spot_greeks(*before).price,
        mark_after=marks,
        quantity=np.array([10.0, -5.0, 3.0, 1.0]),
        multiplier=100.0,
    )
    np.testing.assert_allclose(bad.residual - good.residual, [500.0, 0, 0, 0], atol=1e-9)
    np.testing.assert_array_equal(bad.delta, good.delta)


def test_an_unknown_greek_is_no_zero():
    before = arguments(100.0, 0.25, 0.2)
    greeks = spot_greeks(*before)
    parts = explain(
        replace(greeks, delta=np.full(4, np.nan)),
        higher_greeks(*before),
        MarketMove(1.0, 0.0, 1.0),
        mark_before=greeks.price,
        mark_after=greeks.price + 0.1,
        quantity=1.0,
        multiplier=100.0,
    )
    assert np.isnan(parts.residual).all() and np.isfinite(parts.theta).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"quantity": np.ones(3)}, r"^quantity has shape \(3,\), which does not fit greeks.delta \(4,\)"),
        (
            {"move": MarketMove(np.ones(2), 0.0, 1.0)},
            r"^move.spot has shape \(2,\), which does not fit greeks.delta",
        ),
        ({"move": MarketMove(1.0, "0", 1.0)}, "^move.vol_points has dtype <U1, numbers are needed"),
        ({"mark_after": np.array([None])}, "^mark_after has dtype object, numbers are needed"),
    ],
)
def test_what_does_not_fit_is_named(changes, message):
    before = arguments(100.0, 0.25, 0.2)
    given = {
        "move": MarketMove(1.0, 0.0, 1.0),
        "mark_before": 1.0,
        "mark_after": 1.1,
        "quantity": 1.0,
        "multiplier": 100.0,
    }
    whole = explain(spot_greeks(*before), higher_greeks(*before), **given)
    assert {getattr(whole, f.name).shape for f in fields(whole)} == {(4,)}
    with pytest.raises(ValueError, match=message):
        explain(spot_greeks(*before), higher_greeks(*before), **{**given, **changes})
