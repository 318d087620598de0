"""Lean's map files as a security master: renames, share classes, a ticker that another company had before."""

import datetime as dt

import pytest

from engine.instruments.security_master import SecurityMasterError, UnknownSecurityError
from resources.reference.corporate_actions.lean_map_files import lean_security_master, read_map_file

# what QuantConnect/Lean has under Data/equity/usa/map_files
FILES = {
    "fb.1.csv": b"19990929,fb\n20030328,fb",
    "meta.csv": b"20120518,fb,Q\n20220608,fb,Q\n20501231,meta,Q",
    "goog.csv": b"20140327,goocv\n20140402,goocv\n20501231,goog",
    "googl.csv": b"20040819,goog\n20140402,goog\n20501231,googl",
    "twx.csv": b"19980102,aol\n20031015,aol\n20501231,twx",
    "twx.1.csv": b"19980102,twx\n20010111,twx",
    "tfcfa.csv": b"20041112,nwsa,Q\n20130628,nwsa,Q\n20190318,foxa,Q\n20190320,tfcfa,Q",
}
MASTER = lean_security_master(FILES)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("symbol", "on", "permanent_id"),
    [
        ("FB", "2003-03-28", "FB-19990929"),
        ("FB", "2014-06-06", "FB-20120518"),
        ("META", "2022-06-09", "FB-20120518"),
        ("GOOG", "2014-04-02", "GOOG-20040819"),
        ("GOOG", "2014-04-03", "GOOCV-20140327"),
        ("GOOGL", "2014-04-03", "GOOG-20040819"),
        ("TWX", "2001-01-11", "TWX-19980102"),
        ("TWX", "2003-10-16", "AOL-19980102"),
        ("FOXA", "2019-03-18", "NWSA-20041112"),
    ],
)
def test_a_ticker_is_who_had_it_that_day(symbol, on, permanent_id):
    assert MASTER.resolve(symbol, day(on)) == permanent_id
    assert MASTER.symbol_of(permanent_id, day(on)) == symbol


@pytest.mark.parametrize(
    ("symbol", "on"), [("TWX", "2002-01-02"), ("FOXA", "2019-03-19"), ("TFCFA", "2019-03-21")]
)
def test_between_and_after_them_it_is_nobody(symbol, on):
    with pytest.raises(UnknownSecurityError, match=f"{symbol} on {on}"):
        MASTER.resolve(symbol, day(on))


def test_a_delisting_is_the_last_day_of_the_last_ticker():
    assert MASTER.delisted_after("NWSA-20041112") == day("2019-03-20")
    assert MASTER.delisted_after("FB-20120518") is None


def test_a_change_of_exchange_is_no_other_ticker():
    moved = read_map_file(b"19980102,aol,N\n20010101,aol,N\n20031015,aol,Q\n20501231,twx,N", "twx.csv")
    (aol, twx) = moved.symbol_intervals()
    assert (aol.first, aol.last, twx.first, twx.last) == (
        day("1998-01-02"), day("2003-10-15"), day("2003-10-16"), None,
    )  # fmt: skip


def test_files_of_different_states_are_refused():
    with pytest.raises(SecurityMasterError, match=r"FOXA of NWSA-20041112 .*the two overlap"):
        lean_security_master({**FILES, "foxa.csv": b"20180101,foxa\n20501231,foxa"})


@pytest.mark.real_data
def test_the_sample_files_are_of_two_securities_that_kept_their_names(data):
    folder = data / "g01_lean_aapl_split_2014" / "Data" / "equity" / "usa" / "map_files"
    master = lean_security_master({p.name: p.read_bytes() for p in folder.glob("*.csv")})
    assert master.resolve("AAPL", day("2014-06-09")) == "AAPL-19980102"
    assert master.resolve("SPY", day("2026-07-22")) == "SPY-19980102"
