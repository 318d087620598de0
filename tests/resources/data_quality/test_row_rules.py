"""Each row rule catches its defect and leaves its neighbour alone; no row is ever lost."""

import datetime as dt
import math

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resources.data_quality.columns import QuoteTableError
from resources.data_quality.row_rules import ROW_RULES, apply_row_rules
from resources.schemas import QUARANTINE_SCHEMA, QUOTE_SCHEMA
from resources.universe import QualitySpec

DAY = dt.date(2026, 7, 22)
SPEC = QualitySpec()
UTC = dt.UTC
NAN, INF = math.nan, math.inf
COIN = {
    "quote_currency": "BTC",
    "settlement_currency": "BTC",
    "settlement_time": "08UTC",
    "spot": 40_000.0,
    "strike": 30_000.0,
}

# rule, fields that break it, fields next to it that are sound
CASES = [
    ("missing_key", {"strike": None}, {"strike": 0.5, "spot": 9.0}),
    ("missing_key", {"root": None}, {"root": "SPY1"}),
    ("missing_key", {"root": ""}, {"root": "X"}),
    ("missing_key", {"expiry": None, "last_trade_date": DAY, "settles_at": dt.datetime(2026, 8, 1, tzinfo=UTC)}, {}),
    ("missing_key", {"underlying": None}, {}),
    ("missing_key", {"trade_date": None}, {}),
    ("missing_time", {"ts": None}, {"quote_ts": None}),
    ("missing_time", {"known_at": None}, {"last_trade_ts": None}),
    ("missing_time", {"settles_at": None}, {}),
    ("missing_term", {"style": None}, {"style": "E"}),
    ("missing_term", {"multiplier": None}, {"vendor_iv": None}),
    ("missing_term", {"source": None}, {"spot": None}),
    ("unknown_right", {"right": "X"}, {"right": "P"}),
    ("other_trade_date", {"trade_date": dt.date(2026, 7, 21)}, {"trade_date": DAY}),
    ("nan_value", {"bid": NAN}, {"bid": None}),
    ("nan_value", {"mark": NAN}, {"mark": None}),
    ("nan_value", {"vendor_gamma": NAN}, {"vendor_gamma": None}),
    ("nan_value", {"spot": NAN}, {"spot": None}),
    ("not_finite", {"ask": INF}, {"ask": 1e6}),
    ("not_finite", {"open_interest": INF}, {"open_interest": 1e9}),
    ("negative_price", {"bid": -1.0}, {"bid": 0.01}),
    ("negative_price", {"last": -0.01}, {"last": 0.0}),
    ("negative_price", {"mark": -0.01}, {"mark": 0.0}),
    ("zero_quote", {"bid": 0.0}, {"bid": None}),
    ("zero_quote", {"ask": 0.0, "bid": None}, {"ask": None, "bid": 5.0}),
    ("negative_amount", {"volume": -1.0}, {"volume": 0.0}),
    ("negative_amount", {"bid_size": -1.0}, {"bid_size": 0.1}),
    ("zero_strike", {"strike": 0.0}, {"strike": 0.01}),
    ("zero_strike", {"strike": -5.0}, {"strike": 92.142857}),
    ("bad_multiplier", {"multiplier": 0.0}, {"multiplier": 0.1}),
    ("bad_spot", {"spot": 0.0}, {"spot": 5.01}),
    ("expired", {"expiry": dt.date(2026, 7, 21)}, {"expiry": DAY}),
    ("expired", {"last_trade_date": dt.date(2026, 7, 21)}, {"last_trade_date": DAY}),
    ("known_too_early", {"known_at": dt.datetime(2026, 7, 22, 20, 14, tzinfo=UTC)}, {}),
    ("crossed", {"bid": 5.3}, {"bid": 5.2}),
    ("absurd_price", {"bid": 102.01, "ask": 103.0}, {"bid": 102.0, "ask": 103.0}),
    ("absurd_price", {"bid": 102.01, "ask": 103.0}, {"bid": 102.01, "ask": 103.0, "spot": None}),
    ("absurd_price", {"bid": 100.5, "ask": 103.0, "right": "P"}, {"bid": 99.9, "ask": 103.0, "right": "P"}),
    ("absurd_price", {**COIN, "bid": 1.01, "ask": 1.02}, {**COIN, "bid": 0.99, "ask": 1.02}),
    # a coin-priced put may cost more than a coin, as long as it costs less than its strike
    (
        "absurd_price",
        {**COIN, "right": "P", "strike": 100_000.0, "bid": 2.51, "ask": 2.6},
        {**COIN, "right": "P", "strike": 100_000.0, "bid": 2.49, "ask": 2.6},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "broken", "sound"), CASES)
def test_rule_catches_its_defect_and_leaves_its_neighbour(rule, broken, sound, quote, table):
    verdict = apply_row_rules(table([quote(**broken)]), DAY, SPEC)
    assert verdict.clean.num_rows == 0
    assert verdict.quarantined.column("reasons").to_pylist() == [[rule]]
    assert verdict.failures[rule] == 1

    verdict = apply_row_rules(table([quote(**sound)]), DAY, SPEC)
    assert verdict.clean.num_rows == 1
    assert sum(verdict.failures.values()) == 0


