"""SPX on Monday 2011-01-03: a monthly whose symbol carries the Saturday, a weekly, and a row of unknown root."""

import datetime as dt
import gzip
from pathlib import Path

from resources.providers.contract import ContractCase, Fact
from resources.universe import UniverseSpec

HEADER = (
    "symbol,exchange,company_name,date,stock_price_close,option_symbol,option_expiration,strike,call/put,style,ask,"
    "bid,mean_price,settlement,iv,volume,open_interest,stock_price_for_iv,forward_price,isinterpolated,delta,vega,"
    "gamma,theta,rho"
)
NAME = '"S&P 500, the index"'
ROWS = (
    f"SPX,CBOE,{NAME},01/03/2011,1271.5,SPX   110219C01265000,02/18/2011,1265,C,E,31.3,28.7,30,0,0.155,12,340,1271.5,"
    "1269.06,,0.533,1.78,0.006,-0.25,0.8",
    f"SPX,CBOE,{NAME},01/03/2011,1271.5,SPXW  110107P01050000,01/07/2011,1050,P,E,0.05,0,0,0,0.39,0,6454,1271.5,"
    "1271.6,*,-0.000002,0.000011,0,-0.00005,0",
    f"SPX,CBOE,{NAME},01/03/2011,1271.5,SPX   110219P00500000,02/18/2011,500,P,E,0.1,0,0,0,-1,0,0,1271.5,,,0,0,0,0,0",
    f"SPX,CBOE,{NAME},01/03/2011,1271.5,JXA   110107P01050000,01/07/2011,1050,P,E,0.1,0,0,0,-1,0,0,1271.5,,,0,0,0,0,0",
    f"SPX,CBOE,{NAME},01/04/2011,1270.2,SPX   110219C01265000,02/18/2011,1265,C,E,30.1,27.5,28.8,0,0.157,5,350,1270.2,"
    "1267.9,,0.527,1.77,0.006,-0.25,0.8",
    "NDX,CBOE,Nasdaq,01/03/2011,2254.2,NDX   110219C02250000,02/18/2011,2250,C,E,70,65,67.5,0,0.2,1,2,2254.2,,,0.5,3,0,"
    "-0.5,1",
)


def write(folder: Path) -> None:
    (folder / "sample.csv.gz").write_bytes(gzip.compress("\n".join((HEADER, *ROWS, "")).encode(), mtime=0))


def _root(name: str, settlement_time: str) -> dict[str, object]:
    return {
        "root": name,
        "style": "E",
        "settlement_time": settlement_time,
        "settlement_type": "cash",
        "multiplier": 100,
        "trading_close": "16:15",
    }


CASE = ContractCase(
    universe=UniverseSpec.model_validate(
        {
            "name": "spx",
            "description": "contract case",
            "provider": {"format": "ivolatility_csv", "path": "x"},
            "calendar": "XNYS",
            "timezone": "America/New_York",
            "start": "2011-01-03",
            "end": "2011-01-07",
            "quote_currency": "USD",
            "settlement_currency": "USD",
            "underlyings": [
                {"symbol": "SPX", "kind": "index", "roots": [_root("SPX", "AM"), _root("SPXW", "PM")]}
            ],
        }
    ),
    write=write,
    trade_date=dt.date(2011, 1, 3),
    rows={"SPX": 4},
    rejected={"SPX": 1},
    facts=(
        Fact(
            "SPX110219C01265000",
            {
                "root": "SPX",
                "expiry": dt.date(2011, 2, 18),
                "last_trade_date": dt.date(2011, 2, 17),
                "bid": 28.7,
                "ask": 31.3,
                "spot": 1271.5,
                "vendor_forward": 1269.06,
                "vendor_iv": 0.155,
                "vendor_vega": 1.78,
                "mark": None,
                # 16:15 New York in winter
                "ts": dt.datetime(2011, 1, 3, 21, 15, tzinfo=dt.UTC),
            },
        ),
        Fact("SPXW110107P01050000", {"bid": None, "ask": 0.05, "vendor_iv": None, "open_interest": 6454.0}),
        Fact("SPX110219P00500000", {"vendor_iv": None, "vendor_delta": None, "vendor_forward": None}),
    ),
)
