"""CRWD around its 4-for-1 split of July 2026 from a risk site's archive: counted as the facts say, nothing lost."""

import datetime as dt
import gzip
import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from engine.instruments.identity import contract_ids
from resources.data_quality.row_rules import apply_row_rules
from resources.harvest import OFF_CALENDAR_QUOTES, harvest_off_calendar
from resources.lake import open_lake
from resources.providers.registry import make_provider
from resources.raw_store import RawStore
from tests.real_data.conftest import example_universe, ingest

pytestmark = pytest.mark.real_data

SPLIT_DAY, DAY_BEFORE = dt.date(2026, 7, 2), dt.date(2026, 7, 1)
CLOSED = dt.date(2026, 7, 3)
SECOND, THIRD = dt.date(2026, 7, 6), dt.date(2026, 7, 7)
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


@pytest.fixture(scope="module")
def ingested(real_data, universe, tmp_path_factory):
    """The sessions around the split through every layer, with the split on record."""
    around = universe.model_copy(update={"start": dt.date(2026, 6, 30), "end": dt.date(2026, 7, 8)})
    with ingest(real_data, tmp_path_factory.mktemp("crwd"), [around]) as result:
        yield result


def layer(ingested, asset: str, day: dt.date) -> pa.Table:
    return ingested.rows("crwd_split_2026", asset, day.isoformat(), "CRWD")


def total(table: pa.Table, column: str) -> float:
    return pc.sum(table[column]).as_py() or 0.0


def test_validation_loses_no_row_and_keeps_every_session_of_a_split_on_record(ingested, facts) -> None:
    by_day = facts["crwd_4for1_2026"]["by_day"]["CRWD"]
    for day, status in ingested.statuses("crwd_split_2026", "validated_quotes").items():
        found = status.underlyings["CRWD"]
        assert (found.status, found.rows + found.quarantined) == ("ok", by_day[day]["legs"])


def test_every_leg_of_the_facts_is_in_force_or_superseded_with_the_open_interest_as_written(
    ingested, facts
) -> None:
    by_day = facts["crwd_4for1_2026"]["by_day"]["CRWD"]
    superseded = {}
    for day in ("2026-06-30", "2026-07-01", "2026-07-02", "2026-07-06", "2026-07-07", "2026-07-08"):
        kept, aside = (
            layer(ingested, asset, dt.date.fromisoformat(day))
            for asset in ("adjusted_quotes", "superseded_quotes")
        )
        assert kept.num_rows + aside.num_rows == by_day[day]["legs"]
        assert total(kept, "open_interest_listed") + total(aside, "open_interest") == by_day[day]["oi"]
        assert total(kept, "volume") + total(aside, "volume") == by_day[day]["volume"]
        assert len(pc.unique(kept["contract_id"])) == kept.num_rows
        superseded[day] = aside.num_rows
        assert set(aside["reason"].to_pylist()) <= {"old_listing"}
    assert {day: n for day, n in superseded.items() if n} == {"2026-07-02": 3718, "2026-07-06": 3364}


def test_the_contracts_of_the_day_before_are_those_of_the_split_day_and_both_listings_are_of_one(
    ingested,
) -> None:
    before, kept = (layer(ingested, "adjusted_quotes", day) for day in (DAY_BEFORE, SPLIT_DAY))
    assert set(before["contract_id"].to_pylist()) == set(kept["contract_id"].to_pylist())
    aside = layer(ingested, "superseded_quotes", SPLIT_DAY)
    then = dict(zip(before["contract_id"].to_pylist(), before["strike"].to_pylist(), strict=True))
    now = dict(zip(kept["contract_id"].to_pylist(), kept["strike"].to_pylist(), strict=True))
    for row in aside.select(["contract_id", "strike", "strike_in_force"]).to_pylist():
        assert row["strike"] == then[row["contract_id"]]
        assert row["strike_in_force"] == now[row["contract_id"]] == np.floor(row["strike"] * 25 + 0.5) / 100


def test_open_interest_of_the_split_day_is_moved_and_that_of_the_next_session_bears_it_out(ingested) -> None:
    split_day, second = (layer(ingested, "adjusted_quotes", day) for day in (SPLIT_DAY, SECOND))
    assert set(split_day["open_interest_basis"].to_pylist()) == {"moved"}
    assert set(second["open_interest_basis"].to_pylist()) == {"as_listed"}
    # 390,009 old contracts, each of which became four
    assert total(split_day, "open_interest") == 4 * 390_009
    found = dict(
        zip(split_day["contract_id"].to_pylist(), split_day["open_interest"].to_pylist(), strict=True)
    )
    later = dict(zip(second["contract_id"].to_pylist(), second["open_interest"].to_pylist(), strict=True))
    common = found.keys() & later.keys()
    # what traded on the split day shows one session later; most stands as it was
    assert np.mean([found[c] == later[c] for c in common]) > 0.7
    assert sum(later[c] for c in common) / sum(found[c] for c in common) == pytest.approx(1.02, abs=0.02)
    # a line that is both an old contract's and a new one's: its open interest was the old one's
    (shared,) = [r for r in split_day.to_pylist() if r["symbol"] == "CRWD261218C00145000"]
    assert (shared["open_interest_listed"], shared["original_strike"]) == (16.0, 580.0)
    assert shared["open_interest"] == 4 * 894.0


def test_open_interest_left_over_from_old_contracts_is_not_that_of_fresh_ones(ingested) -> None:
    third = layer(ingested, "adjusted_quotes", THIRD).to_pylist()
    left = [row for row in third if row["open_interest_basis"] == "left_over"]
    # strike 300 was listed first on that day; 1,200 was no strike before the split
    assert {row["strike"] for row in left} == {300.0}
    assert all(row["open_interest"] is None for row in left)
    assert (len(left), sum(row["open_interest_listed"] for row in left)) == (24, 6908.0)
    assert {row["open_interest_basis"] for row in third if row["strike"] != 300.0} == {"as_listed"}


def test_what_was_found_is_told_in_the_statuses(ingested) -> None:
    told = {
        day: [w for w in ingested.status("crwd_split_2026", "adjusted_quotes", day).underlyings["CRWD"].warnings
              if "event of 2026-07-02" in w]
        for day in ("2026-07-01", "2026-07-02", "2026-07-06", "2026-07-07", "2026-07-08")
    }  # fmt: skip
    assert told["2026-07-01"] == told["2026-07-08"] == []
    assert told["2026-07-02"] == [
        "CRWD 2026-07-02: 3718 rows under terms from before the event of 2026-07-02 are in superseded_quotes",
        "CRWD 2026-07-02: open interest of 4136 rows stood under old terms and is moved to those in force "
        "(event of 2026-07-02)",
    ]
    assert len(told["2026-07-06"]) == len(told["2026-07-07"]) == 1