def test_a_strike_that_is_nan_is_a_missing_key(quote, table):
    verdict = apply_row_rules(table([quote(strike=NAN)]), DAY, SPEC)
    assert verdict.quarantined.column("reasons").to_pylist() == [["missing_key", "nan_value"]]


def test_every_rule_has_a_case():
    own_tests = {"duplicate_contract", "known_too_late"}
    assert {case[0] for case in CASES} | own_tests == set(ROW_RULES)


def test_locked_one_sided_wide_and_empty_quotes_stay(quote, table):
    rows = [
        quote(strike=1.0, bid=5.0, ask=5.0),
        quote(strike=2.0, bid=None),
        quote(strike=3.0, ask=None),
        quote(strike=4.0, bid=None, ask=None),
        quote(strike=5.0, bid=0.01, ask=9.0),
    ]
    assert apply_row_rules(table(rows), DAY, SPEC).clean.num_rows == 5


def test_a_row_keeps_every_reason_in_the_order_of_the_rules(quote, table):
    row = quote(bid=-1.0, ask=-2.0, strike=0.0, expiry=dt.date(2026, 7, 1), volume=NAN)
    verdict = apply_row_rules(table([row]), DAY, SPEC)
    expected = [["nan_value", "negative_price", "zero_strike", "expired", "crossed"]]
    assert verdict.quarantined.column("reasons").to_pylist() == expected


def test_quarantined_rows_keep_their_values_and_required_fields_are_never_null(quote, table):
    rows = table(
        [quote(underlying=None, source=None, trade_date=None, bid=-7.0), quote(strike=0.0), quote(strike=1.0)]
    )
    verdict = apply_row_rules(rows, DAY, SPEC)
    assert verdict.quarantined.schema.equals(QUARANTINE_SCHEMA)
    kept = verdict.quarantined.to_pylist()
    assert [row["underlying"] for row in kept] == ["(unknown)", "SPY"]
    assert [row["source"] for row in kept] == ["(unknown)", "hand"]
    assert [row["trade_date"] for row in kept] == [DAY, DAY]
    assert kept[0]["bid"] == -7.0
    assert kept[0]["raw"] is None
    assert verdict.clean.schema.equals(QUOTE_SCHEMA)


def test_equal_copies_leave_one(quote, table):
    verdict = apply_row_rules(table([quote(), quote(strike=1.0), quote(), quote()]), DAY, SPEC)
    assert verdict.clean.column("strike").to_pylist() == [100.0, 1.0]
    assert verdict.failures["duplicate_contract"] == 2


def test_copies_that_disagree_all_go(quote, table):
    rows = [quote(), quote(), quote(ask=5.3), quote(strike=1.0)]
    verdict = apply_row_rules(table(rows), DAY, SPEC)
    assert verdict.clean.column("strike").to_pylist() == [1.0]
    assert verdict.failures["duplicate_contract"] == 3


@pytest.mark.parametrize("column", ["open_interest", "harvest_id", "last_trade_ts", "vendor_iv"])
def test_copies_that_differ_in_any_column_disagree(column, quote, table):
    other = {
        "open_interest": None,
        "harvest_id": "h2",
        "last_trade_ts": None,
        "vendor_iv": math.nextafter(0.2, 1.0),
    }[column]
    assert apply_row_rules(table([quote(), quote(**{column: other})]), DAY, SPEC).clean.num_rows == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"root": "SPXW"},
        {"expiry": dt.date(2026, 9, 18)},
        {"right": "P"},
        {"strike": 100.5},
        {"ts": dt.datetime(2026, 7, 22, 19, 0, tzinfo=UTC)},
    ],
)
def test_rows_that_differ_in_one_part_of_the_key_are_no_duplicates(fields, quote, table):
    assert apply_row_rules(table([quote(), quote(**fields)]), DAY, SPEC).clean.num_rows == 2


def test_the_same_contract_in_tables_of_several_chunks_is_found(quote, table):
    chunks = pa.concat_tables(
        [table([quote(root="A"), quote(root="B")]), table([quote(root="B"), quote(root="A")])]
    )
    verdict = apply_row_rules(chunks, DAY, SPEC)
    assert verdict.clean.column("root").to_pylist() == ["A", "B"]
    assert verdict.failures["duplicate_contract"] == 2


def test_an_empty_table_has_nothing_to_quarantine(table):
    verdict = apply_row_rules(QUOTE_SCHEMA.empty_table(), DAY, SPEC)
    assert verdict.clean.num_rows == verdict.quarantined.num_rows == 0


def test_a_table_without_a_column_or_with_another_type_is_refused(quote, table):
    sound = table([quote()])
    with pytest.raises(QuoteTableError, match=r"missing \['ask'\]"):
        apply_row_rules(sound.drop_columns(["ask"]), DAY, SPEC)
    with pytest.raises(QuoteTableError, match="strike is string, not double"):
        cast = sound.set_column(sound.column_names.index("strike"), "strike", pa.array(["100"]))
        apply_row_rules(cast, DAY, SPEC)


