"""The profile's numbers, counted by hand."""

import datetime as dt

import pyarrow as pa
import pytest

from resources.data_quality.profile import profile_session
from resources.data_quality.profile_columns import PROFILE_COLUMNS, absent_profile
from resources.data_quality.row_rules import apply_row_rules
from resources.schemas import QUARANTINE_SCHEMA, QUOTE_SCHEMA

WED, THU = dt.date(2026, 7, 22), dt.date(2026, 7, 23)
NEW_YORK = "America/New_York"


@pytest.fixture
def profile(spec, nyse):
    def make(quotes, day=WED, **options):
        verdict = None if quotes is None else apply_row_rules(quotes, day, spec)
        arguments = {
            "trade_date": day,
            "underlying": "SPY",
            "spec": spec,
            "calendar": nyse,
            "timezone": NEW_YORK,
            "quotes": quotes,
            "verdict": verdict,
        }
        return profile_session(**{**arguments, **options})

    return make


def test_counts_of_a_small_chain(profile, quote, table):
    rows = table(
        [
            quote(strike=90.0),
            quote(strike=91.0, bid=5.3),  # crossed
            quote(strike=92.0, bid=5.2),  # locked
            quote(strike=93.0, bid=None),  # one-sided
            quote(strike=94.0, ask=None, spot=None),  # one-sided, spot missing
            quote(strike=95.0, bid=None, ask=None),  # no quote
            quote(strike=96.0, bid=1.0),  # wide
            quote(strike=96.0, bid=1.0),  # the same again
            quote(strike=97.0, expiry=dt.date(2026, 7, 21)),  # expired
            quote(strike=97.0, root="SPY1", right="P"),
        ]
    )
    seen = profile(rows)
    assert {key: seen[key] for key in ("rows", "rows_clean", "rows_quoted", "rows_quarantined")} == {
        "rows": 10,
        "rows_clean": 7,
        "rows_quoted": 6,
        "rows_quarantined": 3,
    }
    assert seen["quarantined_by_rule"] == {"expired": 1, "crossed": 1, "duplicate_contract": 1}
    assert seen["quarantined_fraction"] == pytest.approx(0.3)
    counted = ("crossed", "locked", "one_sided", "no_quote", "wide", "duplicate_keys", "expired")
    assert [seen[key] for key in counted] == [1, 1, 2, 1, 2, 1, 1]
    assert [seen[key] for key in ("expiries", "strikes", "roots")] == [2, 8, 2]
    assert (seen["missing_worst_field"], seen["missing_worst_fraction"]) == ("spot", pytest.approx(0.1))
    assert seen["missing_fraction"]["bid"] == pytest.approx(0.2)
    assert seen["last_trade_max_date"] == WED
    assert seen["quote_age_median_seconds"] is None
    assert not seen["absent"]


def test_every_profile_has_every_column(profile, chain):
    for row in (profile(chain()), profile(None), absent_profile(WED, "SPY"), profile(None, problem="torn")):
        assert tuple(row) == PROFILE_COLUMNS


def test_no_payload_is_absent_but_an_unreadable_or_empty_one_is_not(profile):
    assert profile(None)["absent"]
    assert profile(None) == absent_profile(WED, "SPY")
    torn = profile(None, problem="file SPY.csv.gz is truncated")
    assert (torn["absent"], torn["problem"]) == (False, "file SPY.csv.gz is truncated")
    assert profile(QUOTE_SCHEMA.empty_table(), problem="torn") == profile(None, problem="torn")
    empty = profile(QUOTE_SCHEMA.empty_table())
    assert (empty["absent"], empty["rows"], empty["rows_quoted"]) == (False, 0, 0)
    assert empty["quarantined_fraction"] is None


@pytest.mark.parametrize(
    ("day", "clock", "session", "within"),
    [
        (WED, "21:14", WED, False),  # the evening after the close
        (WED, "16:00", WED, False),
        (WED, "15:59", WED, True),
        (WED, "09:30", WED, True),
        (WED, "09:29", dt.date(2026, 7, 21), None),  # before the open it is still the day before
        (THU, "07:43", WED, None),
        (dt.date(2026, 7, 25), "12:00", dt.date(2026, 7, 24), None),  # Saturday shows Friday
        (dt.date(2026, 11, 27), "13:00", dt.date(2026, 11, 27), False),  # the early close is a close
    ],
)
def test_a_payload_belongs_to_the_latest_session_that_had_opened(
    day, clock, session, within, profile, chain, us
):
    seen = profile(chain(day), day, payload_ts_us=us(day, clock))
    assert seen["payload_session"] == session
    assert seen["payload_in_session"] is within
    assert seen["payload_local"] == f"{day} {clock} New York"


