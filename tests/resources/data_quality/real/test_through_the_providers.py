"""The same sessions are blocked when the project's own adapter reads the files."""

import datetime as dt

import pytest

from resources.data_quality.profile import profile_session
from resources.data_quality.row_rules import apply_row_rules
from resources.data_quality.suite import run_suite
from resources.providers.registry import make_provider
from resources.universe import UniverseSpec

pytestmark = pytest.mark.real_data

STOCK = {"style": "A", "settlement_time": "PM", "settlement_type": "physical", "multiplier": 100}
INDEX = {"style": "E", "settlement_type": "cash", "multiplier": 100, "trading_close": "16:15"}
UNIVERSE = UniverseSpec.model_validate(
    {
        "name": "cboe_july",
        "description": "end-of-day chains",
        "provider": {"format": "cboe_csv", "path": "${data}/g03_cboe_eod_2026_07"},
        "calendar": "XNYS",
        "timezone": "America/New_York",
        "start": "2026-07-22",
        "end": "2026-07-31",
        "quote_currency": "USD",
        "settlement_currency": "USD",
        "underlyings": [
            {"symbol": "SPY", "kind": "etf", "roots": [{"root": "SPY", "trading_close": "16:15", **STOCK}]},
            {
                "symbol": "SPX",
                "vendor_symbol": "_SPX",
                "kind": "index",
                "roots": [
                    {"root": "SPX", "settlement_time": "AM", **INDEX},
                    {"root": "SPXW", "settlement_time": "PM", **INDEX},
                ],
            },
            {"symbol": "MOD", "kind": "stock", "roots": [{"root": "MOD", **STOCK}]},
        ],
    }
)


def test_a_range_from_the_files_to_the_verdicts(real_data, nyse):
    provider = make_provider(UNIVERSE, real_data / "g03_cboe_eod_2026_07")
    sessions = [d for d in nyse.sessions() if UNIVERSE.start <= d <= dt.date(2026, 7, 31)]
    profiles, previous = [], {}
    for day in sessions:
        for name, parsed in provider.parse(day, provider.fetch(day)).underlyings.items():
            profiles.append(
                profile_session(
                    trade_date=day,
                    underlying=name,
                    spec=UNIVERSE.quality,
                    calendar=nyse,
                    timezone=UNIVERSE.timezone,
                    quotes=parsed.quotes,
                    verdict=apply_row_rules(parsed.quotes, day, UNIVERSE.quality),
                    rejected=parsed.rejected,
                    payload_ts_us=parsed.payload_ts_us,
                    problem=parsed.problem,
                    previous=previous.get(name),
                )
            )
            previous[name] = parsed.quotes
    verdicts = run_suite(profiles, UNIVERSE.quality, sessions=sessions).verdicts
    found = {(day.day, name): v.status for (day, name), v in verdicts.items() if v.status != "ok"}
    assert found == {
        **{(23, "SPY"): "blocked", (23, "SPX"): "blocked"},
        **{(day, "MOD"): "blocked" for day in (23, 24, 28)},
        **{(day, "SPX"): "absent" for day in (27, 28, 29, 30, 31)},
    }
