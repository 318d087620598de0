"""Every trap that is known of the real data is caught by a check with a name, and no clean session is blocked."""

import datetime as dt
import gzip
import shutil
from pathlib import Path

import pytest

from resources.data_quality.catalogue import CATALOGUE
from resources.universe import CorporateActionsSpec
from tests.real_data.conftest import example_universe
from tests.real_data.sample_table.ingestion import Ingested, Session, ingest

pytestmark = pytest.mark.real_data

CBOE, CRWD, YAHOO, BTC = "cboe_2026_07", "crwd_split_2026", "yahoo_aapl_2025_11", "btc_2021_06"
OLDER = {"session", "last_trade"}
#: what is kept out of all sets, by the checks that say so; known from the files themselves
BLOCKED = {
    (CBOE, "2026-07-23", "SPY"): {*OLDER, "repeated_quotes", "repeated_trades"},
    (CBOE, "2026-07-23", "SPX"): {*OLDER, "repeated_trades"},
    (CBOE, "2026-07-23", "MOD"): {*OLDER, "repeated_trades"},
    (CBOE, "2026-07-24", "MOD"): OLDER,
    (CBOE, "2026-07-28", "MOD"): OLDER,
    **{("cboe_spxc_2026_07", f"2026-07-{day}", "SPXC"): OLDER for day in (22, 23, 28, 29)},
    # no quotes in the sample: trades alone, open interest alone
    **{("lean_aapl_minute_2014", f"2014-06-0{day}", "AAPL"): {"readable"} for day in (6, 9)},
    **{
        ("lean_aapl_open_interest_2014", f"2014-06-{day}", "AAPL"): {"readable"}
        for day in (10, 11, 12, 13, 16, 17, 18, 19, 20, 23, 24, 25, 26, 27, 30)
    },
    ("lean_nqx_hour_2021", "2021-03-22", "NDX"): {"readable"},
    # chains named a session early: the new strikes came on the day before the split on record
    **{("lean_aapl_chains_2014", f"2014-06-0{day}", "AAPL"): {"recorded_splits"} for day in (6, 9)},
    # the last two contracts of a cut-out file, on the day on which they had settled in the morning
    ("historicaloptiondata_spx_2017_02", "2017-05-19", "SPX"): {
        "quarantined_fraction",
        "quoted_rows",
        "row_count",
    },
}


def session_of(one: Ingested, day: str, underlying: str) -> Session:
    (found,) = [
        s for d in one.days for s in d.sessions if d.day.isoformat() == day and s.underlying == underlying
    ]
    return found


def failed(session: Session, *severities: str) -> set[str]:
    return {r.check for r in session.results if not r.passed and r.severity in severities}


def message(session: Session, check: str) -> str:
    (found,) = {r.message for r in session.results if r.check == check and not r.passed}
    return found


def observed(session: Session, check: str) -> float:
    (found,) = {r.observed for r in session.results if r.check == check}
    assert isinstance(found, float)
    return found


def test_exactly_the_bad_sessions_of_all_sets_are_blocked_each_by_the_checks_that_know_why(
    ingested_samples,
) -> None:
    found = {
        (name, d.day.isoformat(), s.underlying): failed(s, "critical")
        for name, one in ingested_samples.items()
        for d in one.days
        for s in d.sessions
        if s.status.status == "blocked"
    }
    assert found == BLOCKED


def test_only_sessions_without_a_file_are_absent(ingested_samples) -> None:
    absent = {
        (name, s.underlying): sum(d.sessions[i].status.status == "absent" for d in one.days)
        for name, one in ingested_samples.items()
        for i, s in enumerate(one.days[0].sessions)
    }
    assert {key: n for key, n in absent.items() if n} == {
        (CBOE, "SPX"): 5,
        ("cboe_intraday_2026_08", "AAPL"): 2,
        ("lean_aapl_2015", "AAPL"): 2,
        ("lean_spx_2021", "SPX"): 7,
        ("lean_spx_hour_2021", "SPX"): 7,
        ("lean_spx_minutes_2021", "SPX"): 3,
    }


def test_the_snapshots_after_the_close_that_repeat_the_last_are_kept_out_and_no_other(ingested_samples):
    for day, sessions in (
        ("2026-08-17", {"VIX": 6}),
        ("2026-08-18", {"AAPL": 7, "VIX": 7}),
        ("2026-08-19", {"VIX": 7}),
    ):
        for name, last in sessions.items():
            session = session_of(ingested_samples["cboe_intraday_2026_08"], day, name)
            out = {
                (r.check, r.snapshot_id) for r in session.results if not r.passed and r.severity == "critical"
            }
            assert out == {("repeated_snapshot", last)}, (day, name)
            assert session.status.status == "ok"


