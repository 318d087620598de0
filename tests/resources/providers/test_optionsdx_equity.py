"""OptionsDX's equity files: which root a line is of, sizes, and several read times a day."""

import datetime as dt
from pathlib import Path

import pytest

from resources.providers.contract import load_case
from resources.providers.registry import SettingsError, check_provider, make_provider

CASE = load_case(Path(__file__).parent / "contract_cases" / "optionsdx_equity.py")
DAY = CASE.trade_date


def universe(settings, roots=2):
    data = CASE.universe.model_dump(mode="json")
    data["provider"]["settings"] = settings
    data["underlyings"][0]["roots"] = data["underlyings"][0]["roots"][:roots]
    return type(CASE.universe).model_validate(data)


@pytest.mark.parametrize(
    ("settings", "where", "why"),
    [
        ({}, "monthly_roots", "SPX has the roots SPX, SPXW, and rows name none"),
        ({"monthly_roots": {"SPX": "SPXQ"}}, "SPX", "SPXQ is no root of SPX"),
        ({"monthly_roots": {"SPX": "SPX", "NDX": "NDX"}}, "NDX", "no underlying of the universe"),
    ],
)
def test_an_underlying_of_two_roots_must_say_which_is_monthly(settings, where, why):
    with pytest.raises(SettingsError, match=why) as caught:
        check_provider(universe(settings))
    assert caught.value.location[-1] == where


def parse(folder, spec):
    source = make_provider(spec, folder)
    return source.parse(DAY, source.fetch(DAY)).underlyings["SPX"]


@pytest.mark.parametrize(
    ("expiry", "root"),
    [
        ("2023-01-20", "SPX"),
        ("2023-01-27", "SPXW"),
        # Good Friday 2022 was the third Friday; before 2015 the listed day was the Saturday
        ("2022-04-14", "SPX"),
        ("2022-04-13", "SPXW"),
        ("2022-08-20", "SPX"),
    ],
)
def test_the_third_friday_is_monthly(tmp_path, expiry, root):
    CASE.write(tmp_path)
    path = tmp_path / "spx_eod_202301.txt"
    lines = path.read_text().splitlines()
    path.write_text("\n".join((lines[0], lines[1].replace("2023-01-20", expiry), "")))
    found = parse(tmp_path, CASE.universe).quotes
    assert found["root"].to_pylist() == [root, root]


def test_lines_of_either_root_are_set_aside_and_with_one_root_kept(tmp_path):
    CASE.write(tmp_path)
    reasons = [row for rows in parse(tmp_path, CASE.universe).rejected["reasons"].to_pylist() for row in rows]
    assert sorted(reasons) == ["ambiguous_root", "ambiguous_root", "untyped:P_SIZE"]
    alone = parse(tmp_path, universe({}, roots=1))
    assert alone.rejected["reasons"].to_pylist() == [["untyped:P_SIZE"]]
    assert alone.quotes.num_rows == 8 and set(alone.quotes["root"].to_pylist()) == {"SPX"}


def test_read_times_are_snapshots_in_their_order(tmp_path):
    CASE.write(tmp_path)
    path = tmp_path / "spx_eod_202301.txt"
    lines = path.read_text().splitlines()
    noon = lines[1].replace("1674075600", "1674061200").replace("2023-01-18 16:00", "2023-01-18 12:00")
    path.write_text("\n".join((lines[0], lines[1], noon, "")))
    parsed = parse(tmp_path, CASE.universe)
    rows = [(row["snapshot_id"], row["ts"].hour) for row in parsed.quotes.to_pylist()]
    assert rows == [(0, 17), (0, 17), (1, 21), (1, 21)]
    assert parsed.payload_ts_us == int(dt.datetime(2023, 1, 18, 21, tzinfo=dt.UTC).timestamp() * 1e6)
    assert parsed.snapshot_payload_ts_us[0] < parsed.snapshot_payload_ts_us[1]


def test_a_damaged_clock_sets_its_line_aside(tmp_path):
    CASE.write(tmp_path)
    path = tmp_path / "spx_eod_202301.txt"
    lines = path.read_text().splitlines()
    bad = [lines[1].replace("1674075600", clock) for clock in ("999999999999999", "1674000000", "-5")]
    path.write_text("\n".join((lines[0], lines[1], *bad, "")))
    parsed = parse(tmp_path, CASE.universe)
    assert sorted(row[0] for row in parsed.rejected["reasons"].to_pylist()) == [
        "other_day",
        "untyped:QUOTE_UNIXTIME",
        "untyped:QUOTE_UNIXTIME",
    ]
