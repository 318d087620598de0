"""HistoricalOptionData: the spellings of fifteen years, and files that are passed over."""

import datetime as dt
from pathlib import Path

import pytest

from resources.providers.contract import load_case
from resources.providers.registry import make_provider

CASE = load_case(Path(__file__).parent / "contract_cases" / "historicaloptiondata_csv.py")
DAY = CASE.trade_date
BARE = (
    "UnderlyingSymbol,UnderlyingPrice,Exchange,OptionSymbol,Blank,Type,Expiration, DataDate,Strike,Last,Bid,Ask,Volume,"
    "OpenInterest\n"
    "SPY,298.09,*,SPY191220C00300000,,call,12/20/2019,09/10/2019,300,7.99,7.96,8.06,514,74443\n"
)
COLLECTED = (
    ",underlying,underlying_last,optionroot,type,expiration,quotedate,strike,last,bid,ask,volume,openinterest,impliedvol,"
    "delta,gamma,theta,vega,optionalias,dte\n"
    "7,SPY,298.09,SPY191220C00300000,call,2019-12-20,2019-09-10,300,7.99,7.96,8.06,514,74443,0.1443,0.4768,0.0176,-15.33,"
    "61.88,SPY191220C00300000,101\n"
)
LEVEL_3 = (
    "UnderlyingSymbol,UnderlyingPrice,Flags,OptionSymbol,Blank,Type,Expiration,DataDate,Strike,Last,Bid,Ask,Volume,"
    "OpenInterest,T1OpenInterest,IVMean,IVBid,IVAsk,Delta,Gamma,Theta,Vega,AKA\n"
    "SPY,298.09,*,SPY191220C00300000,,CALL,12/20/2019,09/10/2019 16:00,300,7.99,7.96,8.06,514,74443,70000,0.1443,0.14,"
    "0.15,0.4768,0.0176,-15.33,61.88,SPY191220C00300000\n"
)


@pytest.fixture
def parse(tmp_path):
    provider = CASE.universe.provider.model_copy(update={"settings": {}})
    spec = CASE.universe.model_copy(update={"provider": provider})

    def run(name: str, text: str):
        (tmp_path / name).write_text(text)
        source = make_provider(spec, tmp_path)
        return source, source.parse(DAY, source.fetch(DAY)).underlyings.get("SPY")

    return run


@pytest.mark.parametrize("text", [BARE, COLLECTED, LEVEL_3], ids=["level 1", "collected", "level 3"])
def test_every_published_spelling_is_read(parse, text):
    _, parsed = parse("options_20190910.csv", text)
    (row,) = parsed.quotes.to_pylist()
    assert (row["symbol"], row["bid"], row["ask"], row["spot"]) == ("SPY191220C00300000", 7.96, 8.06, 298.09)
    assert row["expiry"] == dt.date(2019, 12, 20) and row["right"] == "C"
    assert row["vendor_iv"] == (None if text is BARE else 0.1443)
    if text is not BARE:
        assert row["vendor_theta"] == pytest.approx(-0.042) and row["vendor_vega"] == pytest.approx(0.6188)


def test_statistics_and_stock_files_are_passed_over(parse, tmp_path):
    (tmp_path / "optionstats_20190910.csv").write_text("symbol,iv\nSPY,0.1\n")
    (tmp_path / "stockquotes_20190910.csv").write_text("symbol,close\nSPY,298.09\n")
    source, parsed = parse("bb_options_20190910.csv", BARE)
    assert parsed.problem is None and parsed.quotes.num_rows == 1
    assert [part.name for part in source.fetch(DAY)] == ["bb_options_20190910.csv"]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("12/20/2019", "20.12.2019", "untyped:expiration"),
        (",call,", ",warrant,", "untyped:type"),
        ("SPY191220C", "SPY191220P", "symbol_disagrees"),
        ("SPY191220C", "SPY1191220C", "unknown_root"),
        ("12/20/2019", "12/20/2091", "expiry_out_of_range"),
    ],
)
def test_rows_that_contradict_themselves_are_set_aside(parse, old, new, reason):
    _, parsed = parse("options_20190910.csv", BARE + BARE.splitlines()[1].replace(old, new) + "\n")
    assert parsed.quotes.num_rows == 1
    assert reason in parsed.rejected["reasons"].to_pylist()[0]
