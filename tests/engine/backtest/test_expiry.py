"""Every way in which an option ends, with the money computed by hand."""

import pytest

from engine.backtest.run import run_backtest
from engine.execution.intents import SHARES, LegIntent, close_package, open_package
from engine.execution.settlement import UnsettledOptionError

EXPIRY = 4  # Friday of the first week


def run(
    factory,
    kind,
    legs,
    closes,
    *,
    rows=None,
    opens=None,
    settlement=None,
    settles_hour=20,
    proxy="none",
    later=None,
    **study,
):
    """Open at day 0 at 1.4 (bought) or 1.0 (sold); snapshots on days 0, 1, 4, 7."""
    multiplier = 1.0 if kind == "coin" else 100.0
    settles = (factory.MONDAY + EXPIRY) * factory.DAY_US + settles_hour * factory.HOUR_US
    rows = rows or [
        factory.quote(
            day,
            contract,
            expiry=EXPIRY if contract < 9 else 40,
            settles_us=settles if contract < 9 else (factory.MONDAY + 40) * factory.DAY_US,
            right=right,
            strike=100.0,
            multiplier=multiplier,
            spot=closes.get(day, 100.0),
        )
        for day in (0, 1, EXPIRY, 7)
        for contract, right in ((1, 0), (2, 1), (9, 0))
        if contract == 9 or day < EXPIRY
    ]
    prices = factory.underlying_of(closes, settlement=settlement, opens=opens)
    return run_backtest(
        factory.study(settlement={"proxy": proxy}, **study),
        factory.chain_of(rows),
        prices,
        [],
        factory.terms(kind),
        strategy=factory.Scripted({0: [open_package(*legs)], **(later or {})}),
    )


def events(result) -> list[tuple[str, float]]:
    table = result.tables["events"]
    return list(zip(table["kind"].tolist(), table["amount"].tolist(), strict=True))


CALL, PUT = LegIntent(1, -1.0), LegIntent(2, -1.0)


def test_long_call_is_exercised_into_shares_at_the_strike(factory) -> None:
    result = run(factory, "stock", [LegIntent(1, 2.0)], {0: 100.0, EXPIRY: 110.0, 7: 112.0})
    assert events(result) == [("exercise", -20_000.0)]
    legs = result.tables["trade_legs"]
    # published convention (flox): the option realizes its premium, the shares come at the strike
    assert legs["exit_price"][0] == 0.0 and legs["entry_price"][0] == pytest.approx(1.4)
    assert (legs["quantity"][1], legs["entry_price"][1], legs["exit_price"][1]) == (200.0, 100.0, 112.0)
    assert result.totals["pnl"] == pytest.approx(-280.0 + 200 * 12.0)


def test_covered_call_is_called_away_at_the_strike(factory) -> None:
    covered = [LegIntent(SHARES, 100.0), CALL]
    result = run(factory, "stock", covered, {0: 100.0, EXPIRY: 110.0, 7: 130.0}, fees={"per_exercise": 5.0})
    assert events(result) == [("assignment", 10_000.0)]
    assert result.totals["pnl"] == pytest.approx(100.0 - 5.0)  # premium, shares from 100 to 100, one fee
    assert result.tables["trades"]["exit_reason"].tolist() == ["assignment"]
    assert result.tables["equity"]["nav"][-1] == result.tables["equity"]["cash"][-1]


def test_short_put_in_the_money_buys_the_shares_at_the_strike(factory) -> None:
    result = run(factory, "stock", [PUT], {0: 100.0, EXPIRY: 90.0, 7: 95.0})
    assert events(result) == [("assignment", -10_000.0)]
    assert result.totals["pnl"] == pytest.approx(100.0 - 500.0)


@pytest.mark.parametrize(("close", "kind"), [(100.0, "expiry"), (100.01, "assignment")])
def test_a_cent_in_the_money_decides_over_assignment(factory, close: float, kind: str) -> None:
    result = run(factory, "stock", [LegIntent(SHARES, 100.0), CALL], {0: 100.0, EXPIRY: close, 7: 100.0})
    assert events(result)[0][0] == kind


def test_pm_index_option_is_paid_the_close_in_cash(factory) -> None:
    result = run(factory, "index_pm", [CALL], {0: 100.0, EXPIRY: 103.0, 7: 150.0})
    assert events(result) == [("cash_settlement", -300.0)]
    assert result.totals["pnl"] == pytest.approx(100.0 - 300.0)


