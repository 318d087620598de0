"""What a universe gets from its reference files: its own symbols, refusals that name the way out, stored payloads."""

import datetime as dt
import sqlite3
from typing import get_args

import pytest

from resources.providers.protocol import ProviderError
from resources.reference.corporate_actions.event_rules import InvalidActionsError
from resources.reference.earnings.source import UnusableEarningsError
from resources.reference.prices.source import UnusableHistoryError
from resources.reference.registry import (
    ACTION_FORMATS,
    EARNINGS_FORMATS,
    PRICE_FORMATS,
    RATE_FORMATS,
    make_actions,
    make_earnings,
    make_index_histories,
    make_rates,
)
from resources.universe import (
    ActionPricesSpec,
    CorporateActionsSpec,
    EarningsSpec,
    IndexHistorySpec,
    RatesSpec,
)
from tests.resources.reference.formats import SAMPLES, catalog, split, zipped

SAMPLE = {s.name: s.text for s in SAMPLES}
WIKI_HEADER = SAMPLE["quandl_wiki_zip"].splitlines()[0]


@pytest.mark.parametrize(
    ("spec", "formats"),
    [
        (RatesSpec, RATE_FORMATS),
        (CorporateActionsSpec, ACTION_FORMATS),
        (IndexHistorySpec, PRICE_FORMATS),
        (EarningsSpec, EARNINGS_FORMATS),
    ],
)
def test_a_universe_may_name_exactly_the_formats_that_there_are(spec, formats):
    assert sorted(get_args(spec.model_fields["format"].annotation)) == sorted(formats)


def test_prices_of_events_come_in_formats_with_prices_as_traded():
    named = set(get_args(ActionPricesSpec.model_fields["format"].annotation))
    assert named == {name for name, f in PRICE_FORMATS.items() if f.many_symbols}


def test_what_a_universe_does_not_name_has_no_source(make_universe, tmp_path):
    bare = make_universe("MOD")
    assert make_rates(bare, tmp_path) is make_actions(bare, tmp_path) is None
    assert make_index_histories(bare, {}) is make_earnings(bare, tmp_path) is None


@pytest.mark.parametrize("name", [n for n in RATE_FORMATS if n != "fred_csv"])
def test_a_curve_from_one_file_is_that_of_the_open(make_universe, tmp_path, name):
    path = tmp_path / "rates.csv"
    path.write_text(SAMPLE[name])
    universe = make_universe("MOD", rates={"format": name, "path": "x", "max_age_days": 5000})
    source = make_rates(universe, path)
    early, late = (source.rates_as_of(day) for day in (dt.date(2026, 7, 22), dt.date(2026, 7, 23)))
    assert early.problem is late.problem is None
    if name == "lean_interest_rate":
        assert early.table["rate"].to_pylist() == pytest.approx([0.055], rel=1e-4)
        assert early.table["observation_date"].to_pylist() == [dt.date(2023, 7, 27)]
    else:
        # the value of a day is out after its close
        assert set(early.table["observation_date"].to_pylist()) == {dt.date(2026, 7, 21)}
        assert set(late.table["observation_date"].to_pylist()) >= {dt.date(2026, 7, 22)}
    assert set(late.table["source"].to_pylist()) == {name}
    stored = make_rates(universe, tmp_path / "gone")
    assert stored.rates_as_of(dt.date(2026, 7, 23), source.fetch(dt.date(2026, 7, 23))).table.equals(
        late.table
    )


def test_a_change_of_the_discount_rate_holds_on_its_day_and_not_before(make_universe, tmp_path):
    path = tmp_path / "rates.csv"
    path.write_text(SAMPLE["lean_interest_rate"])
    spec = {"format": "lean_interest_rate", "path": "x", "max_age_days": 400}
    source = make_rates(make_universe("MOD", start="2023-05-01", rates=spec), path)
    days = (dt.date(2023, 5, 3), dt.date(2023, 5, 4), dt.date(2023, 7, 26), dt.date(2023, 7, 27))
    observed = [source.rates_as_of(day).table["observation_date"].to_pylist() for day in days]
    may, july = dt.date(2023, 5, 4), dt.date(2023, 7, 27)
    assert observed == [[], [may], [may], [july]]
    assert "raise rates.max_age_days (400)" in source.rates_as_of(dt.date(2025, 7, 28)).problem


