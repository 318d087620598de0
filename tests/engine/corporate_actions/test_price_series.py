"""Back-adjusted prices: hand-computed factors, and no way for a later event to reach an earlier view."""

import datetime as dt
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.corporate_actions.events import ActionKind, CorporateAction
from engine.corporate_actions.price_series import PriceAdjustmentError, back_adjusted
from engine.market.underlying import UnderlyingHistory

DAY_US = 86_400_000_000
FIRST = dt.date(2024, 1, 1)
DAY0 = (FIRST - dt.date(1970, 1, 1)).days


def history(closes: list[float]) -> UnderlyingHistory:
    days = np.arange(DAY0, DAY0 + len(closes), dtype=np.int32)
    close = np.array(closes)
    ts = days.astype(np.int64) * DAY_US + 21 * 3_600_000_000
    return UnderlyingHistory(days, close, close + 1, close - 1, close, np.full(len(close), math.nan), ts, ts)


def event(kind: ActionKind, day: int, *, known: int | None = None, **fields) -> CorporateAction:
    values = {"new_shares": 1.0, "old_shares": 1.0, "cash_amount": 0.0, "currency": "USD", **fields}
    return CorporateAction(
        "U",
        FIRST + dt.timedelta(days=day),
        kind,
        known_at_us=(DAY0 + (day - 1 if known is None else known)) * DAY_US,
        **values,
    )


def adjusted(closes, actions, *, day: int | None = None, total_return: bool = False):
    last = len(closes) - 1 if day is None else day
    return back_adjusted(
        history(closes),
        actions,
        "U",
        as_of_days=DAY0 + last,
        as_of_us=(DAY0 + last + 1) * DAY_US,
        total_return=total_return,
    )


def test_aapl_prices_before_its_split_stand_on_the_new_share_and_the_raw_ones_are_kept() -> None:
    actions = [event(ActionKind.SPLIT, 1, new_shares=7.0)]
    series = adjusted([645.57, 93.7], actions)
    assert series.close.tolist() == pytest.approx([92.22428571, 93.7])
    assert series.high[0] == pytest.approx(646.57 / 7)
    assert series.raw.close.tolist() == [645.57, 93.7]
    before = adjusted([645.57, 93.7], actions, day=0)
    assert before.close.tolist() == [645.57]


def test_a_total_return_series_takes_what_left_the_share_off_the_prices_before() -> None:
    spin = event(
        ActionKind.SPIN_OFF, 2, new_shares=30.0, old_shares=100.0, new_security="LE", security_value=20.0
    )
    actions = [event(ActionKind.CASH_DIVIDEND, 1, cash_amount=2.0), spin]
    closes = [100.0, 98.0, 92.0]
    series = adjusted(closes, actions, total_return=True)
    # 2 of 100, then 6 of 98
    assert series.factor.tolist() == pytest.approx([0.98 * (1 - 6 / 98), 1 - 6 / 98, 1.0])
    # nothing but what was paid out happened: the adjusted price stood still
    assert np.ptp(series.close) == pytest.approx(0.0, abs=1e-12)
    assert adjusted(closes, actions).close.tolist() == closes


def test_a_dividend_on_the_date_of_a_split_is_an_amount_of_the_new_share() -> None:
    actions = [
        event(ActionKind.CASH_DIVIDEND, 1, cash_amount=1.0),
        event(ActionKind.SPLIT, 1, new_shares=4.0),
    ]
    series = adjusted([200.0, 49.0], actions, total_return=True)
    assert series.factor[0] == pytest.approx(0.25 * (1 - 1 / 50))


def test_amounts_that_cannot_be_are_refused_with_the_way_out() -> None:
    with pytest.raises(PriceAdjustmentError, match=r"dividend of USD 300 .*closed at 100"):
        adjusted([100.0, 99.0], [event(ActionKind.CASH_DIVIDEND, 1, cash_amount=300.0)], total_return=True)
    unpriced = event(ActionKind.RIGHTS, 1, new_security="RTS")
    with pytest.raises(PriceAdjustmentError, match=r"RTS .*security_value"):
        adjusted([100.0, 99.0], [unpriced], total_return=True)


KINDS = st.sampled_from([ActionKind.SPLIT, ActionKind.STOCK_DIVIDEND, ActionKind.CASH_DIVIDEND])


@settings(max_examples=100)
@given(
    closes=st.lists(st.floats(20, 500), min_size=2, max_size=12),
    drawn=st.lists(
        st.tuples(KINDS, st.integers(1, 14), st.integers(-3, 3), st.integers(1, 7)), min_size=1, max_size=5
    ),
    as_of=st.integers(0, 11),
)
def test_a_view_as_of_a_day_is_the_same_with_and_without_what_came_to_be_known_later(
    closes, drawn, as_of: int
) -> None:
    as_of = min(as_of, len(closes) - 1)
    actions = [
        event(
            kind,
            day,
            known=day + lag,
            new_shares=float(n) if kind is not ActionKind.CASH_DIVIDEND else 1.0,
            cash_amount=n / 10 if kind is ActionKind.CASH_DIVIDEND else 0.0,
        )
        for kind, day, lag, n in drawn
    ]
    known = [a for a in actions if a.known_at_us <= (DAY0 + as_of + 1) * DAY_US]
    for total_return in (False, True):
        with_all = adjusted(closes, actions, day=as_of, total_return=total_return)
        then = adjusted(closes[: as_of + 1], known, day=as_of, total_return=total_return)
        assert with_all.factor.tobytes() == then.factor.tobytes()
        assert with_all.close.tobytes() == then.close.tobytes()
