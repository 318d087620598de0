"""The generic table: every mistake in the mapping is named by its field, and files of many shapes say the same."""

import copy
import datetime as dt
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from optix_pipeline.catalog import _check_provider
from optix_pipeline.yaml_specs import SpecError
from resources.providers import generic_parquet
from resources.providers.contract import load_case
from resources.providers.registry import SettingsError, check_provider, make_provider
from resources.universe import UniverseSpec

CASES = Path(__file__).parent / "contract_cases"
CASE = load_case(CASES / "generic_table.py")
DAY = dt.date(2026, 7, 22)
PLAIN = {
    "files": "{underlying}_{date}.csv",
    "mapping": {"expiry": "exp", "strike": "k", "right": "cp", "bid": "bid", "ask": "ask", "spot": "s"},
}
HEADER = "exp,k,cp,bid,ask,s"
ROW = "2026-08-21,100,C,1.5,1.7,101.25"


def universe(settings, symbols=("ACME",), roots=1, currency="USD"):
    def root(name):
        return {
            "root": name,
            "style": "A",
            "settlement_time": "PM",
            "settlement_type": "physical",
            "multiplier": 100,
        }

    return UniverseSpec.model_validate(
        {
            "name": "acme",
            "description": "test",
            "provider": {"format": "generic_table", "path": "x", "settings": settings},
            "calendar": "XNYS",
            "timezone": "America/New_York",
            "start": "2026-07-01",
            "end": "2026-07-31",
            "quote_currency": currency,
            "settlement_currency": currency,
            "underlyings": [
                {"symbol": s, "kind": "stock", "roots": [root(s + "W" * n) for n in range(roots)]}
                for s in symbols
            ],
        }
    )


def changed(path, value, base=PLAIN):
    settings = copy.deepcopy(base)
    at = settings
    for name in path[:-1]:
        at = at.setdefault(name, {})
    if value is None:
        at.pop(path[-1], None)
    else:
        at[path[-1]] = value
    return settings


def parse(folder, settings, day=DAY, **kwargs):
    source = make_provider(universe(settings, **kwargs), folder)
    return source.parse(day, source.fetch(day))


@pytest.mark.parametrize(
    ("path", "value", "where", "why"),
    [
        (("mapping", "bidd"), "bid", ("mapping", "bidd"), "unknown setting"),
        (("mapping", "expiry"), None, ("mapping", "expiry"), "is needed"),
        (("mapping", "right"), None, ("mapping", "right"), "is needed"),
        (("mapping", "bid"), {"constant": "one"}, ("mapping", "bid", "constant"), "must be a number"),
        (("mapping", "right"), {"constant": "X"}, ("mapping", "right", "constant"), "one of C, CALL, P, PUT"),
        (("mapping", "expiry"), {"constant": "21.8.26"}, ("mapping", "expiry", "constant"), "must be a date"),
        (("mapping", "bid"), "exp", ("mapping", "expiry"), "takes 'exp' as text, and bid as number"),
        (("mapping", "ts"), {"constant": 1}, ("mapping", "ts"), "cannot be a constant"),
        (("call", "bid"), "cb", ("call",), "needs call and put both"),
        (("symbol_rule",), "osi", ("mapping", "symbol"), "is needed by symbol_rule"),
        (("files",), "{underlying}.csv", ("mapping", "trade_date"), "put {date}"),
        (("files",), "../x.csv", ("files",), "no path below provider.path"),
        (("columns",), ["exp", "k", "cp", "bid", "ask"], ("mapping", "spot"), "'s' is none of columns"),
        (("columns",), ["exp", "exp"], ("columns",), "names exp twice"),
        (("delimiter",), "ab", ("delimiter",), "pattern"),
        (("units", "price_scale"), 0, ("units", "price_scale"), "greater than 0"),
        (("units", "price_currency"), "EUR", ("units", "price_currency"), "quote_currency is USD"),
        (("units", "volatility"), "bps", ("units", "volatility"), "decimal"),
        (("times", "zone"), "Mars/Olympus", ("times", "zone"), "no IANA time zone"),
        (("times", "format"), "%H:%M", ("times", "format"), "does not hold year"),
        (("dates", "format"), "%Q", ("dates", "format"), "no format of strptime"),
        (("snapshot_time",), "9:30", ("snapshot_time",), "pattern"),
        (("underlying_rows",), True, ("underlying_rows",), "needs a mapped symbol"),
        (("kind",), "xlsx", ("kind",), "csv"),
        (("mapping",), None, ("mapping",), "required"),
    ],
)
def test_a_mistake_is_refused_with_its_field(path, value, where, why):
    with pytest.raises(SettingsError, match=why) as caught:
        check_provider(universe(changed(path, value)))
    assert caught.value.location[: 2 + len(where)] == ("provider", "settings", *where)


