"""The chain's links and slices, and a view from which nothing later can be reached."""

import gc
from types import ModuleType

import numpy as np
import pytest

from engine.market.cursor import ReplayCursor
from engine.market.frozen import frozen
from engine.market.history import ChainFormatError, ChainHistory
from engine.market.underlying import UnderlyingFormatError, UnderlyingHistory
from engine.market.view import VIEW_COLUMNS


def test_links_follow_a_contract_over_the_days_that_lack_it(factory) -> None:
    chain = factory.chain_of(
        [
            factory.quote(0, 1, strike=90.0),
            factory.quote(0, 2, strike=95.0),
            factory.quote(1, 2, strike=95.0),
            factory.quote(2, 1, strike=90.0),
            factory.quote(2, 2, strike=95.0),
        ]
    )
    assert chain.next_row.tolist() == [3, 2, 4, -1, -1]
    assert chain.offsets.tolist() == [0, 2, 3, 5]


def test_a_slice_shares_memory_and_its_links_stay_inside(factory) -> None:
    market = factory.black_scholes_market(30)
    whole = market.chain
    part = whole.slice(int(whole.snapshot_days[5]), int(whole.snapshot_days[9]))
    again = part.slice(int(whole.snapshot_days[6]), int(whole.snapshot_days[8]))
    assert (part.snapshots, again.snapshots) == (5, 3)
    assert np.shares_memory(again.columns["bid"], whole.columns["bid"])
    following = again.next_row - again.row_base
    inside = (following >= 0) & (following < again.rows)
    ids = again.columns["contract_id"]
    assert inside.any() and (ids[inside] == ids[following[inside]]).all()
    assert whole.slice(0, 5).snapshots == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"strike": 0.0}, "row 1: the strike is not positive"),
        ({"strike": np.nan}, "row 1: the strike"),
        ({"right": 2}, "neither 0"),
        ({"grade": 9}, "QuoteGrade"),
        ({"root": 3}, "roots"),
        ({"contract_id": 1}, "twice in one snapshot"),
        ({"expiry_days": 1}, "not sorted"),
        ({"known_at_us": 0}, "before its own time"),
        ({"ts_us": 5, "known_at_us": 5}, "runs backwards"),
    ],
)
def test_columns_that_are_no_chain_are_refused_with_the_row(factory, changes, message: str) -> None:
    columns = factory.chain_of(
        [factory.quote(0, 1, strike=90.0), factory.quote(0, 2, strike=95.0)]
    ).to_columns()
    columns = {n: v.copy() for n, v in columns.items()}
    for name, value in changes.items():
        columns[name][1] = value
    with pytest.raises(ChainFormatError, match=message):
        ChainHistory.from_columns(columns)


def test_a_missing_column_is_named(factory) -> None:
    columns = factory.chain_of([factory.quote(0)]).to_columns()
    del columns["settles_us"]
    with pytest.raises(ChainFormatError, match="settles_us"):
        ChainHistory.from_columns(columns)


def test_spot_is_the_median_of_a_polled_snapshot(factory) -> None:
    rows = [factory.quote(0, c, strike=90.0 + c, spot=s) for c, s in ((1, 99.0), (2, 100.0), (3, 104.0))]
    assert factory.chain_of(rows).spot.tolist() == [100.0]


def test_underlying_prices_must_be_in_order() -> None:
    days = np.array([2, 1], dtype=np.int32)
    x = np.ones(2)
    with pytest.raises(UnderlyingFormatError, match="row 1"):
        UnderlyingHistory(days, x, x, x, x, x, days.astype(np.int64), days.astype(np.int64))


def test_frozen_arrays_can_be_neither_written_nor_widened() -> None:
    parent = np.arange(100.0)
    part = frozen(parent[:3])
    assert not np.shares_memory(part, parent)
    with pytest.raises(ValueError, match="read-only"):
        part[0] = 1.0
    with pytest.raises(ValueError, match="WRITEABLE"):
        part.flags.writeable = True
    parent[0] = 7.0
    assert part[0] == 0.0


def test_nothing_reachable_from_a_view_holds_a_later_row(factory) -> None:
    """Walks every object that the view refers to, as the garbage collector sees it."""
    market = factory.black_scholes_market(30)
    cursor = ReplayCursor(market.chain, market.underlying, [factory.split(25, 2.0, known_days_before=1)])
    step = list(cursor)[8]
    view = cursor.view(step)
    todo, seen, arrays = [view], set(), 0
    while todo:
        thing = todo.pop()
        if id(thing) in seen or isinstance(thing, type | ModuleType):
            continue
        seen.add(id(thing))
        assert not isinstance(thing, ChainHistory | ReplayCursor)
        if isinstance(thing, np.ndarray):
            arrays += 1
            assert len(thing) <= max(len(view.quotes), len(view.underlying.days))
            if thing.base is not None:
                assert isinstance(thing.base, bytes) and len(thing.base) == thing.nbytes
        todo.extend(gc.get_referents(thing))
    assert arrays == len(VIEW_COLUMNS) + 8
    assert (view.underlying.known_at_us <= step.decision_us).all()
    assert view.actions == ()


def test_a_view_holds_the_rows_of_its_snapshot(factory) -> None:
    market = factory.black_scholes_market(20)
    cursor = ReplayCursor(market.chain, market.underlying, [])
    for step in cursor:
        view = cursor.view(step)
        for name in VIEW_COLUMNS:
            want = market.chain.columns[name][step.first_row : step.end_row]
            assert np.array_equal(getattr(view.quotes, name), want, equal_nan=want.dtype.kind == "f")
        assert view.quotes.root_codes == {"X": 0}