NUMBERS = st.sampled_from([None, NAN, INF, -1.0, 0.0, 0.5, 5.0, 5.1, 300.0])
DATES = st.sampled_from([None, dt.date(2026, 7, 21), DAY, dt.date(2026, 8, 21)])
TIMES = st.sampled_from(
    [None, dt.datetime(2026, 7, 22, 20, 15, tzinfo=UTC), dt.datetime(2026, 7, 22, 20, 0, tzinfo=UTC)]
)
TEXT = st.sampled_from([None, "", "SPY", "SPXW"])
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "underlying": TEXT,
        "root": TEXT,
        "source": TEXT,
        "right": st.sampled_from([None, "C", "P", "X"]),
        "trade_date": DATES,
        "last_trade_date": DATES,
        "ts": TIMES,
        "known_at": TIMES,
        "strike": NUMBERS,
        "bid": NUMBERS,
        "ask": NUMBERS,
        "last": NUMBERS,
        "volume": NUMBERS,
        "spot": NUMBERS,
    },
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(FIELDS, max_size=12))
def test_no_row_is_lost_and_what_is_clean_stays_clean(quote, table, fields):
    rows = table([quote(symbol=str(number), **row) for number, row in enumerate(fields)])
    verdict = apply_row_rules(rows, DAY, SPEC)
    symbols = verdict.clean.column("symbol").to_pylist() + verdict.quarantined.column("symbol").to_pylist()
    assert sorted(symbols, key=int) == [str(number) for number in range(len(fields))]
    assert all(verdict.quarantined.column("reasons").to_pylist())
    again = apply_row_rules(verdict.clean, DAY, SPEC)
    assert again.quarantined.num_rows == 0
    assert again.clean.equals(verdict.clean)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from([90.0, 95.0]), st.sampled_from([5.0, 5.1, None])), max_size=8))
def test_the_verdict_on_duplicates_is_that_of_comparing_all_pairs(quote, table, pairs):
    rows = [quote(strike=strike, bid=bid) for strike, bid in pairs]
    kept = []
    for position, row in enumerate(rows):
        copies = [other for other in rows if other["strike"] == row["strike"]]
        alike = all(other == row for other in copies)
        if len(copies) == 1 or (alike and rows.index(row) == position):
            kept.append(position)
    verdict = apply_row_rules(table(rows), DAY, SPEC)
    assert verdict.clean.num_rows == len(kept)
    assert verdict.clean.to_pylist() == table([rows[position] for position in kept]).to_pylist()


def test_a_quote_known_after_the_decision_that_would_use_it_is_quarantined(quote, table):
    close = dt.datetime(2026, 7, 22, 20, 15, tzinfo=UTC)
    on_time, late = close + dt.timedelta(minutes=15), close + dt.timedelta(minutes=17)
    rows = table([quote(strike=1.0, known_at=on_time), quote(strike=2.0, known_at=late)])
    judged = apply_row_rules(rows, DAY, SPEC, known_after_minutes=15)
    assert judged.quarantined.column("strike").to_pylist() == [2.0]
    assert judged.quarantined.column("reasons").to_pylist() == [["known_too_late"]]
    assert apply_row_rules(rows, DAY, SPEC, known_after_minutes=17).clean.num_rows == 2
    # no delay declared: nothing to be late for
    assert apply_row_rules(rows, DAY, SPEC).clean.num_rows == 2


@pytest.mark.parametrize(("severity", "kept", "counted"), [("warning", 2, 1), ("info", 2, 1), ("off", 2, 0)])
def test_a_rule_that_is_not_critical_lets_its_rows_stay(severity, kept, counted, quote, table):
    spec = QualitySpec.model_validate({"checks": {"zero_quote": {"severity": severity}}})
    rows = table([quote(strike=1.0, bid=0.0), quote(strike=2.0), quote(strike=3.0, bid=9.0, ask=8.0)])
    judged = apply_row_rules(rows, DAY, spec)
    assert judged.clean.num_rows == kept
    assert judged.quarantined.column("reasons").to_pylist() == [["crossed"]]
    assert (judged.failures["zero_quote"], judged.failures["crossed"]) == (counted, 1)


@pytest.mark.parametrize(("rule", "broken"), [(case[0], case[1]) for case in CASES])
def test_no_defect_slips_through_the_counters(rule, broken, quote, table):
    """The counters decide whether rows are looked at: each rule's case must wake them, wherever it stands."""
    rows = [quote(strike=50.0 + n) for n in range(3)]
    for position in range(3):
        planted = [{**row, **broken} if n == position else row for n, row in enumerate(rows)]
        assert apply_row_rules(table(planted), DAY, SPEC).failures[rule] == 1
    assert apply_row_rules(table(rows), DAY, SPEC).flags == {}