@pytest.mark.parametrize(
    ("kwargs", "settings", "where"),
    [
        ({"symbols": ("A", "B")}, changed(("files",), "all_{date}.csv"), "underlying"),
        ({"roots": 2}, PLAIN, "root"),
    ],
)
def test_whose_a_row_is_must_come_from_somewhere(kwargs, settings, where):
    with pytest.raises(SettingsError) as caught:
        check_provider(universe(settings, **kwargs))
    assert caught.value.location[-1] == where


def test_the_message_of_a_yaml_names_file_line_and_field(tmp_path):
    path = tmp_path / "acme.yaml"
    path.write_text("name: acme\nprovider:\n  settings:\n    mapping:\n      expiry: exp\n      bidd: b\n")
    with pytest.raises(SpecError, match=r"acme\.yaml:6: provider\.settings\.mapping\.bidd: unknown setting"):
        _check_provider(universe(changed(("mapping", "bidd"), "b")), path)


def test_a_plain_file_of_one_underlying_and_day(tmp_path):
    (tmp_path / "ACME_2026-07-22.csv").write_text(f"{HEADER}\n{ROW}\n{ROW.replace(',C,', ',put,')}\n")
    day = parse(tmp_path, PLAIN)
    call, put = day.underlyings["ACME"].quotes.to_pylist()
    assert (call["symbol"], put["symbol"]) == ("ACME260821C00100000", "ACME260821P00100000")
    assert (call["bid"], call["spot"], call["ts"].hour) == (1.5, 101.25, 20)
    assert day.underlying_prices["close"].to_pylist() == [101.25]


def test_a_header_without_a_mapped_column_names_the_field(tmp_path):
    (tmp_path / "ACME_2026-07-22.csv").write_text(f"{HEADER.replace('ask', 'offer')}\n{ROW}\n")
    problem = parse(tmp_path, PLAIN).underlyings["ACME"].problem
    assert "has no column 'ask', which provider.settings.mapping.ask maps" in problem


@pytest.mark.parametrize(
    ("form", "zone", "text"),
    [
        ("iso", "America/New_York", "2026-07-22T15:45:00"),
        ("iso", None, "2026-07-22 19:45:00+00:00"),
        ("epoch_s", None, "1784749500"),
        ("epoch_ms", None, "1784749500000"),
        ("epoch_ns", None, "1784749500000000000"),
        ("%d.%m.%Y %H:%M", "Europe/Berlin", "22.07.2026 21:45"),
    ],
)
def test_instants_of_every_format_are_the_same(tmp_path, form, zone, text):
    settings = changed(("mapping", "ts"), "t") | {"times": {"format": form, "zone": zone}}
    (tmp_path / "ACME_2026-07-22.csv").write_text(f"{HEADER},t\n{ROW},{text}\n{ROW},later\n")
    parsed = parse(tmp_path, settings).underlyings["ACME"]
    assert parsed.quotes["ts"].to_pylist() == [dt.datetime(2026, 7, 22, 19, 45, tzinfo=dt.UTC)]
    assert parsed.rejected["reasons"].to_pylist() == [["untyped:ts"]]
    assert parsed.payload_ts_us == 1_784_749_500_000_000


def test_a_snapshot_time_is_of_the_universes_zone(tmp_path):
    (tmp_path / "ACME_2026-07-22.csv").write_text(f"{HEADER}\n{ROW}\n")
    parsed = parse(tmp_path, changed(("snapshot_time",), "15:45")).underlyings["ACME"]
    assert parsed.quotes["ts"].to_pylist() == [dt.datetime(2026, 7, 22, 19, 45, tzinfo=dt.UTC)]


def test_many_underlyings_and_days_in_one_file(tmp_path):
    settings = changed(("files",), "all.csv")
    settings["mapping"] |= {"underlying": "u", "trade_date": "d"}
    days = ("2026-07-21", "2026-07-22")
    lines = [f"{ROW},{u},{d}" for u in ("A", "B", "Z") for d in days]
    (tmp_path / "all.csv").write_text("\n".join((f"{HEADER},u,d", *lines, "")))
    source = make_provider(universe(settings, symbols=("A", "B")), tmp_path)
    assert [day.isoformat() for day in source.available_days()] == list(days)
    parts = source.fetch(DAY)
    assert [(part.underlying, part.slice_rule) for part in parts] == [
        ("A", "trade_date=2026-07-22"),
        ("B", "trade_date=2026-07-22"),
    ]
    assert {s: u.quotes.num_rows for s, u in source.parse(DAY, parts).underlyings.items()} == {"A": 1, "B": 1}


def test_scales_divide_without_a_rest(tmp_path):
    settings = changed(("units",), {"price_scale": 0.0001, "strike_scale": 0.001, "underlying_scale": 0.01})
    (tmp_path / "ACME_2026-07-22.csv").write_text(f"{HEADER}\n2026-08-21,28570,C,15100,29,10125\n")
    (row,) = parse(tmp_path, settings).underlyings["ACME"].quotes.to_pylist()
    assert (row["bid"], row["ask"], row["strike"], row["spot"]) == (1.51, 0.0029, 28.57, 101.25)


