"""Which real sessions go on: CBOE July 2026, Deribit spring 2026, OptionsDX June 2021.

What must be blocked is known independently of these rules, from the payload times in underlying.csv and a
comparison of the files by hand.
"""

import datetime as dt

import pytest

from resources.data_quality.profile import profile_session
from resources.data_quality.row_rules import apply_row_rules
from resources.data_quality.suite import run_suite
from resources.universe import QualitySpec

pytestmark = pytest.mark.real_data

SPEC = QualitySpec()
COIN_SPEC = QualitySpec(require_trade_in_session=False, wide_relative_spread=0.5)


def july(*days):
    return [dt.date(2026, 7, day) for day in days]


DAYS = {
    "SPY": july(22, 23, 24, 27, 28, 29, 30, 31),
    "_SPX": july(22, 23, 24),
    "MOD": july(22, 23, 24, 27, 28, 29, 30, 31),
    "SPXC": july(22, 23, 24, 27, 28, 29, 30, 31),
}
BLOCKED = {
    **{(day, "SPY"): "repeat" for day in july(23)},
    **{(day, "_SPX"): "repeat" for day in july(23)},
    **{(day, "MOD"): "before the open" for day in july(23, 24, 28)},
    **{(day, "SPXC"): "before the open" for day in july(22, 23, 28, 29)},
}


def profiles_of(sessions, underlying, spec, calendar, timezone):
    rows, previous = [], None
    for day, (quotes, payload_us) in sorted(sessions.items()):
        verdict = apply_row_rules(quotes, day, spec)
        assert verdict.clean.num_rows + verdict.quarantined.num_rows == quotes.num_rows
        rows.append(
            profile_session(
                trade_date=day,
                underlying=underlying,
                spec=spec,
                calendar=calendar,
                timezone=timezone,
                quotes=quotes,
                verdict=verdict,
                payload_ts_us=payload_us,
                previous=previous,
            )
        )
        previous = quotes
    return rows


@pytest.fixture(scope="module")
def cboe_profiles(read_cboe, nyse):
    rows = []
    for symbol, days in DAYS.items():
        sessions = {day: read_cboe(symbol, day) for day in days}
        rows += profiles_of(sessions, symbol, SPEC, nyse, "America/New_York")
    return rows


def failing(profiles, check, spec=SPEC):
    results = run_suite(profiles, spec).results
    return {(r.trade_date, r.underlying) for r in results if r.check == check and not r.passed}


def test_the_sessions_that_repeat_another_are_blocked_and_no_other(cboe_profiles):
    verdicts = run_suite(cboe_profiles, SPEC).verdicts
    assert len(verdicts) == 27
    assert {key for key, verdict in verdicts.items() if verdict.status != "ok"} == set(BLOCKED)


def test_the_reason_names_the_payload_and_its_session(cboe_profiles):
    verdict = run_suite(cboe_profiles, SPEC).verdicts[dt.date(2026, 7, 23), "SPY"]
    assert verdict.reasons == (
        "SPY 2026-07-23: the payload (2026-07-22 21:14 New York) belongs to session 2026-07-22",
        "SPY 2026-07-23: 100% of 13592 contracts equal the session before in bid, ask, sizes, last and volume "
        "(from 95% on it is a repeat)",
        "SPY 2026-07-23: 100% of 4601 traded contracts have the last price and volume of the session before "
        "(from 95% on it is a repeat)",
        "SPY 2026-07-23: the latest trade is of 2026-07-22, not of the session",
    )


def test_the_payload_time_alone_finds_them_all(cboe_profiles):
    assert failing(cboe_profiles, "session") == set(BLOCKED)


def test_the_last_trades_alone_find_them_all(cboe_profiles):
    assert failing(cboe_profiles, "last_trade") == set(BLOCKED)


def test_without_payload_time_and_last_trades_the_repeats_are_still_found(cboe_profiles):
    blind = [
        {**row, "payload_session": None, "payload_in_session": None, "last_trade_max_date": None}
        for row in cboe_profiles
    ]
    spec = SPEC.model_copy(update={"require_trade_in_session": False})
    found = {key for key, verdict in run_suite(blind, spec).verdicts.items() if verdict.status == "blocked"}
    assert {key for key, why in BLOCKED.items() if why == "repeat"} <= found
    # the trades of a thin name betray one pre-open payload too; equality can never show the others
    assert found <= set(BLOCKED)


def test_row_counts_of_the_repeats_look_normal(cboe_profiles):
    repeats = [row for row in cboe_profiles if (row["trade_date"], row["underlying"]) in BLOCKED]
    assert not failing(repeats, "row_count")
    assert not failing(repeats, "row_ratio")


def test_genuine_sessions_stay_far_from_the_repeat_limits(cboe_profiles):
    genuine = [row for row in cboe_profiles if (row["trade_date"], row["underlying"]) not in BLOCKED]
    assert max(row["equal_fraction"] or 0.0 for row in genuine) < 0.05
    assert max(row["traded_equal_fraction"] or 0.0 for row in genuine) < 0.05
    assert max(row["quarantined_fraction"] for row in genuine) < 0.001


def test_expired_rows_of_the_repeat_are_those_counted_in_the_facts(cboe_profiles):
    # facts.json cboe_counts, expired_before_file_date: 334 (SPY) and 496 (_SPX), no other file has any
    assert {(r["underlying"], r["expired"]) for r in cboe_profiles if r["expired"]} == {
        ("SPY", 334),
        ("_SPX", 496),
    }


def test_payloads_from_within_the_session_are_warned_of(cboe_profiles):
    warned = failing(cboe_profiles, "session_complete")
    assert (dt.date(2026, 7, 27), "MOD") in warned
    assert {name for _, name in warned} == {"MOD", "SPXC"}


def test_every_deribit_day_goes_on(deribit_days, round_the_clock):
    profiles = profiles_of(deribit_days, "BTC", COIN_SPEC, round_the_clock, "UTC")
    assert len(profiles) == 76
    result = run_suite(profiles, COIN_SPEC)
    assert {v.status for v in result.verdicts.values()} == {"ok"}
    assert sum(row["rows"] for row in profiles) == 69_396


def test_every_optionsdx_day_goes_on(optionsdx_days, round_the_clock):
    profiles = profiles_of(optionsdx_days, "BTC", COIN_SPEC, round_the_clock, "UTC")
    result = run_suite(profiles, COIN_SPEC)
    assert {v.status for v in result.verdicts.values()} == {"ok"}
    assert sum(row["rows"] for row in profiles) == 12_134


def test_a_deribit_day_under_the_next_date_is_a_repeat(deribit_days, round_the_clock):
    day, (quotes, _) = min(deribit_days.items())
    stamped = quotes.set_column(
        quotes.column_names.index("trade_date"),
        quotes.schema.field("trade_date"),
        [[day + dt.timedelta(days=1)] * quotes.num_rows],
    )
    copied = {day: (quotes, None), day + dt.timedelta(days=1): (stamped, None)}
    profiles = profiles_of(copied, "BTC", COIN_SPEC, round_the_clock, "UTC")
    verdicts = run_suite(profiles, COIN_SPEC).verdicts
    assert [verdict.status for verdict in verdicts.values()] == ["ok", "blocked"]


def test_nothing_in_a_verdict_is_left_to_chance(cboe_profiles):
    first, second = run_suite(cboe_profiles, SPEC), run_suite(cboe_profiles, SPEC)
    assert (first.verdicts, first.results) == (second.verdicts, second.results)