def test_the_half_day_is_told_by_what_is_gone_and_goes_on(ingested_samples) -> None:
    session = session_of(ingested_samples[YAHOO], "2025-11-28", "AAPL")
    assert session.status.status == "ok"
    told = failed(session, "warning")
    assert {"vanished_contracts", "crossed"} <= told and "row_ratio" not in told
    assert "43% of the live contracts" in message(session, "vanished_contracts")
    others = {
        d.day.isoformat()
        for d in ingested_samples[YAHOO].days
        if "vanished_contracts" in failed(d.sessions[0], "warning")
    }
    assert others == {"2025-11-28"}


def test_old_and_new_strikes_of_a_split_day_are_told_without_knowing_of_the_split(
    real_data, tmp_path
) -> None:
    one = ingest(example_universe(CRWD).model_copy(update={"corporate_actions": None}), real_data, tmp_path)
    jumped = {d.day.isoformat() for d in one.days if "spot_jump" in failed(d.sessions[0], "warning")}
    unchanged = {
        d.day.isoformat() for d in one.days if "unchanged_quotes" in failed(d.sessions[0], "warning")
    }
    assert jumped == unchanged == {"2026-07-02"}
    session = session_of(one, "2026-07-02", "CRWD")
    assert failed(session, "critical") == {"recorded_splits"}
    told = message(session, "recorded_splits")
    assert "the data show a split of 4 for 1 (price before / now 3.984, of 4136 contracts 100%" in told
    assert "on record by then is none; record the split of CRWD effective 2026-07-02" in told
    # the old strikes vanish as a whole three sessions later
    gone = {d.day.isoformat() for d in one.days if "vanished_contracts" in failed(d.sessions[0], "warning")}
    assert gone == {"2026-07-07"}


def test_old_and_new_strikes_of_a_known_split_are_a_double_listing(ingested_samples) -> None:
    one = ingested_samples[CRWD]
    told = {d.day.isoformat(): failed(d.sessions[0], "warning") for d in one.days}
    assert {day for day, checks in told.items() if "split_double_listing" in checks} == {"2026-07-02"}
    assert "spot_jump" not in told["2026-07-02"]
    assert not any("recorded_splits" in failed(d.sessions[0], "critical") for d in one.days)


@pytest.mark.parametrize(("ratio", "day"), [("5,1", "2026-07-02"), ("4,1", "2026-07-01")])
def test_a_split_on_record_with_another_ratio_or_day_blocks(real_data, tmp_path, ratio, day) -> None:
    actions = tmp_path / "actions.csv"
    actions.write_text(
        "underlying,effective_date,kind,new_shares,old_shares,cash_amount,currency,known_at,source\n"
        f"CRWD,{day},split,{ratio},0,USD,2026-06-04T20:00:00Z,made up\n"
    )
    universe = example_universe(CRWD).model_copy(
        update={
            "corporate_actions": CorporateActionsSpec(path=str(actions)),
            "start": dt.date(2026, 6, 30),
            "end": dt.date(2026, 7, 6),
        }
    )
    one = ingest(universe, real_data, tmp_path)
    blocked = {
        d.day.isoformat() for d in one.days if failed(d.sessions[0], "critical") == {"recorded_splits"}
    }
    assert blocked == {day, "2026-07-02"}


def test_a_universe_file_of_lean_dated_a_session_early_is_told_by_its_spot(ingested_samples) -> None:
    session = session_of(ingested_samples["lean_aapl_chains_2014"], "2014-06-06", "AAPL")
    assert "the data show a split of 7 for 1" in message(session, "recorded_splits")
    later = message(
        session_of(ingested_samples["lean_aapl_chains_2014"], "2014-06-09", "AAPL"), "recorded_splits"
    )
    assert "on record by then is split of 7 for 1 effective 2014-06-09; take it out" in later


def test_volatilities_of_zero_are_unsolved_not_calm(ingested_samples, facts) -> None:
    for key, fact in facts["cboe_counts"].items():
        if key == "how":
            continue
        ticker, day = key.split("/")
        name = "cboe_spxc_2026_07" if ticker == "SPXC" else CBOE
        session = session_of(ingested_samples[name], day, ticker.removeprefix("_"))
        # what is expired was judged by its own rule and is not counted again
        rows = fact["rows"] if ticker == "MOD" or not fact["expired_before_file_date"] else None
        if rows is not None:
            assert observed(session, "vendor_iv_unsolved") == pytest.approx(fact["iv_zero"] / rows), key


def test_too_many_unsolved_volatilities_are_told_by_name(ingested_samples) -> None:
    # a third of IVolatility's are interpolated, and count as none
    told = {
        d.day.isoformat()
        for d in ingested_samples["ivolatility_spx_2011"].days
        if "vendor_iv_unsolved" in failed(d.sessions[0], "info")
    }
    assert len(told) == 5