def test_around_the_clock_no_payload_is_within_a_session(profile, chain, round_the_clock, us):
    seen = profile(
        chain(WED),
        calendar=round_the_clock,
        timezone="UTC",
        payload_ts_us=us(WED, "17:00", "UTC"),
    )
    assert (seen["payload_session"], seen["payload_in_session"]) == (WED, False)


def test_a_source_without_payload_time_has_no_payload_session(profile, chain):
    assert profile(chain())["payload_session"] is None


def test_quote_ages_are_measured_against_the_snapshot(profile, quote, table):
    close = dt.datetime(2026, 7, 22, 20, 15, tzinfo=dt.UTC)
    ages_minutes = (0, 30, 61, 90, None)
    rows = table(
        [
            quote(strike=90.0 + i, quote_ts=None if m is None else close - dt.timedelta(minutes=m))
            for i, m in enumerate(ages_minutes)
        ]
    )
    seen = profile(rows)
    assert seen["quote_age_median_seconds"] == pytest.approx(45.5 * 60)
    assert seen["quote_age_max_seconds"] == pytest.approx(5400)
    assert seen["stale"] == 2


def test_last_trades_after_midnight_utc_count_to_the_exchange_day(profile, quote, table):
    late = dt.datetime(2026, 7, 23, 0, 10, tzinfo=dt.UTC)  # 20:10 in New York on the 22nd
    assert profile(table([quote(last_trade_ts=late)]))["last_trade_max_date"] == WED


def test_untyped_rows_count_as_received_and_as_quarantined(profile, chain):
    rejected = pa.Table.from_pylist(
        [
            {
                "underlying": "SPY",
                "trade_date": WED,
                "source": "x",
                "reasons": ["untyped:strike"],
                "raw": "a",
            },
            {
                "underlying": "SPY",
                "trade_date": WED,
                "source": "x",
                "reasons": ["untyped:strike"],
                "raw": "b",
            },
        ],
        schema=pa.schema(
            [
                pa.field(f.name, f.type.value_type if pa.types.is_dictionary(f.type) else f.type)
                for f in QUARANTINE_SCHEMA
            ]
        ),
    ).cast(QUARANTINE_SCHEMA)
    seen = profile(chain(), rejected=rejected)
    assert (seen["rows"], seen["rows_untyped"], seen["rows_quarantined"]) == (100, 2, 2)
    assert seen["quarantined_fraction"] == pytest.approx(2 / 102)
    assert seen["quarantined_by_rule"] == {"untyped:strike": 2}


def test_the_session_before_gives_ratio_and_repetition(profile, chain):
    seen = profile(chain(THU), THU, previous=chain(WED).slice(0, 80))
    assert (seen["previous_rows"], seen["row_ratio"]) == (80, pytest.approx(1.25))
    assert (seen["common_contracts"], seen["equal_fraction"]) == (80, 1.0)
    assert (seen["traded_contracts"], seen["traded_equal_fraction"]) == (80, 1.0)
    seen = profile(chain(THU, level=1.7), THU, previous=chain(WED))
    assert (seen["equal_fraction"], seen["traded_equal_fraction"]) == (0.0, 0.0)


def test_a_session_before_without_rows_gives_no_ratio(profile, chain):
    seen = profile(chain(), previous=QUOTE_SCHEMA.empty_table())
    assert (seen["row_ratio"], seen["common_contracts"], seen["equal_fraction"]) == (None, 0, None)


def test_a_table_of_two_snapshots_or_of_another_underlying_is_refused(profile, quote, table):
    with pytest.raises(ValueError, match=r"snapshots \[0, 1\]"):
        profile(table([quote(), quote(snapshot_id=1, strike=1.0)]))
    with pytest.raises(ValueError, match=r"also holds \['MOD'\]"):
        profile(table([quote(), quote(underlying="MOD", strike=1.0)]))
    with pytest.raises(ValueError, match="needs apply_row_rules' verdict"):
        profile(table([quote()]), verdict=None)