def test_am_index_option_is_paid_the_opening_print_not_the_close(factory) -> None:
    closes, prints = {0: 100.0, EXPIRY: 150.0, 7: 150.0}, {EXPIRY: 103.0}
    result = run(factory, "index_am", [CALL], closes, settlement=prints, settles_hour=14)
    assert events(result) == [("cash_settlement", -300.0)]
    assert "settled_by_proxy" not in result.flags


def test_am_index_option_without_a_print_settles_by_the_named_proxy(factory) -> None:
    closes, opens = {0: 100.0, EXPIRY: 150.0, 7: 150.0}, {EXPIRY: 102.0}
    for proxy, paid in (("open", 200.0), ("index_snapshot", 5_000.0)):
        result = run(factory, "index_am", [CALL], closes, opens=opens, settles_hour=14, proxy=proxy)
        assert "settled_by_proxy" in result.flags
        assert events(result)[0][0] == "proxy_settlement"
        assert events(result)[1] == ("cash_settlement", -paid)
    with pytest.raises(UnsettledOptionError, match=r"X-1 settles on the opening print.*the close"):
        run(factory, "index_am", [CALL], closes, opens=opens, settles_hour=14, proxy="close")


def test_am_index_option_without_a_print_stays_pending_and_the_run_says_so(factory) -> None:
    closes, opens = {0: 100.0, EXPIRY: 150.0, 7: 150.0}, {EXPIRY: 102.0}
    result = run(factory, "index_am", [CALL, LegIntent(9, 1.0)], closes, opens=opens, settles_hour=14)
    assert "pending_settlement" in result.flags
    table = result.tables["events"]
    assert table["kind"].tolist() == ["pending_settlement", "pending_at_end"]
    assert "no opening print of U for 2024-01-12" in table["note"][0]
    # it is carried at its last mark and leaves at its last ask; the close of 150 never enters
    assert table["amount"][1] == pytest.approx(-140.0)
    assert result.tables["equity"]["nav"].tolist() == pytest.approx(
        [100_000.0 - 40.0] * 3 + [100_000.0 - 80.0]
    )
    assert result.tables["trade_legs"]["exit_price"][0] == 1.4
    assert result.tables["equity"]["oldest_mark_seconds"][2] > 0


def test_a_package_that_only_waits_for_its_print_cannot_be_closed_but_its_other_legs_can(factory) -> None:
    closes = {0: 100.0, EXPIRY: 150.0, 7: 150.0}
    later = {2: [close_package(1, "exit")], 3: [close_package(1, "exit")]}
    alone = run(factory, "index_am", [CALL], closes, settles_hour=14, later=later)
    assert alone.tables["rejections"]["rule"].tolist() == ["pending_settlement"]
    assert len(alone.tables["orders"]["order_id"]) == 1
    both = run(factory, "index_am", [CALL, LegIntent(9, 1.0)], closes, settles_hour=14, later=later)
    assert both.tables["orders"]["legs"].tolist() == ["1:-1;9:1", "9:-1"]
    assert both.tables["trades"]["exit_reason"].tolist() == ["pending_settlement"]


def test_coin_option_pays_the_inverse_payoff_at_the_delivery_price(factory) -> None:
    capital = {"base_currency": "BTC", "amount": 10.0}
    result = run(
        factory,
        "coin",
        [CALL],
        {0: 100.0, EXPIRY: 140.0, 7: 90.0},
        settlement={EXPIRY: 125.0},
        settles_hour=8,
        capital=capital,
    )
    assert events(result) == [("cash_settlement", pytest.approx(-0.2))]  # 25 / 125 coins
    assert result.totals["nav_end"] == pytest.approx(10.0 + 1.0 - 0.2)
    assert result.tables["equity"]["nav_usd"][-1] == pytest.approx(10.8 * 90.0)


def test_coin_option_without_a_delivery_price_stops_the_run(factory) -> None:
    capital = {"base_currency": "BTC", "amount": 10.0}
    closes = {0: 100.0, EXPIRY: 140.0, 7: 90.0}
    with pytest.raises(UnsettledOptionError, match="delivery price of U for 2024-01-12"):
        run(factory, "coin", [CALL], closes, settles_hour=8, capital=capital)


