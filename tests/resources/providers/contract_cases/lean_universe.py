"""Four AAPL contracts of 2014-06-04 in a universe file of Lean: traded, quoted only, not solved, and untypable."""

import datetime as dt
import gzip
import io
import zipfile
from pathlib import Path

from resources.providers.contract import ContractCase, Fact
from resources.universe import UniverseSpec

LINES = (
    "#expiry,strike,right,open,high,low,close,volume,open_interest,implied_volatility,delta,gamma,vega,theta,rho",
    ",,,638.2500,638.3900,638.2000,638.2000,382,,,,,,,",
    "20140719,645,C,15.0000,21.8500,14.6500,19.9900,5277,4057,0.2413,0.5031,0.0067,0.8765,-0.2011,0.3120",
    "20140606,490,C,147.4750,157.3750,146.3750,155.2250,0,,2.7384065,0.9755657,0.0006051,0.0188632,-2.1343719,0.01",
    "20140719,92.14,P,0,0,0,0,0,,0,0.9684650,0.0000000,0.0000000,0.4415388,0.7768316",
    "20141345,645,P,15.0000,21.8500,14.6500,19.9900,5277,4057,0.2413,0.5031,0.0067,0.8765,-0.2011,0.3120",
)


def write(folder: Path) -> None:
    chain = folder / "option" / "usa" / "universes" / "aapl" / "20140604.csv.gz"
    bars = folder / "equity" / "usa" / "daily" / "aapl.zip"
    chain.parent.mkdir(parents=True)
    bars.parent.mkdir(parents=True)
    chain.write_bytes(gzip.compress("\n".join((*LINES, "")).encode(), mtime=0))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(
            zipfile.ZipInfo("aapl.csv"), "20140604 00:00,6372800,6479000,6361000,6448200,11799618"
        )
    bars.write_bytes(buffer.getvalue())


CASE = ContractCase(
    universe=UniverseSpec.model_validate(
        {
            "name": "lean_aapl",
            "description": "contract case",
            "provider": {
                "format": "lean_universe",
                "path": "x",
                # Lean makes a file available at the end of its day
                "known_after_minutes": 480,
                "settings": {"security_type": "option"},
            },
            "calendar": "XNYS",
            "timezone": "America/New_York",
            "start": "2014-06-02",
            "end": "2014-06-30",
            "quote_currency": "USD",
            "settlement_currency": "USD",
            "underlyings": [
                {
                    "symbol": "AAPL",
                    "kind": "stock",
                    "roots": [
                        {
                            "root": "AAPL",
                            "style": "A",
                            "settlement_time": "PM",
                            "settlement_type": "physical",
                            "multiplier": 100,
                        }
                    ],
                }
            ],
        }
    ),
    write=write,
    trade_date=dt.date(2014, 6, 4),
    rows={"AAPL": 4},
    rejected={"AAPL": 1},
    # nothing but its name tells of which day a file is
    undated=True,
    facts=(
        Fact(
            "AAPL140719C00645000",
            {
                "bid": None,
                "ask": None,
                "mark": 19.99,
                "last": 19.99,
                "volume": 5277.0,
                "open_interest": 4057.0,
                "spot": 638.2,
                "vendor_iv": 0.2413,
                "vendor_vega": 0.8765,
                "vendor_theta": -0.2011,
                "ts": dt.datetime(2014, 6, 4, 20, 0, tzinfo=dt.UTC),
                "known_at": dt.datetime(2014, 6, 5, 4, 0, tzinfo=dt.UTC),
            },
        ),
        Fact("AAPL140606C00490000", {"mark": 155.225, "last": None, "volume": 0.0, "vendor_iv": 2.7384065}),
        Fact("AAPL140719P00092140", {"mark": None, "strike": 92.14, "vendor_iv": None, "vendor_delta": None}),
    ),
)
