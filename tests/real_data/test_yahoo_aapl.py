"""AAPL around Thanksgiving 2025 from Yahoo's chains, through the assets: counted as the facts say."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tests.real_data.conftest import Ingested, example_universe, ingest

pytestmark = pytest.mark.real_data

UNIVERSE = "yahoo_aapl_2025_11"
SESSIONS = ["2025-11-25", "2025-11-26", "2025-11-28", *(f"2025-12-0{day}" for day in range(1, 6))]
COLUMNS = ["symbol", "expiry", "ts", "last_trade_ts", "bid", "ask", "last", "volume", "spot", "vendor_iv"]


@pytest.fixture(scope="module")
def yahoo(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingested]:
    universe = example_universe(UNIVERSE)
    with ingest(real_data, tmp_path_factory.mktemp("yahoo"), [universe]) as result:
        yield result


def received(yahoo: Ingested, day: str) -> pa.Table:
    """What was kept of a session and what was quarantined, together."""
    layers = ("validated_quotes", "quarantined_quotes")
    tables = [yahoo.rows(UNIVERSE, layer, day, "AAPL").select(COLUMNS) for layer in layers]
    return pa.concat_tables(tables, promote_options="permissive").unify_dictionaries()


def test_every_session_has_the_counts_of_the_facts(yahoo, facts) -> None:
    for day in SESSIONS:
        fact = facts["yfinance_aapl_2025_11"]["by_file"][f"AAPL/{day}"]
        table = received(yahoo, day)
        bid, ask = (table[c].to_numpy() for c in ("bid", "ask"))
        spots = table["spot"].unique().to_pylist()
        found = {
            "rows": table.num_rows,
            # a missing offer is null here; the facts count a bid above an offer of 0 as crossed
            "crossed": int(np.sum((bid > ask) | ((bid > 0) & np.isnan(ask)))),
            "bid_zero": int(np.isnan(bid).sum()),
            "both_zero": int((np.isnan(bid) & np.isnan(ask)).sum()),
            "iv_below_0p001": table["vendor_iv"].null_count,
            "last_trade_max_utc": pc.max(table["last_trade_ts"]).as_py().strftime("%Y-%m-%d %H:%M:%S"),
            "spot": round(spots[0], 6),
        }
        assert found == {name: fact[name] for name in found}, day
        assert len(spots) == 1 and fact["xnys_session"] and fact["bid_nan"] == 0


def test_thanksgiving_is_kept_apart_as_it_was_received(yahoo, facts) -> None:
    assert list(yahoo.statuses(UNIVERSE, "validated_quotes")) == SESSIONS
    assert not facts["yfinance_aapl_2025_11"]["by_file"]["AAPL/2025-11-27"]["xnys_session"]
    store = yahoo.folder / UNIVERSE / "off_calendar_quotes"
    records = sorted(p for p in store.rglob("*.json") if "2025-11-27" in p.as_posix())
    assert len(records) == 1
    assert not list((yahoo.folder / UNIVERSE / "raw_quotes").rglob("2025-11-27*"))


def test_the_half_day_is_true_at_its_early_close_and_goes_on(yahoo) -> None:
    table = received(yahoo, "2025-11-28")
    assert table["ts"].unique().to_pylist() == [dt.datetime(2025, 11, 28, 18, 0, tzinfo=dt.UTC)]
    status = yahoo.status(UNIVERSE, "validated_quotes", "2025-11-28").underlyings["AAPL"]
    assert status.status == "ok"
    # crossed quotes went to quarantine, and nothing else did
    reasons = yahoo.rows(UNIVERSE, "quarantined_quotes", "2025-11-28", "AAPL")["reasons"].to_pylist()
    assert {reason for row in reasons for reason in row} == {"crossed"}
    assert len(reasons) == 16


def test_own_volatilities_have_the_carry_that_yahoo_leaves_out(yahoo) -> None:
    """Yahoo's calls lie about 7 points above its puts; with the forward of parity both agree, at their middle."""
    chain = yahoo.rows(UNIVERSE, "option_chain", "2025-12-02", "AAPL")
    assert chain["vendor_iv"].null_count == 57
    moneyness = pc.divide(chain["strike"], chain["spot"])
    near = chain.filter(
        pc.and_(
            pc.and_(pc.greater(moneyness, 0.95), pc.less(moneyness, 1.05)),
            pc.and_(pc.greater(chain["year_fraction"], 0.2), pc.less(chain["year_fraction"], 1.2)),
        )
    )
    pairs: dict[tuple, dict[str, dict]] = {}
    for row in near.select(["expiry", "strike", "right", "iv", "vendor_iv"]).to_pylist():
        pairs.setdefault((row["expiry"], row["strike"]), {})[row["right"]] = row
    both = [pair for pair in pairs.values() if len(pair) == 2 and all(r["iv"] for r in pair.values())]
    assert len(both) > 30
    own, vendor = (
        np.array([[pair[right][name] for right in "CP"] for pair in both]) for name in ("iv", "vendor_iv")
    )
    assert np.median(np.abs(own[:, 0] - own[:, 1])) < 0.002
    assert 0.05 < np.median(vendor[:, 0] - vendor[:, 1]) < 0.1
    assert np.abs(own.mean(axis=1) - vendor.mean(axis=1)).max() < 0.015
