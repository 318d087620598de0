"""Checks of prices against each other accuse no sound real chain, and find what was planted in one."""

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from engine.calendars import TradingCalendar
from optix_pipeline.yaml_specs import load_spec
from resources.data_quality.profile import profile_snapshots
from resources.data_quality.row_rules import apply_row_rules
from resources.data_quality.structure_checks import SENTENCES
from resources.data_quality.suite import run_suite
from resources.providers.registry import make_provider
from resources.universe import UniverseSpec

pytestmark = pytest.mark.real_data

EXAMPLES = Path(__file__).parents[4] / "examples" / "universes"


def judged(real_data, name, days, change=lambda quotes: quotes):
    """The checks of single quotes and of the session before that fail, by day and underlying."""
    universe = load_spec(EXAMPLES / f"{name}.yaml", UniverseSpec)
    calendar = TradingCalendar.for_code(universe.calendar, universe.start, universe.end)
    provider = make_provider(universe, real_data / universe.provider.path.removeprefix("${data}/"))
    references, profiles = {}, []
    for day in [d for d in calendar.sessions() if d in provider.available_days()][:days]:
        for symbol, parsed in provider.parse(day, provider.fetch(day)).underlyings.items():
            quotes = change(parsed.quotes)
            verdict = apply_row_rules(quotes, day, universe.quality)
            profiles += profile_snapshots(
                trade_date=day, underlying=symbol, spec=universe.quality, calendar=calendar,
                timezone=universe.timezone, quotes=quotes, verdict=verdict,
                payload_ts_us=parsed.payload_ts_us, previous=references.get(symbol),
            )  # fmt: skip
            references[symbol] = verdict.reference(quotes)
    failed = [
        r for r in run_suite(profiles, universe.quality).results if not r.passed and r.check in SENTENCES
    ]
    return {(r.trade_date.isoformat(), r.underlying, r.check) for r in failed if r.severity != "info"}


@pytest.mark.parametrize(("name", "days"), [("cboe_2026_07", 3), ("deribit_btc_2026", 12)])
def test_no_sound_session_is_accused(real_data, name, days):
    assert judged(real_data, name, days) == set()


def test_of_june_2021_one_morning_of_stub_quotes_is_told(real_data):
    found = judged(real_data, "btc_2021_06", 30)
    assert {check for _, _, check in found} == {"absurdly_wide"} and len(found) == 1


def percent(quotes: pa.Table) -> pa.Table:
    at = quotes.schema.get_field_index("vendor_iv")
    return quotes.set_column(at, quotes.schema.field(at), pc.multiply(quotes.column(at), 100.0))


def cents(quotes: pa.Table) -> pa.Table:
    for name in ("bid", "ask"):
        at = quotes.schema.get_field_index(name)
        quotes = quotes.set_column(at, quotes.schema.field(at), pc.multiply(quotes.column(at), 100.0))
    return quotes


@pytest.mark.parametrize("name", ["cboe_2026_07", "deribit_btc_2026"])
@pytest.mark.parametrize(("change", "check"), [(percent, "vendor_iv_unit"), (cents, "price_unit")])
def test_a_real_chain_in_other_units_is_found(real_data, name, change, check):
    found = judged(real_data, name, 1, change)
    assert check in {c for _, _, c in found}
    assert dt.date.fromisoformat(min(found)[0])