def test_a_missing_maturity_is_left_out_of_the_curve(make_universe, tmp_path):
    path = tmp_path / "cmt.csv"
    path.write_text(SAMPLE["treasury_cmt_csv"])
    universe = make_universe("MOD", rates={"format": "treasury_cmt_csv", "path": "x"})
    table = make_rates(universe, path).rates_as_of(dt.date(2026, 7, 22)).table
    # 0.0 on that day: not a rate of nothing
    assert "BC_1MONTH" not in table["series"].to_pylist()
    assert table["tenor_days"].to_pylist() == sorted(table["tenor_days"].to_pylist())
    assert table["known_at"][0].as_py() == dt.datetime(2026, 7, 21, 22, tzinfo=dt.UTC)


def actions(make_universe, tmp_path, *entries, symbols=("AAPL",), prices=None, **document):
    (tmp_path / "2020.json").write_bytes(catalog(*entries, **document))
    spec = {"format": "splits_catalog_json", "path": "x"}
    prices_path = None
    if prices is not None:
        prices_path = tmp_path / "wiki.zip"
        prices_path.write_bytes(zipped({"wiki.csv": "\n".join((WIKI_HEADER, *prices, "")).encode()}))
        spec["prices"] = {"format": "quandl_wiki_zip", "path": "x"}
    universe = make_universe(*symbols, corporate_actions=spec)
    return make_actions(universe, tmp_path, prices_path)


def bar(day: str, price: float, symbol: str = "AAPL") -> str:
    return f"{symbol},{day},{price},{price},{price},{price},1,0.0,1.0,1,1,1,1,1"


JUMP = [bar("2020-08-27", 500), bar("2020-08-28", 499), bar("2020-08-31", 129)]


def test_an_uncertain_split_of_an_own_underlying_stops_and_names_the_way_out(make_universe, tmp_path):
    source = actions(make_universe, tmp_path, split(notes=""))
    with pytest.raises(InvalidActionsError, match=r"AAPL 2020-08-28: date_uncertain") as caught:
        source.parse(source.fetch())
    assert "corporate_actions.prices" in str(caught.value) and "memos_yaml" in str(caught.value)


def test_prices_settle_it(make_universe, tmp_path):
    source = actions(make_universe, tmp_path, split(notes=""), prices=JUMP)
    parsed = source.parse(source.fetch())
    assert parsed.table["effective_date"].to_pylist() == [dt.date(2020, 8, 31)]
    assert parsed.table["source"].to_pylist() == ["splits_catalog_json, 2020-08-28 settled by price"]


def test_others_uncertain_splits_are_set_aside_and_the_rest_goes_on(make_universe, tmp_path):
    source = actions(make_universe, tmp_path, split(), split("TSLA", notes=""), split("SF", "2026-08-28"))
    parsed = source.parse(source.fetch())
    assert parsed.table["underlying"].to_pylist() == ["AAPL"]
    assert sorted(parsed.rejected["symbol"].to_pylist()) == ["SF", "TSLA"]


def test_an_announced_split_does_not_stop_its_underlying(make_universe, tmp_path):
    source = actions(make_universe, tmp_path, split(), updated="2020-08-01")
    parsed = source.parse(source.fetch())
    assert parsed.table.num_rows == 0 and parsed.rejected["reasons"].to_pylist() == [["unconfirmed"]]


def test_years_of_a_catalogue_are_joined_in_order(make_universe, tmp_path):
    later = split("AAPL", "2021-06-16", notes="Split-adjusted trading began Jun 17, 2021.")
    (tmp_path / "2021.json").write_bytes(
        catalog(later, split("AAL", "2021-06-16", notes=later["notes"]), year=2021)
    )
    source = actions(make_universe, tmp_path, split(), symbols=("AAPL", "AAL"))
    table = source.parse(source.fetch()).table
    assert [(r["underlying"], str(r["effective_date"])) for r in table.to_pylist()] == [
        ("AAL", "2021-06-17"), ("AAPL", "2020-08-31"), ("AAPL", "2021-06-17"),
    ]  # fmt: skip
    assert source.parse([]).table.num_rows == 0


def test_an_unreadable_or_missing_file_of_actions_is_named(make_universe, tmp_path):
    source = actions(make_universe, tmp_path, split())
    (tmp_path / "2020.json").write_bytes(b"[")
    with pytest.raises(InvalidActionsError, match=r"2020\.json is no JSON"):
        source.parse(source.fetch())
    (tmp_path / "2020.json").unlink()
    with pytest.raises(
        ProviderError, match=r"holds no \*\.json file; corporate_actions.format is splits_catalog_json"
    ):
        source.fetch()
    source = actions(make_universe, tmp_path, split(), prices=JUMP)
    (tmp_path / "wiki.zip").unlink()
    with pytest.raises(ProviderError, match=r"check corporate_actions\.prices\.path"):
        source.fetch()


