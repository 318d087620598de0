"""Counters: the compiled loop, the same loop as it is written, and numpy agree on any table."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resources.data_quality import quote_counts
from resources.data_quality.quote_counts import count_quotes, snapshot_bounds
from resources.data_quality.quote_kernel import COUNTERS, compiled, count_rows
from resources.universe import QualitySpec

DAY = dt.date(2026, 7, 22)
SPEC = QualitySpec()
COIN = {"quote_currency": "BTC", "settlement_currency": "BTC", "settlement_time": "08UTC"}

PRICES = st.sampled_from([None, 0.0, -1.0, 0.05, 1.0, 1.0, 2.0, 150.0, float("nan"), float("inf")])
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "snapshot_id": st.sampled_from([0, 1, 2]),
            "root": st.sampled_from(["SPY", "SPY1"]),
            "expiry": st.sampled_from([dt.date(2026, 7, 21), DAY, dt.date(2026, 8, 21)]),
            "right": st.sampled_from("CP"),
            "strike": st.sampled_from([0.0, 90.0, 100.0]),
            "bid": PRICES,
            "ask": PRICES,
            "spot": st.sampled_from([None, 0.0, 100.0, 40_000.0]),
            "vendor_forward": st.sampled_from([None, 41_000.0]),
        }
    ),
    max_size=24,
)


def in_order(rows):
    return sorted(rows, key=lambda r: (r["snapshot_id"], r["expiry"], r["right"], r["strike"]))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, coin=st.booleans(), skip=st.integers(0, 9))
def test_the_loop_counts_what_numpy_counts(quote, table, rows, coin, skip):
    quotes = table([quote(**row, **(COIN if coin else {})) for row in in_order(rows)])
    quotes = quotes.slice(min(skip, quotes.num_rows))  # an offset that is no multiple of eight
    with np.errstate(invalid="ignore", over="ignore"):
        looped = count_quotes(quotes, DAY, SPEC, count=count_rows)
    counted = count_quotes(quotes, DAY, SPEC)
    for name in COUNTERS:
        assert looped.of(name).tolist() == counted.of(name).tolist(), name


def test_the_compiled_loop_is_the_loop(quote, table, chain):
    spoiled = [
        quote(strike=float(k), bid=b) for k in range(90, 130) for b in (None, 5.0, 6.0, 0.0, -1.0, 200.0)
    ]
    for quotes in (chain(), table(spoiled), table(spoiled).slice(3)):
        fast = count_quotes(quotes, DAY, SPEC, count=compiled())
        assert fast.values.tolist() == count_quotes(quotes, DAY, SPEC, count=count_rows).values.tolist()
    assert fast.of("crossed").sum() > 0


def test_threads_share_the_snapshots_and_change_no_number(chain, monkeypatch):
    quotes = pa.concat_tables([chain(snapshot_id=n, bid=5.0 + n) for n in range(7)]).unify_dictionaries()
    alone = count_quotes(quotes, DAY, SPEC, count=compiled())
    monkeypatch.setattr(quote_counts, "_ROWS_A_THREAD", 100)
    shared = count_quotes(quotes, DAY, SPEC, count=compiled())
    assert shared.values.tolist() == alone.values.tolist()
    assert len(set(alone.of("crossed").tolist())) > 1


def test_rows_out_of_order_are_told(quote, table):
    quotes = table([quote(strike=100.0), quote(strike=90.0)])
    for count in (None, count_rows):
        assert count_quotes(quotes, DAY, SPEC, count=count).of("unsorted").tolist() == [1]


def test_snapshots_that_lie_apart_are_refused(quote, table):
    rows = [quote(strike=90.0 + n, snapshot_id=i) for n, i in enumerate((0, 1, 0))]
    with pytest.raises(ValueError, match="sort the table by ts"):
        snapshot_bounds(table(rows))
    starts, stops = snapshot_bounds(table([rows[0], rows[2], rows[1]]))
    assert (starts.tolist(), stops.tolist()) == ([0, 2], [2, 3])


def test_chunks_count_as_one_table(chain):
    whole = pa.concat_tables([chain(), chain(root="SPY1")])
    assert whole.column("bid").num_chunks == 2
    assert (
        count_quotes(whole.combine_chunks(), DAY, SPEC).values.tolist()
        == count_quotes(whole, DAY, SPEC).values.tolist()
    )
