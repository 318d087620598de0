"""Nights of exercise in a run: who is assigned when, who gets the dividend, and that chance depends on nothing else."""

import numpy as np
import pytest

from engine.backtest.run import run_backtest
from engine.execution.intents import SHARES, LegIntent, open_package

EX = 2


def run(
    factory, legs, *, price=10.05, dividends=True, right=0, spots=None, contract=None, terms="stock", **study
):
    """Strike 100, spot 110 (calls) until the ex-date; the option is quoted 0.05 around ``price``."""
    spots = spots or {0: 110.0, 1: 110.0, 2: 109.5, 3: 109.5, 4: 109.5}
    rows = []
    for d, spot in spots.items():
        quote = {"bid": price - 0.05, "ask": price + 0.05, **(contract or {})}
        rows.append(factory.quote(d, 1, strike=100.0, right=right, spot=spot, expiry=11, **quote))
        rows.append(factory.quote(d, 9, strike=300.0, spot=spot, expiry=40))
    settlement = study.pop("settlement", {})
    return run_backtest(
        factory.study(execution={"slippage_fraction": 0.0}, settlement=settlement, **study),
        factory.chain_of(rows),
        factory.underlying_of(spots),
        [factory.dividend(EX, 0.5)] if dividends else [],
        factory.terms(terms),
        strategy=factory.Scripted({0: [open_package(*legs)]}),
    )


def events(result):
    t = result.tables["events"]
    return list(zip(t["kind"].tolist(), t["quantity"].tolist(), t["amount"].tolist(), strict=True))


COVERED = (LegIntent(SHARES, 100.0), LegIntent(1, -1.0))


def test_a_covered_call_is_called_away_the_night_before_the_ex_date_and_gets_no_dividend(factory) -> None:
    result = run(factory, COVERED)
    assert events(result) == [("early_assignment", -1.0, 10_000.0)]
    assert (
        result.tables["events"]["ts_us"][0] == (factory.MONDAY + EX) * factory.DAY_US + 20 * factory.HOUR_US
    )
    assert result.totals["pnl"] == pytest.approx(1_005.0 + 10_000.0 - 11_000.0)
    assert result.tables["trades"]["exit_reason"].tolist() == ["early_assignment"]
    assert "dividend 0.5: 0.45 a unit gained" in result.tables["events"]["note"][0]


def test_a_naked_writer_owes_the_dividend_on_the_shares_that_he_delivers(factory) -> None:
    result = run(factory, (LegIntent(1, -1.0),))
    assert events(result) == [("early_assignment", -1.0, 10_000.0), ("dividend", -100.0, -50.0)]
    assert result.totals["pnl"] == pytest.approx(1_005.0 + 10_000.0 - 50.0 - 10_950.0)


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({"price": 10.6}, ["dividend"]),  # more time value than dividend
        ({"dividends": False}, []),
        ({"settlement": {"assignment": "none"}}, ["dividend"]),
        ({"price": 10.52}, ["dividend"]),
        # whoever could sell at the bid of 10.47 only gains by exercise
        ({"price": 10.52, "settlement": {"assignment": "worst_case"}}, ["early_assignment"]),
        ({"terms": "index_pm"}, ["dividend"]),  # European
    ],
)
def test_where_exercise_does_not_gain_or_is_not_allowed_the_call_stays(factory, changes, kinds) -> None:
    assert [e[0] for e in events(run(factory, COVERED, **changes))] == kinds


def test_a_dividend_that_nobody_knew_of_that_evening_exercises_nothing(factory) -> None:
    rows = [factory.quote(d, 1, strike=100.0, spot=110.0, bid=10.0, ask=10.1) for d in range(5)]
    late = factory.dividend(EX, 0.5, known_days_before=0)
    result = run_backtest(
        factory.study(execution={"slippage_fraction": 0.0}),
        factory.chain_of(rows), factory.underlying_of({0: 110.0}), [late], factory.terms(),
        strategy=factory.Scripted({0: [open_package(*COVERED)]}),
    )  # fmt: skip
    assert [e[0] for e in events(result)] == ["dividend"]
    # holders may have known: the run says that it could not tell
    assert "early_exercise_not_judged" in result.flags


