"""Contracts that ended prove a late date only where nobody would list them any more."""

import datetime as dt

import pytest

from resources.data_quality.session_gaps import expired_the_session_before

TUE, WED = dt.date(2026, 7, 21), dt.date(2026, 7, 22)


@pytest.mark.parametrize(
    ("expiry", "last_trade_date", "proof"),
    [
        (TUE, TUE, 3),
        # settled in the morning of its last day, and listed until the evening
        (WED, TUE, 0),
        (WED, WED, 0),
    ],
)
def test_only_what_expired_the_session_before_is_a_proof(quote, table, expiry, last_trade_date, proof):
    rows = [quote(strike=90.0 + n, expiry=expiry, last_trade_date=last_trade_date) for n in range(3)]
    assert expired_the_session_before(table(rows), TUE) == proof


def test_a_contract_that_nobody_quotes_or_trades_is_no_proof(quote, table):
    silent = quote(expiry=TUE, last_trade_date=TUE, bid=None, ask=None, volume=0.0)
    assert expired_the_session_before(table([silent]), TUE) == 0
