"""The example studies on real data: what they did is what a trader would recognise."""

import numpy as np
import pytest

from assets.study_results import load_result
from assets.walk_forward import read_stitched
from assets.walk_forward_window import load_window, study_windows

pytestmark = pytest.mark.real_data

STUDIES = {"spy_covered_call": 1, "btc_short_strangle_2021": 3, "deribit_btc_short_strangle": 6}


@pytest.fixture(params=STUDIES)
def finished(request, ingested):
    """A study's specification, result and record."""
    study = ingested.catalog.study(request.param)
    return study, *load_result(ingested.lake, study, "backtest", "full")


def test_each_study_trades_and_ends_flat_in_cash(finished) -> None:
    study, result, _ = finished
    trades, legs, totals = result.tables["trades"], result.tables["trade_legs"], result.totals
    assert len(trades["pnl"]) >= STUDIES[study.name]
    assert len(legs["instrument"]) == 2 * len(trades["pnl"])
    assert not np.isnan(legs["exit_price"]).any(), "a leg was left behind"
    assert totals["nav_end"] == pytest.approx(totals["nav_start"] + trades["pnl"].sum(), abs=1e-9)
    assert totals["pnl_at_mid"] >= totals["pnl"] >= totals["pnl_at_worst"] - 1e-9
    assert result.coverage["coverage"] == 1.0


def test_each_fill_is_at_the_touch_of_a_quote_of_that_day(finished) -> None:
    study, result, _ = finished
    fills = result.tables["fills"]
    options = fills["contract_id"] != 0
    bought = fills["quantity"] > 0
    side = np.where(bought, fills["ask"], fills["bid"])
    assert fills["price"] == pytest.approx(side)
    assert set(fills["grade"][options]) <= set(study.execution.fill_grades)
    sold = options & ~bought
    # what is sold to open is worth selling, and an option is worth less than the underlying
    assert (fills["price"][sold] > 0.001).all()
    limit = 1.0 if study.capital.base_currency == "BTC" else 1000.0
    assert (fills["price"][options] < limit).all()


def test_no_position_of_the_index_sessions_that_were_blocked_was_marked(ingested) -> None:
    study = ingested.catalog.study("spy_covered_call")
    result, _ = load_result(ingested.lake, study, "backtest", "full")
    days = result.tables["equity"]["trade_days"].astype("datetime64[D]").astype(str).tolist()
    assert days == [f"2026-07-{d}" for d in (22, 24, 27, 28, 29, 30, 31)]
    # the order of the 22nd fills at the next session that exists, at that session's quotes
    fills = result.tables["fills"]
    assert fills["price"][0] == 738.93 and fills["instrument"][1].startswith("SPY260821C")


@pytest.mark.parametrize("name", ["btc_short_strangle_2021", "deribit_btc_short_strangle"])
def test_no_coin_option_is_held_into_an_expiry_without_a_delivery_price(ingested, name) -> None:
    study = ingested.catalog.study(name)
    result, _ = load_result(ingested.lake, study, "backtest", "full")
    trades, legs = result.tables["trades"], result.tables["trade_legs"]
    exit_day = dict(zip(trades["package_id"], trades["exit_us"] // 86_400_000_000, strict=True))
    for package, expiry in zip(legs["package_id"], legs["expiry_days"], strict=True):
        assert exit_day[package] <= expiry - study.settlement.exit_before_expiry_days
    assert set(trades["exit_reason"]) <= {"profit_target", "loss_multiple", "loss_limit", "max_loss_per_trade",
                                          "max_daily_loss", "exit_before_expiry", "exit_days_to_expiry",
                                          "end_of_period"}  # fmt: skip


def test_the_walk_forward_of_spring_2026_is_out_of_sample_and_complete(ingested) -> None:
    study = ingested.catalog.study("deribit_btc_short_strangle")
    windows = study_windows(study)
    assert [w.key for w in windows] == ["2026-04", "2026-05"]
    for window in windows:
        result, record = load_window(study, ingested.lake, window.key)
        assert len(result.trials) == 3 and {t.status.value for t in result.trials} == {"completed"}
        best = max(t.objective for t in result.trials)
        assert result.chosen.objective == best
        assert len(result.test_trade_pnl) >= 2
        days = {p.split("/")[2] for p in record["inputs"]["files"]}
        assert days == {w.isoformat() for w in {window.train_start.replace(day=1), window.test_start}}
    stitched = read_stitched(study, ingested.lake)
    assert stitched is not None and stitched["metrics"]["trade_count"] >= 4
