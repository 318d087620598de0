"""CRWD around its 4-for-1 split of July 2026 from a risk site's archive: counted as the facts say, nothing lost."""

import datetime as dt
import gzip
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from assets.validation import validate_days
from engine.calendars import TradingCalendar
from engine.instruments.identity import contract_ids
from resources.data_quality.row_rules import apply_row_rules
from resources.harvest import OFF_CALENDAR_QUOTES, RAW_QUOTES, harvest_day, harvest_off_calendar
from resources.lake import open_lake
from resources.providers.registry import make_provider
from resources.raw_store import RawStore
from tests.real_data.conftest import example_universe

pytestmark = pytest.mark.real_data

SPLIT_DAY, DAY_BEFORE = dt.date(2026, 7, 2), dt.date(2026, 7, 1)
CLOSED = dt.date(2026, 7, 3)
RECEIVED = dt.datetime(2026, 8, 1, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def universe():
    return example_universe("crwd_split_2026")


@pytest.fixture(scope="module")
def provider(real_data, universe):
    return make_provider(universe, real_data / "g06_split_crwd_2026")


@pytest.fixture(scope="module")
def parsed(provider):
    return {day: provider.parse(day, provider.fetch(day)) for day in provider.available_days()}


def chain(parsed, day: dt.date) -> pa.Table:
    return parsed[day].underlyings["CRWD"].quotes


def test_every_session_has_the_counts_of_the_facts(parsed, facts) -> None:
    by_day = facts["crwd_4for1_2026"]["by_day"]["CRWD"]
    assert [day.isoformat() for day in parsed] == list(by_day)
    for day, result in parsed.items():
        fact = by_day[day.isoformat()]
        if day == CLOSED:
            assert not fact["xnys_session"]
            continue
        found = result.underlyings["CRWD"]
        assert (found.problem, found.rejected.num_rows) == (None, fact["blank_legs"])
        table = found.quotes
        counted = {
            "spot": table["spot"].unique().to_pylist()[0],
            "legs": table.num_rows,
            "expired_before_date": pc.sum(pc.less(table["expiry"], pa.scalar(day))).as_py(),
            "strike_min": pc.min(table["strike"]).as_py(),
            "strike_max": pc.max(table["strike"]).as_py(),
            "oi": pc.sum(table["open_interest"]).as_py(),
            "volume": pc.sum(table["volume"]).as_py(),
            "price_zero": table["last"].null_count,
        }
        assert counted == {name: fact[name] for name in counted}, day
        (price,) = result.underlying_prices.to_pylist()
        assert price["close"] == fact["spot"]


def test_no_quote_is_invented_and_volatility_is_a_decimal(parsed) -> None:
    for day in parsed:
        table = chain(parsed, day)
        assert all(table[name].null_count == table.num_rows for name in ("bid", "ask", "mark"))
        if table.num_rows:
            near = pc.less(pc.abs(pc.subtract(pc.divide(table["strike"], table["spot"]), 1.0)), 0.1)
            assert 0.3 < np.nanmedian(table.filter(near)["vendor_iv"].to_numpy()) < 1.5


def test_the_price_is_the_last_trade(parsed) -> None:
    """Without volume it mostly stands still from one day to the next, with volume it moves."""
    before, after = (
        {row["symbol"]: row for row in chain(parsed, day).select(["symbol", "last", "volume"]).to_pylist()}
        for day in (dt.date(2026, 6, 29), dt.date(2026, 6, 30))
    )
    same = {True: [0, 0], False: [0, 0]}
    for symbol, row in after.items():
        counts = same[row["volume"] > 0]
        counts[0] += symbol in before and row["last"] == before[symbol]["last"]
        counts[1] += 1
    assert same == {True: [15, 1306], False: [1925, 2830]}


def test_old_and_new_strikes_of_the_split_day_come_through_together(parsed) -> None:
    """Every contract of the day before is still there, and its split strike beside it."""

    def keys(table: pa.Table) -> set[tuple]:
        return set(zip(*(table[n].to_pylist() for n in ("expiry", "right", "strike")), strict=True))

    old, both = keys(chain(parsed, DAY_BEFORE)), keys(chain(parsed, SPLIT_DAY))
    new = {(expiry, right, float(np.floor(strike / 4 * 100 + 0.5) / 100)) for expiry, right, strike in old}
    assert len(old) == len(new) == 4136
    assert both == old | new
    # 418 legs have the numbers of an old and of a new contract, and the site has one line for both
    assert len(old & new) == 418
    assert len(both) == 2 * 4136 - 418 == chain(parsed, SPLIT_DAY).num_rows


def test_no_two_rows_of_a_day_share_an_identity(parsed, universe) -> None:
    for day in parsed:
        table = chain(parsed, day)
        if not table.num_rows:
            continue
        assert len(pc.unique(table["symbol"].cast(pa.string()))) == table.num_rows
        ids = contract_ids(
            "CRWD",
            "CRWD",
            table["expiry"].cast(pa.int32()).to_numpy(),
            pc.equal(table["right"].cast(pa.string()), "P").cast(pa.int8()).to_numpy(),
            table["strike"].to_numpy(),
            np.full(table.num_rows, "", dtype=object),
        )
        assert len(np.unique(ids)) == table.num_rows
        verdict = apply_row_rules(table, day, universe.quality)
        assert verdict.quarantined.num_rows == 0


def test_the_closed_day_goes_to_the_off_calendar_store_and_repeats_the_day_before(
    provider, universe, parsed, tmp_path, real_data
) -> None:
    lake = open_lake(str(tmp_path))
    store = RawStore(lake, universe.name, OFF_CALENDAR_QUOTES)
    records = harvest_off_calendar(universe, provider, store, received_at=RECEIVED)
    assert [record.key for record in records] == [CLOSED.isoformat()]
    assert parsed[CLOSED].underlyings["CRWD"].problem.endswith("so its chain is of another day; remove it")
    one, other = (
        json.loads(
            gzip.decompress(
                (real_data / f"g06_split_crwd_2026/archive/{day}/detail/CRWD.json.gz").read_bytes()
            )
        )
        for day in (SPLIT_DAY, CLOSED)
    )
    names = [{line["callOption"] for line in document["contracts"]} for document in (one, other)]
    assert names[0] == names[1] and one["header"]["underlyingPrice"] == other["header"]["underlyingPrice"]


def test_validation_loses_no_row_of_a_source_without_bids_and_offers(
    provider, universe, tmp_path: Path, facts
) -> None:
    """Nothing of it can be filled, so unless the universe says otherwise its sessions are kept out as a whole."""
    lake = open_lake(str(tmp_path))
    days = [DAY_BEFORE, SPLIT_DAY]
    for day in days:
        store = RawStore(lake, universe.name, RAW_QUOTES)
        harvest_day(universe, provider, store, day, received_at=RECEIVED)
    calendar = TradingCalendar.for_code(universe.calendar, universe.start, universe.end)
    kept, aside = validate_days(universe, lake, provider, days, calendar, lambda results: None)
    for clean, bad in zip(kept, aside, strict=True):
        fact = facts["crwd_4for1_2026"]["by_day"]["CRWD"][clean.trade_date.isoformat()]
        status = clean.underlyings["CRWD"]
        assert status.rows + bad.underlyings["CRWD"].rows == fact["legs"]
        assert [r for r in status.reasons if "have a bid or an ask" not in r] == []
