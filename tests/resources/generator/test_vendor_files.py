"""Files look like the vendors' own, and are plausible as a market."""

import csv
import datetime as dt
import gzip
import io
import itertools
import math
import os
import zlib
from pathlib import Path

import numpy as np
import pyarrow.csv as pacsv
import pytest

from resources.generator.demo_markets import DEMO_INDEX, DEMO_STOCK


def rows_of(path: Path) -> list[dict[str, str]]:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return list(csv.DictReader(data.decode().splitlines()))


def chain(folder: Path, day: str, universe: str = "demo_index", symbol: str = "OPX"):
    raw = gzip.decompress((folder / universe / "chains" / symbol / f"{day}.csv.gz").read_bytes())
    return pacsv.read_csv(io.BytesIO(raw), convert_options=pacsv.ConvertOptions(strings_can_be_null=False))


def test_every_planted_defect_is_on_record_and_in_its_file(demo_set):
    folder, summaries, _ = demo_set
    for name, summary in summaries.items():
        planted = rows_of(folder / name / "planted_defects.csv")
        assert len(planted) == sum(summary.defects.values())
        for row in planted:
            day, symbol, kind = row["date"], row["underlying"], row["defect"]
            relative = f"surfaces/{day}.csv.gz" if name == "demo_coin" else f"chains/{symbol}/{day}.csv.gz"
            path = folder / name / relative
            assert path.exists() == (kind != "missing_day")
            if kind == "truncated_file":
                with pytest.raises((EOFError, zlib.error)):
                    gzip.decompress(path.read_bytes())
            if kind in ("crossed_quotes", "one_sided_quotes", "duplicate_rows"):
                quotes = rows_of(path)
                crossed = sum(float(q["bid"]) > float(q["ask"]) for q in quotes)
                copies = len(quotes) - len({tuple(q.values()) for q in quotes})
                assert crossed == (12 if kind == "crossed_quotes" else 0)
                assert copies == (12 if kind == "duplicate_rows" else 0)


def test_a_repeated_day_holds_the_session_before_and_its_payload_time_says_so(demo_set):
    folder, _, _ = demo_set
    before, repeat = (rows_of(folder / f"demo_index/chains/OPX/2025-06-{d}.csv.gz") for d in (10, 11))
    assert [dict(r, session_date="") for r in before] == [dict(r, session_date="") for r in repeat]
    assert {r["session_date"] for r in repeat} == {"2025-06-11"}
    lines = {r["session_date"]: r for r in rows_of(folder / "demo_index/underlying.csv")}
    assert lines["2025-06-11"]["payload_timestamp"] == "2025-06-11 01:14:35"
    assert lines["2025-06-11"]["close"] == lines["2025-06-10"]["close"]
    coin = folder / "demo_coin/surfaces"
    assert (coin / "2025-10-14.csv.gz").read_bytes() == (coin / "2025-10-13.csv.gz").read_bytes()


def test_trades_lie_within_the_session_and_half_days_end_early(demo_set):
    folder, _, _ = demo_set
    for day, close in (("2024-07-03", "13:15"), ("2024-07-05", "16:15")):
        times = [r["last_trade_time"] for r in rows_of(folder / f"demo_index/chains/OPX/{day}.csv.gz")]
        today = [t for t in times if t.startswith(day)]
        assert len(today) > 0.5 * len(times)
        assert f"{day}T09:30" <= min(today) and max(today) < f"{day}T{close}:00"
        assert all(t == "" or t < f"{day}T{close}:00" for t in times)


def test_row_counts_are_steady_and_equal_quotes_rare(demo_set):
    folder, _, _ = demo_set
    days = [f"2025-02-{d:02d}" for d in (3, 4, 5, 6, 7, 10, 11, 12, 13, 14)]
    tables = [chain(folder, d).to_pydict() for d in days]
    counts = np.array([len(t["option"]) for t in tables])
    assert counts.min() > 1000 and np.abs(np.diff(counts) / counts[:-1]).max() < 0.15
    for earlier, later in itertools.pairwise(tables):
        old = dict(zip(earlier["option"], zip(earlier["bid"], earlier["ask"], strict=True), strict=True))
        new = dict(zip(later["option"], zip(later["bid"], later["ask"], strict=True), strict=True))
        common = old.keys() & new.keys()
        assert sum(old[k] == new[k] for k in common) < 0.2 * len(common)


def test_the_split_divides_strikes_and_prices_and_multiplies_open_interest(demo_set):
    folder, _, _ = demo_set
    split = DEMO_STOCK.split
    assert split is not None
    before, after = (
        {(r["expiry"], r["right"], float(r["strike"])): r for r in rows_of(p)}
        for p in (folder / f"demo_stock/chains/ACME/2025-09-{d}.csv.gz" for d in (12, 15))
    )
    survivors = [k for k in before if k[0] > "2025-09-12"]
    assert survivors
    ratios = []
    for expiry, right, strike in survivors:
        old, new = before[expiry, right, strike], after[expiry, right, math.floor(strike * 25 + 0.5) / 100]
        if float(old["open_interest"]) > 200:
            ratios.append(float(new["open_interest"]) / float(old["open_interest"]))
    assert min(ratios) > 3.9 and np.median(ratios) == pytest.approx(4.0, abs=0.2)
    spots = {r["session_date"]: float(r["close"]) for r in rows_of(folder / "demo_stock/underlying.csv")}
    assert spots["2025-09-15"] == pytest.approx(spots["2025-09-12"] / 4, rel=0.06)
    # contracts listed on the old basis keep their last trade on the new one
    assert all(float(r["last_trade_price"]) < 60 for r in after.values() if float(r["strike"]) < 150)