HISTORIES = [
    {"name": "VIX", "format": "vix_daily_csv", "path": "x"},
    {"name": "bonds", "format": "tiingo_daily_csv", "path": "y", "symbol": "TLT", "known_after_minutes": 60},
]


@pytest.fixture
def histories(make_universe, tmp_path):
    paths = {"VIX": tmp_path / "vix.csv", "bonds": tmp_path / "etf.csv"}
    paths["VIX"].write_text(SAMPLE["vix_daily_csv"])
    paths["bonds"].write_text(SAMPLE["tiingo_daily_csv"])
    return make_index_histories(make_universe("MOD", index_histories=HISTORIES), paths)


def test_a_history_has_its_universes_name_and_is_known_after_the_close(histories):
    parsed = histories.parse(histories.fetch())
    assert list(parsed) == ["VIX", "bonds"]
    vix, (bonds,) = (parsed[name].table.to_pylist() for name in parsed)
    assert [(r["name"], r["close"]) for r in vix] == [("VIX", 17.0), ("VIX", 16.6)]
    assert vix[0]["known_at"] == dt.datetime(2026, 7, 21, 20, 15, tzinfo=dt.UTC)
    assert (bonds["name"], bonds["source"]) == ("bonds", "tiingo_daily_csv")
    assert bonds["known_at"] == dt.datetime(2026, 7, 22, 21, 0, tzinfo=dt.UTC)
    # rows about other symbols are read and counted, then left out
    assert (parsed["bonds"].rows_in, parsed["bonds"].rows_accepted) == (3, 3)
    assert histories.parse([]) == {}


def test_a_half_day_is_known_early(histories, tmp_path):
    (tmp_path / "vix.csv").write_text("DATE,OPEN,HIGH,LOW,CLOSE\n2025-11-28,17,18,16,17\n")
    (row,) = histories.parse(histories.fetch())["VIX"].table.to_pylist()
    assert row["ts"] == dt.datetime(2025, 11, 28, 18, tzinfo=dt.UTC)


def test_a_history_that_cannot_be_used_is_named(histories, tmp_path):
    (tmp_path / "etf.csv").write_text(SAMPLE["tiingo_daily_csv"].replace("TLT", "IEF"))
    with pytest.raises(UnusableHistoryError, match=r"bonds: etf\.csv has no TLT; it has IEF, VOO"):
        histories.parse(histories.fetch())
    (tmp_path / "vix.csv").write_text("")
    with pytest.raises(UnusableHistoryError, match=r"VIX: vix\.csv is empty"):
        histories.parse(histories.fetch())
    (tmp_path / "vix.csv").unlink()
    with pytest.raises(ProviderError, match="check the path of index_histories VIX"):
        histories.fetch()


def test_two_histories_of_one_name_are_refused(make_universe):
    with pytest.raises(ValueError, match="two index_histories have the same name"):
        make_universe("MOD", index_histories=[HISTORIES[0], HISTORIES[0]])


def test_earnings_dates_are_those_of_the_universe(make_universe, tmp_path):
    path = tmp_path / "earnings.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE earnings (Ticker TEXT, Earnings_Date TEXT)")
    rows = [("MSFT", "2025-10-29"), ("AAPL", "2025-10-30"), ("AAPL", "2025-07-31"), ("MSFT", "soon")]
    connection.executemany("INSERT INTO earnings VALUES (?, ?)", rows)
    connection.commit()
    connection.close()
    source = make_earnings(make_universe("AAPL", earnings={"path": "x"}), path)
    table, rejected = source.parse(source.fetch())
    assert [str(day) for day in table["earnings_date"].to_pylist()] == ["2025-07-31", "2025-10-30"]
    assert rejected["reasons"].to_pylist() == [["untyped:Earnings_Date"]]
    assert source.parse([])[0].num_rows == 0
    path.write_bytes(b"x")
    with pytest.raises(UnusableEarningsError, match=r"earnings\.db is no SQLite database"):
        source.parse(source.fetch())
    path.unlink()
    with pytest.raises(ProviderError, match=r"check earnings\.path"):
        source.fetch()
