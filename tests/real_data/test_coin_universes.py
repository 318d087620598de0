"""Bitcoin options of June 2021 and spring 2026, from the layers: counted and solved as the facts say."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

pytestmark = pytest.mark.real_data

JUNE, SPRING = "btc_2021_06", "deribit_btc_2026"
COLUMNS = ["trade_date", "symbol", "expiry", "strike", "right", "ts", "bid", "ask", "volume", "vendor_iv"]


def received(ingested, universe: str) -> list[pa.Table]:
    """By day, what was kept and what was quarantined, together."""
    return [
        pa.concat_tables(
            [
                ingested.rows(universe, layer, day, "BTC").select(COLUMNS)
                for layer in ("validated_quotes", "quarantined_quotes")
            ],
            promote_options="permissive",
        )
        for day in ingested.statuses(universe, "validated_quotes")
    ]


def test_the_counts_of_june_2021_are_those_of_the_facts(ingested, facts) -> None:
    fact = facts["optionsdx_btc_2021_06"]
    days = received(ingested, JUNE)
    table = pa.concat_tables(days).unify_dictionaries()
    bid, ask = np.isnan(table["bid"].to_numpy()), np.isnan(table["ask"].to_numpy())
    found = {
        "rows": table.num_rows,
        "days": len(days),
        "first": pc.min(table["trade_date"]).as_py().isoformat(),
        "last": pc.max(table["trade_date"]).as_py().isoformat(),
        "instruments": len(table["symbol"].unique()),
        "expiries": len(table["expiry"].unique()),
        "bid_zero": int(bid.sum()),
        "ask_zero": int(ask.sum()),
        "both_zero": int((bid & ask).sum()),
        "ask_zero_bid_pos": int((ask & ~bid).sum()),
        "two_sided": int((~bid & ~ask).sum()),
        "volume_blank": table["volume"].null_count,
        "mark_iv_max": round(pc.max(table["vendor_iv"]).as_py() * 100, 2),
        "expiring_same_day": pc.sum(pc.equal(table["expiry"], table["trade_date"])).as_py(),
        "rows_first_day": days[0].num_rows,
        "rows_last_day": days[-1].num_rows,
    }
    assert found == {key: fact[key] for key in found}


def test_the_forwards_and_volatilities_of_june_2021_are_those_of_the_facts(ingested, facts) -> None:
    for fact in facts["optionsdx_btc_2021_06"]["parity"]:
        table = ingested.rows(JUNE, "option_chain", fact["date"], "BTC")
        of_expiry = table.filter(pc.equal(table["expiry"], pa.scalar(dt.date.fromisoformat(fact["expiry"]))))
        assert of_expiry.num_rows == fact["n"]
        at_strike = of_expiry.filter(pc.equal(of_expiry["strike"], fact["K_atm"])).to_pylist()
        assert [row["right"] for row in at_strike] == ["C", "P"]
        for row in at_strike:
            assert row["forward"] == pytest.approx(fact["F_vendor_median"], abs=0.01)
            assert row["forward"] == pytest.approx(fact["F_parity_median"], rel=5e-4)
            assert row["year_fraction"] == pytest.approx(fact["T_years"], abs=1e-6)
            assert row["iv"] == pytest.approx(fact["ivC_mid" if row["right"] == "C" else "ivP_mid"], abs=1e-4)


def test_all_76_days_of_spring_2026_are_kept_and_no_row_is_lost(ingested) -> None:
    statuses = ingested.statuses(SPRING, "validated_quotes")
    assert [s.underlyings["BTC"].status for s in statuses.values()] == ["ok"] * 76
    assert sum(t.num_rows for t in received(ingested, SPRING)) == 69_396
    kept = sum(s.rows for s in statuses.values())
    assert kept == sum(s.rows for s in ingested.statuses(SPRING, "option_chain").values())


def test_no_forward_of_a_coin_expiry_strays_from_the_index(ingested) -> None:
    for universe in (JUNE, SPRING):
        for day in ingested.statuses(universe, "option_chain"):
            table = ingested.rows(universe, "option_chain", day, "BTC")
            ratio = table["forward"].to_numpy() / np.nanmedian(table["spot"].to_numpy())
            assert np.nanmin(ratio) > 0.9 and np.nanmax(ratio) < 1.25, (universe, day)
