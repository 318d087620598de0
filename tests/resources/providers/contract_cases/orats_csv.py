"""Two minutes of AAPL on 2022-06-07, among rows of others, as ORATS's one-minute history delivers them."""

import datetime as dt
from pathlib import Path

from resources.providers.contract import ContractCase, Fact
from resources.universe import UniverseSpec

HEADER = (
    "ticker,tradeDate,expirDate,dte,strike,stockPrice,callVolume,callOpenInterest,callBidSize,callAskSize,putVolume,"
    "putOpenInterest,putBidSize,putAskSize,callBidPrice,callValue,callAskPrice,putBidPrice,putValue,putAskPrice,callBidIv,"
    "callMidIv,callAskIv,smvVol,putBidIv,putMidIv,putAskIv,residualRate,delta,gamma,theta,vega,rho,phi,driftlessTheta,"
    "callSmvVol,putSmvVol,extSmvVol,extCallValue,extPutValue,spotPrice,quoteDate,updatedAt,snapShotEstTime,snapShotDate,"
    "expiryTod,tickerId,monthId"
)


def line(ticker: str, expiry: str, strike: str, prices: str, minute: int, settles: str = "pm") -> str:
    spot = "4160.7" if ticker == "SPX" else "147.76"
    taken = f"2022-06-07T14:5{minute - 1}:53Z,2022-06-07T14:5{minute - 1}:54Z,105{minute},2022-06-07T14:5{minute}:01Z"
    return (
        f"{ticker},2022-06-07,{expiry},4,{strike},{prices},-0.002,0.6,0.04,-0.11,0.09,0.01,-0.01,0,0.3,0.3,0.3,52,1,{spot},"
        f"{taken},{settles},101,4"
    )


IVS = "0.2,0.31,0.4,0.3,0.2,0.32,0.4"
ROWS = (
    line("AAPL", "2022-06-10", "145", f"147.76,10,200,5,6,20,300,7,8,3.4,3.5,3.6,0.8,0.8,0.9,{IVS}", 8),
    line(
        "AAPL",
        "2022-06-10",
        "95",
        "147.76,0,2,1,1,0,336,0,586,52.7,52.8,52.85,0,0,0.01,0,2.1,2.1,0.6,0,0,0",
        8,
    ),
    line("AAPL", "2022-06-10", "145", f"147.9,11,200,5,6,20,300,7,8,3.5,3.6,3.7,0.7,0.7,0.8,{IVS}", 9),
    line("AAPL", "2022-06-31", "150", f"147.9,1,2,1,1,0,336,0,586,5,5.1,5.2,0.1,0.1,0.2,{IVS}", 9),
    line("SPX", "2022-06-17", "4150", f"4162.5,1,2,3,4,5,6,7,8,80,81,82,69,70,71,{IVS}", 9, "am"),
    line("MSFT", "2022-06-10", "270", f"272.5,1,2,3,4,5,6,7,8,8,8,8.2,6,7,7.1,{IVS}", 9),
)


def write(folder: Path) -> None:
    (folder / "one_minute.csv").write_text("\n".join((HEADER, *ROWS, "")))


CASE = ContractCase(
    universe=UniverseSpec.model_validate(
        {
            "name": "us",
            "description": "contract case",
            "provider": {"format": "orats_csv", "path": "x"},
            "calendar": "XNYS",
            "timezone": "America/New_York",
            "start": "2022-06-01",
            "end": "2022-06-30",
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
    trade_date=dt.date(2022, 6, 7),
    rows={"AAPL": 7},
    rejected={"AAPL": 1},
    facts=(
        Fact(
            "AAPL220610C00145000",
            {
                "bid": 3.4,
                "ask": 3.6,
                "bid_size": 5.0,
                "open_interest": 200.0,
                "spot": 147.76,
                "vendor_iv": 0.31,
                "vendor_delta": 0.6,
                "vendor_theta": -0.11,
                "vendor_forward": None,
                "ts": dt.datetime(2022, 6, 7, 14, 58, 1, tzinfo=dt.UTC),
                "quote_ts": dt.datetime(2022, 6, 7, 14, 57, 53, tzinfo=dt.UTC),
            },
        ),
        Fact("AAPL220610P00145000", {"bid": 0.8, "vendor_delta": -0.4, "vendor_theta": None}),
        Fact("AAPL220610P00095000", {"bid": None, "bid_size": None, "ask": 0.01, "vendor_iv": None}),
        Fact("AAPL220610C00145000", {"bid": 3.5, "spot": 147.9}, snapshot_id=1),
    ),
)
