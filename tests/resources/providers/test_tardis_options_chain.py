"""Tardis: the last update at or before each time, in bounded memory, whatever else the file holds."""

import datetime as dt
import gzip
import tracemalloc
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from resources.providers import tardis_rows
from resources.providers.contract import load_case
from resources.providers.registry import SettingsError, check_provider, make_provider
from resources.providers.tick_sampling import LastStateSampler

CASE = load_case(Path(__file__).parent / "contract_cases" / "tardis_options_chain.py")
DAY = CASE.trade_date
FILE = "deribit_options_chain_2020-06-08_OPTIONS.csv.gz"
START_US = 1_591_574_400_000_000


def universe(**settings):
    provider = CASE.universe.provider.model_copy(update={"settings": settings})
    return CASE.universe.model_copy(update={"provider": provider})


def parse(folder, spec=CASE.universe):
    source = make_provider(spec, folder)
    return source.parse(DAY, source.fetch(DAY)).underlyings["BTC"]


def rewrite(folder, change):
    lines = gzip.decompress((folder / FILE).read_bytes()).decode().splitlines()
    (folder / FILE).write_bytes(gzip.compress("\n".join((*change(lines), "")).encode(), mtime=0))


def test_the_sampler_agrees_with_a_search_row_by_row():
    rng = np.random.default_rng(1)
    times = np.arange(100, 1000, 90)
    arrival = np.sort(rng.integers(0, 1100, 500))
    keys = rng.integers(0, 7, 500).astype(str)
    table = pa.table({"k": keys, "v": np.arange(500)})
    sampler = LastStateSampler(times, "k")
    for start in range(0, 500, 37):
        sampler.add(table.slice(start, 37), arrival[start : start + 37])
    found = {at: dict(zip(*state.to_pydict().values(), strict=True)) for at, state in sampler.snapshots(1100)}
    for at, time in enumerate(times):
        expected = {}
        for key, value, when in zip(keys, range(500), arrival, strict=True):
            if when <= time:
                expected[key] = value
        assert found[at] == expected


def test_nothing_is_known_after_the_last_row():
    sampler = LastStateSampler(np.array([10, 20, 30]), "k")
    sampler.add(pa.table({"k": ["a"], "v": [1]}), np.array([5]))
    assert [at for at, _ in sampler.snapshots(20)] == [0, 1]


def test_blocks_of_any_size_give_the_same_day(tmp_path, monkeypatch):
    CASE.write(tmp_path)
    whole = parse(tmp_path)
    blocks = tardis_rows.line_blocks
    for size in (60, 300, 900):
        monkeypatch.setattr(
            tardis_rows, "line_blocks", lambda *a, size=size, **k: blocks(*a, **k | {"block_bytes": size})
        )
        make_provider(CASE.universe, tmp_path)._sampled._entries.clear()
        again = parse(tmp_path)
        assert again.quotes.equals(whole.quotes) and again.rejected.equals(whole.rejected)


def test_snapshots_are_taken_at_the_declared_times(tmp_path):
    CASE.write(tmp_path)
    hours = {
        row["ts"].strftime("%H:%M")
        for row in parse(tmp_path, universe(interval_minutes=30)).quotes.to_pylist()
    }
    assert hours == {"01:00", "01:30", "02:00"}
    one = parse(tmp_path, universe(first_time="01:30", interval_minutes=1440)).quotes
    assert {row["ts"].strftime("%H:%M") for row in one.to_pylist()} == {"01:30"}


