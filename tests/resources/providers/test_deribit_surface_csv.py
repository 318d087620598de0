"""Daily snapshots of one coin's chain, and its delivery prices."""

import datetime as dt
import gzip

import pytest

from resources.providers.protocol import ProviderError
from resources.providers.registry import make_provider

DAY = dt.date(2026, 3, 17)
HEADER = (
    "snapshot_ts,expiry,days_to_expiry,strike,option_type,bid,ask,mark_price,forward_price,index_price,"
    "implied_vol,delta,gamma,vega,open_interest,volume_24h"
)
TAIL = "0.1555,74602.5615,74602.46,1.1409,0.99993,0.0,0.0085,35.1,16.7"


def _row(
    ts="2026-03-17T18:31:48Z", expiry="2026-03-27", strike="63000.0", right="C", bid="0.1525", ask="0.185"
):
    return f"{ts},{expiry},10,{strike},{right},{bid},{ask},{TAIL}"


@pytest.fixture
def provider(surface_universe, tmp_path):
    return make_provider(surface_universe, tmp_path)


@pytest.fixture
def write(tmp_path):
    def run(rows: list[str], day: str = "2026-03-17") -> None:
        (tmp_path / "surfaces").mkdir(exist_ok=True)
        text = "\n".join((HEADER, *rows, "")).encode()
        (tmp_path / "surfaces" / f"{day}.csv.gz").write_bytes(gzip.compress(text))

    return run


def _parse(provider, day=DAY):
    return provider.parse(day, provider.fetch(day))


def test_a_quote_in_coin_with_the_venues_name(write, provider):
    write([_row(), _row(strike="0.5", right="P", bid="0.0", ask="0")])
    parsed = _parse(provider).underlyings["BTC"]
    call, put = parsed.quotes.to_pylist()
    assert (call["symbol"], put["symbol"]) == ("BTC-27MAR26-63000-C", "BTC-27MAR26-0d5-P")
    assert (call["bid"], call["ask"], call["mark"]) == (0.1525, 0.185, 0.1555)
    assert (put["bid"], put["ask"]) == (None, None)
    assert (call["vendor_iv"], call["vendor_forward"], call["spot"]) == (1.1409, 74602.5615, 74602.46)
    assert (call["open_interest"], call["volume"], call["vendor_theta"]) == (35.1, 16.7, None)
    assert call["ts"] == dt.datetime(2026, 3, 17, 18, 31, 48, tzinfo=dt.UTC)
    assert call["settles_at"] == dt.datetime(2026, 3, 27, 8, tzinfo=dt.UTC)


def test_a_file_of_another_day_than_its_name_says_is_a_problem(write, provider):
    write([_row(ts="2026-03-16T18:31:48Z")])
    parsed = _parse(provider).underlyings["BTC"]
    assert "holds a snapshot of 2026-03-16, not of 2026-03-17" in parsed.problem
    assert parsed.quotes.num_rows == 0
    assert (
        parsed.payload_ts_us == int(dt.datetime(2026, 3, 16, 18, 31, 48, tzinfo=dt.UTC).timestamp()) * 10**6
    )


def test_rows_of_another_day_and_unknown_rights_are_set_aside(write, provider):
    write(
        [
            _row(),
            _row(ts="2026-03-16T18:31:48Z", strike="1"),
            _row(right="X"),
            _row(ts="no"),
            _row(strike="k"),
        ]
    )
    parsed = _parse(provider).underlyings["BTC"]
    assert parsed.quotes.num_rows == 1
    assert sorted(r["reasons"][0] for r in parsed.rejected.to_pylist()) == [
        "other_day",
        "untyped:option_type",
        "untyped:snapshot_ts",
        "untyped:strike",
    ]


def test_the_delivery_price_is_the_official_settlement(write, provider, tmp_path):
    write([_row()])
    (tmp_path / "delivery_prices.csv").write_text(
        "date,delivery_price\n2026-03-17,74000.5\n2026-03-18,75000\n"
    )
    (price,) = _parse(provider).underlying_prices.to_pylist()
    assert (price["close"], price["settlement_price"], price["currency"]) == (74602.46, 74000.5, "USD")
    # official also on a day without a snapshot; stamped with 08:00 UTC
    missing = _parse(provider, dt.date(2026, 3, 18))
    assert missing.underlyings == {}
    (price,) = missing.underlying_prices.to_pylist()
    assert (price["close"], price["settlement_price"]) == (None, 75000.0)
    assert price["ts"] == dt.datetime(2026, 3, 18, 8, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("2026-03-17,1\n2026-03-17,2", "exactly one price above 0"),
        ("2026-03-17,-4", "exactly one price above 0"),
        ("2026-03-17,nan", "untyped:delivery_price: 2026-03-17,nan"),
    ],
)
def test_a_doubtful_delivery_price_is_none_and_said(write, provider, tmp_path, lines, said):
    write([_row()])
    (tmp_path / "delivery_prices.csv").write_text(f"date,delivery_price\n{lines}\n")
    day = _parse(provider)
    assert day.underlying_prices["settlement_price"].to_pylist() == [None]
    assert said in day.problems[0]
    assert day.underlyings["BTC"].problem is None


def test_an_untyped_delivery_price_is_said(write, provider, tmp_path):
    (tmp_path / "delivery_prices.csv").write_text("date,delivery_price\n2026-03-17,dear\n")
    day = _parse(provider)
    assert day.underlying_prices.num_rows == 0
    assert "untyped:delivery_price" in day.problems[0]


def test_days_come_from_file_names(write, provider, tmp_path):
    write([_row()])
    write([_row()], "2026-03-19")
    (tmp_path / "surfaces" / "notes.csv").write_text("x")
    assert provider.available_days() == [DAY, dt.date(2026, 3, 19)]


def test_two_coins_in_one_universe_are_refused(surface_universe, tmp_path):
    other = surface_universe.underlyings[0].model_copy(update={"symbol": "ETH"})
    spec = surface_universe.model_copy(update={"underlyings": (*surface_universe.underlyings, other)})
    with pytest.raises(ProviderError, match="a universe for each coin"):
        make_provider(spec, tmp_path)


def test_a_truncated_file_is_a_problem(write, provider, tmp_path):
    write([_row()])
    path = tmp_path / "surfaces" / "2026-03-17.csv.gz"
    path.write_bytes(path.read_bytes()[:-5])
    day = _parse(provider)
    assert "truncated" in day.underlyings["BTC"].problem
    assert day.underlying_prices.num_rows == 0