def test_actions_state_the_split_and_the_dividends_with_the_day_they_were_known(demo_set):
    folder, _, _ = demo_set
    actions = rows_of(folder / "demo_stock/actions.csv")
    assert [(a["effective_date"], a["kind"]) for a in actions] == [
        ("2025-08-08", "cash_dividend"),
        ("2025-09-15", "split"),
        ("2025-11-07", "cash_dividend"),
    ]
    assert all(a["known_at"][:10] < a["effective_date"] for a in actions)
    assert float(actions[2]["cash_amount"]) == pytest.approx(float(actions[0]["cash_amount"]) / 4, abs=0.005)


def test_am_expiries_have_an_opening_print_and_no_quotes_on_their_day(demo_set):
    folder, _, _ = demo_set
    prints = {
        r["date"]: float(r["settlement_price"]) for r in rows_of(folder / "demo_index/settlement_prices.csv")
    }
    opens = {r["session_date"]: float(r["open"]) for r in rows_of(folder / "demo_index/underlying.csv")}
    assert len(prints) == 24 and "2025-04-17" in prints  # Good Friday moved the expiry
    assert all(opens[d] == pytest.approx(p, rel=0.003) for d, p in prints.items())
    options = [r["option"] for r in rows_of(folder / "demo_index/chains/OPX/2025-08-15.csv.gz")]
    assert any(o.startswith("OPXW250815") for o in options)
    assert not any(o.startswith("OPX250815") for o in options)


def test_delivery_prices_lie_between_the_snapshots_around_them(demo_set):
    folder, _, _ = demo_set
    prices = {
        r["date"]: float(r["delivery_price"]) for r in rows_of(folder / "demo_coin/delivery_prices.csv")
    }
    assert len(prices) == 184
    spots = {
        p.name[:10]: float(rows_of(p)[0]["index_price"])
        for p in sorted((folder / "demo_coin/surfaces").glob("2025-09-*.csv.gz"))
    }
    moves = [np.log(prices[d] / s) for d, s in spots.items()]
    assert np.max(np.abs(moves)) < 0.08 and np.std(moves) > 0.002


def test_rates_are_percent_and_begin_before_the_quotes(demo_set):
    folder, _, _ = demo_set
    for series in ("DGS1MO", "DGS3MO", "DGS6MO", "DGS1", "DGS2"):
        rows = rows_of(folder / f"demo_index/rates/{series}.csv")
        assert rows[0]["date"] <= "2023-12-08" and rows[-1]["date"] == "2025-12-31"
        assert all(2.0 < float(r["value"]) < 7.0 for r in rows)


def test_index_and_coin_open_interest_never_exceed_reason(demo_set):
    folder, _, _ = demo_set
    quotes = rows_of(folder / "demo_index/chains/OPX/2025-02-03.csv.gz")
    held = [float(q["open_interest"]) for q in quotes]
    assert sum(h > 0 for h in held) > 0.8 * len(held) and max(held) < 2e5
    assert all(
        float(q["low"]) <= float(q["last_trade_price"]) <= float(q["high"])
        for q in quotes
        if float(q["volume"])
    )


@pytest.mark.real_data
def test_columns_are_those_of_the_real_files(demo_set):
    data = os.environ.get("OPTIX_REAL_DATA")
    if not data:
        pytest.skip("OPTIX_REAL_DATA is not set: the real vendor files are not at hand")
    folder, _, _ = demo_set
    real = Path(data)
    pairs = [
        ("demo_index/chains/OPX/2025-02-03.csv.gz", "g03_cboe_eod_2026_07/chains/_SPX/2026-07-22.csv.gz"),
        ("demo_index/underlying.csv", "g03_cboe_eod_2026_07/underlying.csv"),
        ("demo_coin/surfaces/2025-09-09.csv.gz", "g05_deribit_btc_daily_2026/surfaces/2026-04-27.csv.gz"),
    ]
    for ours, theirs in pairs:
        assert list(rows_of(folder / ours)[0]) == list(rows_of(real / theirs)[0]), ours
    rates = gzip.decompress((real / "g09_reference/fred/DGS1.csv.gz").read_bytes()).decode().splitlines()[0]
    assert (folder / "demo_index/rates/DGS1.csv").read_text().splitlines()[0] == rates


def test_defect_days_are_sessions_without_an_expiry_of_am_options():
    days = {d.day for d in DEMO_INDEX.defects}
    assert all(d.weekday() == 2 for d in days)
    assert dt.date(2025, 3, 12) in days