def parquet(folder, table, settings=PLAIN, **kwargs):
    pq.write_table(table, folder / "ACME_2026-07-22.parquet", **kwargs)
    mine = changed(("kind",), "parquet", settings) | {"files": "{underlying}_{date}.parquet"}
    return parse(folder, mine).underlyings["ACME"]


GOOD = {
    "exp": pa.array([dt.date(2026, 8, 21)] * 2),
    "k": pa.array([Decimal("100.5"), Decimal("101")]),
    "cp": pa.array(["C", "P"]).dictionary_encode(),
    "bid": pa.array([1.5, float("nan")], type=pa.float32()),
    "ask": pa.array([2, None], type=pa.int16()),
    "s": pa.array([101.25, 101.25]),
}


def test_parquet_of_decimals_dictionaries_and_nan(tmp_path):
    call, put = parquet(tmp_path, pa.table(GOOD)).quotes.to_pylist()
    assert (call["strike"], call["bid"], call["ask"]) == (100.5, 1.5, 2.0)
    assert (put["right"], put["bid"], put["ask"]) == ("P", None, None)


@pytest.mark.parametrize(
    ("column", "values", "why"),
    [
        ("bid", ["1.5", "1.6"], "column 'bid' is string, but provider.settings.mapping.bid needs number"),
        (
            "exp",
            [20260821, 20260821],
            "column 'exp' is int64, but provider.settings.mapping.expiry needs date",
        ),
        ("cp", [1, 2], "column 'cp' is int64, but provider.settings.mapping.right needs text"),
        ("ask", [[1], [2]], "needs number"),
    ],
)
def test_parquet_of_another_type_than_mapped_is_a_problem(tmp_path, column, values, why):
    assert why in parquet(tmp_path, pa.table(GOOD | {column: values})).problem


def test_parquet_without_a_mapped_column_and_too_large_is_a_problem(tmp_path, monkeypatch):
    assert (
        "has no column 's', which provider.settings.mapping.spot maps"
        in parquet(tmp_path, pa.table(GOOD).drop_columns(["s"])).problem
    )
    monkeypatch.setattr(generic_parquet, "MAX_UNPACKED_BYTES", 100)
    assert "split it by day" in parquet(tmp_path, pa.table(GOOD)).problem


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "Asia/Tokyo"])
def test_parquet_timestamps_of_any_unit_and_zone_are_the_same_instant(tmp_path, unit, zone):
    wall = (
        dt.datetime(2026, 7, 22, 15, 45) if zone is None else dt.datetime(2026, 7, 22, 19, 45, tzinfo=dt.UTC)
    )
    stamps = pa.array([wall, wall], type=pa.timestamp(unit, tz=zone))
    settings = changed(("mapping", "ts"), "t")
    parsed = parquet(tmp_path, pa.table(GOOD | {"t": stamps}), settings, row_group_size=1)
    assert set(parsed.quotes["ts"].to_pylist()) == {dt.datetime(2026, 7, 22, 19, 45, tzinfo=dt.UTC)}


def test_parquet_rows_that_cannot_be_used_are_set_aside_with_their_text(tmp_path):
    table = pa.table(GOOD | {"k": [100.0, None], "bid": [float("inf"), 1.0]})
    rejected = parquet(tmp_path, table).rejected.to_pylist()
    assert [row["reasons"] for row in rejected] == [["untyped:bid"], ["untyped:k"]]
    assert {"inf", "C", "2026-08-21", "100"} <= set(rejected[0]["raw"].split(","))


def test_the_digest_of_a_parquet_day_does_not_follow_its_encoding(tmp_path):
    settings = changed(("kind",), "parquet") | {"files": "{underlying}_{date}.parquet"}
    digests = set()
    for kwargs in ({"compression": "zstd"}, {"use_dictionary": False, "row_group_size": 1}):
        pq.write_table(pa.table(GOOD), tmp_path / "ACME_2026-07-22.parquet", **kwargs)
        (part,) = make_provider(universe(settings), tmp_path).fetch(DAY)
        digests.add(part.slice_digest)
    assert len(digests) == 1


def test_own_rows_that_disagree_give_no_spot(tmp_path):
    CASE.write(tmp_path)
    path = tmp_path / "quotes.txt"
    path.write_text("ACME|27.01.2017|1|3|0|0|0\n" + path.read_text())
    source = make_provider(CASE.universe, tmp_path)
    parsed = source.parse(CASE.trade_date, source.fetch(CASE.trade_date)).underlyings["ACME"]
    assert parsed.quotes["spot"].null_count == parsed.quotes.num_rows == 3