def test_coin_option_leaves_before_expiry_where_the_study_says_so(factory) -> None:
    settles = (factory.MONDAY + EXPIRY) * factory.DAY_US + 8 * factory.HOUR_US
    rows = [
        factory.quote(
            d, c, expiry=e, settles_us=settles if c == 1 else settles + 9 * factory.DAY_US, multiplier=1.0
        )
        for d in range(7)
        for c, e in ((1, EXPIRY), (9, 13))
        if not (c == 1 and d >= EXPIRY)
    ]
    for lag, filled_on in ((0, 3), (1, 3)):
        result = run_backtest(
            factory.study(
                capital={"base_currency": "BTC", "amount": 10.0},
                execution={"lag_snapshots": lag},
                settlement={"exit_before_expiry_days": 1},
            ),
            factory.chain_of(rows),
            factory.underlying_of({0: 100.0}),
            [],
            factory.terms("coin"),
            strategy=factory.Scripted({0: [open_package(CALL)]}),
        )
        orders = result.tables["orders"]
        assert orders["reason"].tolist() == ["entry", "exit_before_expiry"]
        assert orders["arrives_us"][1] == rows[0]["ts_us"] + filled_on * factory.DAY_US


def test_a_package_of_which_one_leg_was_paid_out_is_not_called_expired(factory) -> None:
    result = run(factory, "index_pm", (CALL, PUT), {0: 100.0, EXPIRY: 103.0})
    assert result.tables["events"]["kind"].tolist() == ["cash_settlement", "expiry"]
    assert result.tables["trades"]["exit_reason"].tolist() == ["cash_settlement"]


@pytest.mark.parametrize(("gap_minutes", "settled"), [(1, True), (2, False)])
def test_coin_option_settles_on_the_average_of_the_last_half_hour_where_the_study_says_so(
    factory, gap_minutes: int, settled: bool
) -> None:
    settles = (factory.MONDAY + EXPIRY) * factory.DAY_US + 8 * factory.HOUR_US
    minute = factory.HOUR_US // 60
    offsets = [-600, *range(-30, 1, gap_minutes)]
    rows = []
    for m in offsets:
        spot = 100.0 if m < -30 else 110.0 if m < -15 else 140.0 if m < 0 else 500.0
        ts = settles + m * minute
        day = ts // factory.DAY_US - factory.MONDAY
        for contract, until in ((1, settles), (9, settles + 30 * factory.DAY_US)):
            if ts < until:
                rows.append(
                    factory.quote(
                        int(day), contract, ts_us=ts, known_at_us=ts, expiry=EXPIRY if contract == 1 else 34,
                        settles_us=until, multiplier=1.0, spot=spot, bid=0.09, ask=0.11,
                    )
                )  # fmt: skip

    def settle():
        return run_backtest(
            factory.study(
                capital={"base_currency": "BTC", "amount": 10.0},
                settlement={"proxy": "index_average"},
                execution={"lag_snapshots": 0, "slippage_fraction": 0.0},
            ),
            factory.chain_of(rows),
            factory.underlying_of({0: 100.0}),
            [],
            factory.terms("coin"),
            strategy=factory.Scripted({0: [open_package(CALL)]}),
        )

    if not settled:
        with pytest.raises(UnsettledOptionError, match="the proxy index_average has no price"):
            settle()
        return
    result = settle()
    assert "settled_by_proxy" in result.flags
    # half the window at 110 and half at 140: 125, and 25 / 125 coins
    assert events(result)[1] == ("cash_settlement", pytest.approx(-0.2))


def test_a_leg_that_expires_worthless_does_not_hide_an_early_assignment(factory) -> None:
    spots = {0: 80.0, 1: 80.0, EXPIRY: 80.0, 7: 80.0}
    rows = []
    for d, spot in spots.items():
        if d < EXPIRY:
            rows.append(factory.quote(d, 1, expiry=EXPIRY, spot=spot, bid=0.01, ask=0.03))
            rows.append(factory.quote(d, 2, expiry=EXPIRY, spot=spot, right=1, bid=19.9, ask=20.0))
        rows.append(factory.quote(d, 9, expiry=40, spot=spot))
    # the put brings the shares that were sold short, then the call ends
    result = run(factory, "stock", (LegIntent(SHARES, -100.0), CALL, PUT), spots, rows=rows)
    assert [e[0] for e in events(result)] == ["early_assignment", "expiry"]
    assert result.tables["trades"]["exit_reason"].tolist() == ["early_assignment"]