def test_percent_read_as_decimals_is_told_by_name_and_the_sets_as_they_are_read_are_not(
    real_data, ingested_samples, tmp_path
) -> None:
    for one in ingested_samples.values():
        for day in one.days:
            for session in day.sessions:
                assert "vendor_iv_unit" not in failed(session, "warning"), (one.universe.name, day.day)
    universe, folder = example_universe("deribit_btc_2026"), tmp_path / "data"
    target = folder / "g05_deribit_btc_daily_2026" / "surfaces" / "2026-03-17.csv"
    target.parent.mkdir(parents=True)
    source = real_data / "g05_deribit_btc_daily_2026" / "surfaces" / "2026-03-17.csv.gz"
    target.write_text(_percent(gzip.decompress(source.read_bytes()).decode()))
    only = universe.model_copy(update={"end": universe.start})
    (day,) = ingest(only, folder, tmp_path).days
    assert "vendor_iv_unit" in failed(day.sessions[0], "warning")


def _percent(text: str) -> str:
    header, *lines = text.splitlines()
    at = header.split(",").index("implied_vol")
    cells = [line.split(",") for line in lines]
    for row in cells:
        row[at] = str(float(row[at]) * 100) if row[at] else ""
    return "\n".join([header, *(",".join(row) for row in cells)]) + "\n"


def test_files_that_a_utc_clock_dated_a_day_late_are_blocked_by_payload_time_or_last_trade(
    real_data, tmp_path
) -> None:
    """Every file of a series under the next date, as a collector names them that runs after midnight UTC."""
    cboe, yahoo = example_universe(CBOE), example_universe(YAHOO)
    folder = tmp_path / "data"
    chains = "g03_cboe_eod_2026_07/chains/SPY"
    late = {"2026-07-29": "2026-07-28", "2026-07-30": "2026-07-29"}
    for name, true in late.items():
        _copy(real_data / chains / f"{true}.csv.gz", folder / chains / f"{name}.csv.gz")
    prices = (real_data / "g03_cboe_eod_2026_07" / "underlying.csv").read_text().splitlines()
    told = [prices[0]]
    for name, true in late.items():
        told += [name + line[10:] for line in prices if line.startswith(f"{true},SPY,")]
    (folder / "g03_cboe_eod_2026_07" / "underlying.csv").write_text("\n".join(told) + "\n")
    spy = cboe.model_copy(
        update={
            "underlyings": cboe.underlyings[:1],
            "start": dt.date(2026, 7, 29),
            "end": dt.date(2026, 7, 30),
        }
    )
    for day in ingest(spy, folder, tmp_path).days:
        # the rows of this vendor name their session too, so nothing of the file is read
        assert failed(day.sessions[0], "critical") == {"session", "readable"}
        assert "holds session" in message(day.sessions[0], "readable")

    # frames of yfinance tell no day of their own unless somebody has added one, as here
    frames = "g07_yfinance_2025_11"
    where = "enriched/AAPL/AAPL_options_all_expirations_filtered.csv"
    for name, true in {"2025/12/03": "2025/12/02", "2025/12/04": "2025/12/03"}.items():
        target = folder / frames / name / where
        target.parent.mkdir(parents=True)
        source = real_data / frames / true / f"{where}.gz"
        target.write_text(_without(gzip.decompress(source.read_bytes()).decode(), "snap_date"))
    aapl = yahoo.model_copy(update={"start": dt.date(2025, 12, 3), "end": dt.date(2025, 12, 4)})
    for day in ingest(aapl, folder, tmp_path).days:
        assert failed(day.sessions[0], "critical") == {"last_trade"}


def _without(text: str, column: str) -> str:
    header, *lines = text.splitlines()
    at = header.split(",").index(column)
    return "\n".join(
        ",".join(c for i, c in enumerate(line.split(",")) if i != at) for line in [header, *lines]
    )


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def test_closed_days_are_kept_apart_and_told_by_closed_day_present(ingested_samples) -> None:
    found = {
        (name, c.day.isoformat(), c.underlying): c.message(one.universe.quality.repeat_fraction)
        for name, one in ingested_samples.items()
        for c in one.closed
    }
    assert set(found) == {
        (CRWD, "2026-07-03", "CRWD"),
        (YAHOO, "2025-11-27", "AAPL"),
        *(("paperbroker_2017", "2017-01-28", name) for name in ("AAL", "GOOG")),
        *(("paperbroker_2017_03", "2017-03-25", name) for name in ("AAL", "GOOG")),
    }
    for (name, day, _), said in found.items():
        assert "a payload of a day without a session" in said and f"{day} is no session of XNYS" in said
        assert day not in {d.day.isoformat() for d in ingested_samples[name].days}


def test_every_result_has_a_place_of_its_own_and_a_check_of_the_catalogue(ingested_samples) -> None:
    """Results are stored by check and snapshot, and the page reads them by name."""
    for name, one in ingested_samples.items():
        for day in one.days:
            for session in day.sessions:
                places = [(r.check, r.snapshot_id) for r in session.results]
                assert len(set(places)) == len(places), (name, day.day)
                assert {check for check, _ in places} <= set(CATALOGUE)
    assert {*OLDER, "repeated_quotes", "repeated_trades", "repeated_snapshot"} <= set(CATALOGUE)
    assert {"shifted_session", "session_complete", "present"} <= set(CATALOGUE)