def test_an_expired_contract_is_in_no_snapshot(tmp_path):
    CASE.write(tmp_path)
    expiry = START_US + 8 * 3_600_000_000

    def change(lines):
        def later(line, seconds):
            cells = line.split(",")
            cells[2] = cells[3] = str(START_US + seconds * 1_000_000)
            return ",".join(cells)

        today = [
            line.replace("1591689600000000", str(expiry)).replace("9JUN20", "8JUN20") for line in lines[1:2]
        ]
        return [lines[0], today[0], lines[1], later(lines[1], 9 * 3600)]

    rewrite(tmp_path, change)
    rows = parse(tmp_path).quotes.to_pylist()
    assert max(row["ts"].hour for row in rows if "8JUN20" in row["symbol"]) == 7
    assert max(row["ts"].hour for row in rows if "9JUN20" in row["symbol"]) == 9


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("exchange", "okex", "other_exchange"),
        ("type", "future", "untyped:type"),
        ("type", "call", "symbol_disagrees"),
        ("symbol", "BTC-PERPETUAL", "untyped:symbol"),
        ("expiration", "1591689600000001", "expiry_time_disagrees"),
        ("expiration", "9223372036854775807", "expiry_out_of_range"),
        ("timestamp", "0", "untyped:timestamp"),
        ("local_timestamp", "1591574400000001", "out_of_order"),
        ("local_timestamp", "1591660800000000", "other_day"),
        ("strike_price", "", "untyped:strike_price"),
    ],
)
def test_rows_that_cannot_be_used_are_set_aside(tmp_path, column, value, reason):
    CASE.write(tmp_path)

    def change(lines):
        cells = lines[1].replace("1591574401000000", "1591577999000000").split(",")
        cells[lines[0].split(",").index(column)] = value
        return [*lines[:4], ",".join(cells), *lines[4:6]]

    rewrite(tmp_path, change)
    parsed = parse(tmp_path)
    assert parsed.rejected.num_rows == 1 and reason in parsed.rejected["reasons"].to_pylist()[0]
    assert parsed.quotes.num_rows > 0


def test_a_file_of_another_day_and_a_file_cut_off_are_problems(tmp_path):
    CASE.write(tmp_path)
    payload = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).rename(tmp_path / FILE.replace("06-08", "06-09"))
    source = make_provider(CASE.universe, tmp_path)
    day = dt.date(2020, 6, 9)
    assert "holds updates of 2020-06-08" in source.parse(day, source.fetch(day)).underlyings["BTC"].problem
    (tmp_path / FILE).write_bytes(payload[:-30])
    assert "truncated or damaged gzip" in parse(tmp_path).problem


def test_two_files_of_a_day_are_a_problem(tmp_path):
    CASE.write(tmp_path)
    (tmp_path / FILE.replace("OPTIONS", "BTC")).write_bytes((tmp_path / FILE).read_bytes())
    assert "both claim 2020-06-08" in parse(tmp_path).problem


def test_a_day_of_ticks_needs_the_memory_of_its_snapshots(tmp_path):
    CASE.write(tmp_path)
    head, row = gzip.decompress((tmp_path / FILE).read_bytes()).decode().splitlines()[:2]
    cells = row.split(",")
    count = 150_000
    step = 86_000_000_000 // count
    body = "\n".join(
        ",".join((*cells[:2], str(START_US + n * step), str(START_US + n * step), *cells[4:]))
        for n in range(count)
    )
    text = f"{head}\n{body}\n".encode()
    (tmp_path / FILE).write_bytes(gzip.compress(text, compresslevel=1))
    before = pa.total_allocated_bytes()
    tracemalloc.start()
    parsed = parse(tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert parsed.quotes.num_rows == 23
    assert len(text) > 24 << 20 and peak < 40 << 20
    assert pa.total_allocated_bytes() - before < 4 << 20


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"settings": {"files": "*.csv"}}, "files"),
        ({"settings": {"interval_minutes": 0}}, "interval_minutes"),
        ({"settings": {"first_time": "24:00"}}, "first_time"),
        ({"timezone": "Europe/Berlin"}, "settings"),
    ],
)
def test_settings_that_cannot_work_are_named(change, where):
    spec = universe(**change.get("settings", {})).model_copy(
        update={"timezone": change.get("timezone", "UTC")}
    )
    with pytest.raises(SettingsError) as caught:
        check_provider(spec)
    assert caught.value.location[-1] == where
