"""SPY on 2019-09-10 in the vendor's level 2 layout, zipped with the files that are not read."""

import datetime as dt
import io
import zipfile
from pathlib import Path

from resources.providers.contract import ContractCase, Fact
from resources.universe import UniverseSpec

HEADER = (
    "UnderlyingSymbol,UnderlyingPrice,Exchange,OptionSymbol,Blank,Type,Expiration, DataDate,Strike,Last,Bid,Ask,Volume,"
    "OpenInterest,IV,Delta,Gamma,Theta,Vega,Alias"
)
ROWS = (
    "SPY,298.09,*,SPY191220C00300000,,call,12/20/2019,09/10/2019 16:00,300,7.99,7.96,8.06,514,74443,0.1443,0.4768,"
    "0.0176,-15.33,61.88,SPY191220C00300000",
    "SPY,298.09,*,SPY191220P00100000,,put,12/20/2019,09/10/2019 16:00,100,0,0,0.01,0,10,0,0,0,0,0,SPY191220P00100000",
    "SPY,298.09,*,SPY191220P00300000,,put,12/20/2019,09/10/2019 16:00,300,10.83,10.45,n/a,317,17052,0.1519,-0.5144,"
    "0.0167,-17.05,61.9,SPY191220P00300000",
    "QQQ,190.1,*,QQQ191220C00190000,,call,12/20/2019,09/10/2019 16:00,190,7,6.9,7.1,1,2,0.2,0.5,0.01,-15,60,Q",
)


def write(folder: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (
            ("options_20190910.csv", "\n".join((HEADER, *ROWS, ""))),
            ("optionstats_20190910.csv", "symbol,iv30\nSPY,0.15\n"),
            ("stockquotes_20190910.csv", "symbol,close\nSPY,298.09\n"),
        ):
            archive.writestr(zipfile.ZipInfo(name), text)
    (folder / "L2_20190910.zip").write_bytes(buffer.getvalue())


CASE = ContractCase(
    universe=UniverseSpec.model_validate(
        {
            "name": "spy",
            "description": "contract case",
            "provider": {
                "format": "historicaloptiondata_csv",
                "path": "x",
                "settings": {"files": "L2_{yyyymmdd}"},
            },
            "calendar": "XNYS",
            "timezone": "America/New_York",
            "start": "2019-09-03",
            "end": "2019-09-30",
            "quote_currency": "USD",
            "settlement_currency": "USD",
            "underlyings": [
                {
                    "symbol": "SPY",
                    "kind": "etf",
                    "roots": [
                        {
                            "root": "SPY",
                            "style": "A",
                            "settlement_time": "PM",
                            "settlement_type": "physical",
                            "multiplier": 100,
                            "trading_close": "16:15",
                        }
                    ],
                }
            ],
        }
    ),
    write=write,
    trade_date=dt.date(2019, 9, 10),
    rows={"SPY": 3},
    rejected={"SPY": 1},
    facts=(
        Fact(
            "SPY191220C00300000",
            {
                "bid": 7.96,
                "ask": 8.06,
                "last": 7.99,
                "spot": 298.09,
                "vendor_iv": 0.1443,
                # the vendor's are per year and per 1.00 of volatility
                "vendor_theta": -0.042,
                "vendor_vega": 0.6188,
                "expiry": dt.date(2019, 12, 20),
                "ts": dt.datetime(2019, 9, 10, 20, 15, tzinfo=dt.UTC),
            },
        ),
        Fact("SPY191220P00100000", {"bid": None, "last": None, "vendor_iv": None, "ask": 0.01, "volume": 0}),
    ),
)