def test_a_long_call_is_exercised_where_that_gains_and_the_cash_is_there(factory) -> None:
    result = run(factory, (LegIntent(1, 2.0),))
    assert events(result) == [("early_exercise", 2.0, -20_000.0), ("dividend", 200.0, 100.0)]
    assert result.totals["pnl"] == pytest.approx(-2_010.0 - 20_000.0 + 100.0 + 200 * 109.5)
    poor = run(factory, (LegIntent(1, 2.0),), capital={"base_currency": "USD", "amount": 10_000})
    assert events(poor) == []
    assert poor.tables["rejections"]["rule"].tolist() == ["early_exercise_cash"]
    assert poor.tables["rejections"]["value"].tolist() == [20_000.0]
    kept = run(factory, (LegIntent(1, 2.0),), settlement={"exercise_longs": False})
    assert events(kept) == []


def test_a_short_put_without_time_value_is_assigned_the_next_morning(factory) -> None:
    spots = dict.fromkeys(range(4), 80.0)
    result = run(factory, (LegIntent(1, -1.0),), right=1, price=19.98, spots=spots, dividends=False)
    assert events(result)[0] == ("early_assignment", -1.0, -10_000.0)
    assert run(
        factory, (LegIntent(1, -1.0),), right=1, price=20.02, spots=spots, dividends=False
    ).tables["events"]["kind"].tolist() == []  # fmt: skip


def test_an_option_without_a_quote_on_that_evening_is_not_judged_and_the_run_says_so(factory) -> None:
    rows = []
    for d in range(5):
        if d != EX - 1:
            rows.append(factory.quote(d, 1, strike=100.0, spot=110.0, bid=10.0, ask=10.1))
        rows.append(factory.quote(d, 9, strike=300.0, spot=110.0, expiry=40))
    result = run_backtest(
        factory.study(execution={"slippage_fraction": 0.0}),
        factory.chain_of(rows), factory.underlying_of({0: 110.0}), [factory.dividend(EX, 0.5)], factory.terms(),
        strategy=factory.Scripted({0: [open_package(*COVERED)]}),
    )  # fmt: skip
    assert "early_exercise_not_judged" in result.flags
    assert [e[0] for e in events(result)] == ["dividend"]


def test_random_assignment_is_the_same_for_a_seed_and_near_its_probability_over_many(factory) -> None:
    legs = (LegIntent(1, -100.0),)
    random = {"assignment": "random", "random_probability": 0.3}
    rich = {"base_currency": "USD", "amount": 1e8}

    def assigned(seed: int) -> float:
        result = run(factory, legs, settlement=random, capital=rich, seed=seed)
        table = result.tables["events"]
        nights = table["quantity"][table["kind"] == "early_assignment"]
        return -float(nights.sum())

    draws = [assigned(seed) for seed in range(20)]
    assert draws == [assigned(seed) for seed in range(20)]
    assert len(set(draws)) > 3
    # 2,000 contracts: a binomial of 0.3 has a standard deviation of 20
    assert abs(np.sum(draws) - 600) < 4 * 20.5


def test_pin_risk_is_reported_at_the_band_and_not_beyond(factory) -> None:
    for close, pinned in ((100.25, True), (100.26, False), (99.75, True), (99.74, False)):
        spots = {0: 100.0, 4: close, 7: close}
        rows = [factory.quote(d, 1, expiry=4, spot=s) for d, s in spots.items() if d < 4]
        rows += [factory.quote(d, 9, expiry=40, spot=s) for d, s in spots.items()]
        result = run_backtest(
            factory.study(), factory.chain_of(rows), factory.underlying_of(spots), [], factory.terms(),
            strategy=factory.Scripted({0: [open_package(LegIntent(1, -1.0))]}),
        )  # fmt: skip
        assert ("pin_risk" in result.flags) is pinned
        assert ("pin_risk" in result.tables["events"]["kind"]) is pinned


def test_the_worst_case_assigns_below_the_threshold(factory) -> None:
    spots = {0: 100.0, 4: 100.005, 7: 100.0}
    rows = [factory.quote(0, 1, expiry=4)] + [
        factory.quote(d, 9, expiry=40, spot=s) for d, s in spots.items()
    ]
    kinds = {}
    for mode in ("rational", "worst_case"):
        result = run_backtest(
            factory.study(settlement={"assignment": mode}), factory.chain_of(rows), factory.underlying_of(spots), [],
            factory.terms(), strategy=factory.Scripted({0: [open_package(LegIntent(1, -1.0))]}),
        )  # fmt: skip
        kinds[mode] = result.tables["events"]["kind"][0]
    assert kinds == {"rational": "expiry", "worst_case": "assignment"}
