"""Snapshots of real days, August 2026: what repeats after the close is kept out, what moves goes on."""

import datetime as dt

import pytest

from resources.data_quality.profile import profile_snapshots
from resources.data_quality.row_rules import apply_row_rules
from resources.data_quality.suite import run_suite
from resources.universe import QualitySpec

pytestmark = pytest.mark.real_data

SPEC = QualitySpec()
TUESDAY = dt.date(2026, 8, 18)


def judge(read_intraday, nyse, symbol, day):
    quotes, instants = read_intraday(symbol, day)
    profiles = profile_snapshots(
        trade_date=day,
        underlying=symbol,
        spec=SPEC,
        calendar=nyse,
        timezone="America/New_York",
        quotes=quotes,
        verdict=apply_row_rules(quotes, day, SPEC),
        snapshot_payload_ts_us=instants,
    )
    return run_suite(profiles, SPEC).verdicts[day, symbol], profiles


def test_the_last_snapshot_of_apple_repeats_the_one_before_and_alone_is_kept_out(read_intraday, nyse):
    # the files of 20:56 and 21:50 UTC are equal in every byte, no other two are
    verdict, profiles = judge(read_intraday, nyse, "AAPL", TUESDAY)
    assert verdict.status == "ok"
    assert list(verdict.kept_out) == [7]
    assert [p["rows"] for p in profiles[:-1]] == [3500] * 8
    moving = [p["snapshot_equal_fraction"] for p in profiles[1:7]]
    assert max(moving) < 0.9, moving


@pytest.mark.parametrize(("day", "snapshots"), [(17, 7), (18, 8), (19, 8)])
def test_no_day_of_vix_is_lost(read_intraday, nyse, day, snapshots):
    verdict, profiles = judge(read_intraday, nyse, "VIX", dt.date(2026, 8, day))
    assert verdict.status == "ok", verdict.reasons
    assert len(profiles) == snapshots + 1
    print([(p["snapshot_id"], p["snapshot_equal_fraction"], p["rows"]) for p in profiles], verdict)
    # within the session quotes move; only what lies after the close may stand still
    assert set(verdict.kept_out) <= {snapshots - 1, snapshots - 2}
