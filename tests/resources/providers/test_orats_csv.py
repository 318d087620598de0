"""ORATS: indices, roots by the time of settlement, the older daily files, and files without a time."""

import datetime as dt
import re
from pathlib import Path

import pytest

from resources.providers.contract import load_case
from resources.providers.registry import make_provider

CASE = load_case(Path(__file__).parent / "contract_cases" / "orats_csv.py")
DAY = CASE.trade_date
OLD = (
    "ticker,stkPx,expirDate,yte,strike,cVolu,cOi,pVolu,pOi,cBidPx,cValue,cAskPx,pBidPx,pValue,pAskPx,cBidIv,cMidIv,cAskIv,"
    "smoothSmvVol,pBidIv,pMidIv,pAskIv,iRate,divRate,residualRateData,delta,gamma,theta,vega,rho,phi,driftlessTheta,extVol,"
    "extCTheo,extPTheo,spot_px,trade_date\n"
    "AAPL,147.76,6/10/2022,0.01,145,10,200,20,300,3.4,3.5,3.6,0.8,0.8,0.9,0.2,0.31,0.4,0.3,0.2,0.32,0.4,0.01,0,0,0.6,0.04,"
    "-0.11,0.09,0.01,0,0,0.3,3.5,0.8,147.76,6/7/2022\n"
)


def index_universe(*times: str):
    data = CASE.universe.model_dump(mode="json")
    names = {"AM": "SPX", "PM": "SPXW"}
    root = {"style": "E", "settlement_type": "cash", "multiplier": 100, "trading_close": "16:15"}
    roots = [{**root, "root": names[time], "settlement_time": time} for time in times]
    data["underlyings"] = [{"symbol": "SPX", "kind": "index", "roots": roots}]
    return type(CASE.universe).model_validate(data)


def parse(folder, spec=CASE.universe):
    source = make_provider(spec, folder)
    day = source.parse(DAY, source.fetch(DAY))
    return day.underlyings[spec.underlyings[0].symbol], day.underlying_prices


def test_an_index_has_its_spot_and_the_implied_forward_of_the_expiry(tmp_path):
    CASE.write(tmp_path)
    parsed, prices = parse(tmp_path, index_universe("AM", "PM"))
    row = parsed.quotes.to_pylist()[0]
    assert (row["root"], row["spot"], row["vendor_forward"]) == ("SPX", 4160.7, 4162.5)
    assert prices["close"].to_pylist() == [4160.7]


def test_the_time_of_settlement_must_be_that_of_a_root(tmp_path):
    CASE.write(tmp_path)
    parsed, _ = parse(tmp_path, index_universe("PM"))
    assert parsed.quotes.num_rows == 0
    assert parsed.rejected["reasons"].to_pylist() == [["unknown_root"]]


def test_without_the_time_of_settlement_two_roots_cannot_be_told_apart(tmp_path):
    (tmp_path / "old.csv").write_text(OLD.replace("AAPL", "SPX"))
    parsed, _ = parse(tmp_path, index_universe("AM", "PM"))
    assert "old.csv has no column expiryTod" in parsed.problem


def test_an_older_daily_file_was_taken_before_the_close(tmp_path):
    (tmp_path / "ORATS_SMV_Strikes_20220607.csv").write_text(OLD)
    parsed, _ = parse(tmp_path)
    call, put = parsed.quotes.to_pylist()
    assert call["ts"] == dt.datetime(2022, 6, 7, 19, 46, tzinfo=dt.UTC)
    assert parsed.payload_ts_us is None and call["quote_ts"] is None
    assert (call["bid"], put["ask"], call["spot"], call["expiry"]) == (3.4, 0.9, 147.76, dt.date(2022, 6, 10))


def test_without_snapshots_the_latest_update_is_the_time_of_all(tmp_path):
    CASE.write(tmp_path)
    path = tmp_path / "one_minute.csv"
    path.write_text(re.sub("snapShotDate", "somethingElse", path.read_text()))
    parsed, _ = parse(tmp_path)
    assert set(parsed.quotes["ts"].to_pylist()) == {dt.datetime(2022, 6, 7, 14, 58, 54, tzinfo=dt.UTC)}
    assert set(parsed.quotes["snapshot_id"].to_pylist()) == {0}


@pytest.mark.parametrize("clock", ["2022-06-08T14:58:01Z", "9999-12-31T00:00:00Z", "1700-01-01T00:00:00Z"])
def test_a_snapshot_of_another_day_is_set_aside(tmp_path, clock):
    CASE.write(tmp_path)
    path = tmp_path / "one_minute.csv"
    path.write_text(path.read_text().replace("2022-06-07T14:59:01Z", clock))
    parsed, _ = parse(tmp_path)
    assert set(parsed.quotes["snapshot_id"].to_pylist()) == {0} and parsed.quotes.num_rows == 4
    reasons = [reason for row in parsed.rejected["reasons"].to_pylist() for reason in row]
    assert "other_day" in reasons
