"""Defects of whole sessions that no single quote shows: prices that contradict each other, or the day before.

Each spoils a little more of a session than its check lets pass (``SHARE``), by amounts from obvious to small.
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from engine.simulation.bridge import FloatArray
from engine.simulation.chain import SimulatedChain
from engine.simulation.valuation import value_on_forward
from resources.generator.planted.day_sheet import DaySheet
from resources.generator.planted.row_defects import TICK, plain
from resources.generator.planted.session_file import SessionFile, Window
from resources.generator.specs import VendorLayout

Rows = NDArray[np.int64]
#: of a session's quotes; the checks let 1% pass
SHARE = 0.025
#: only short options: what early exercise, dividends and unknown rates may explain grows with time
LONGEST_YEARS = 0.25


def unit(sheet: DaySheet) -> FloatArray:
    """Dollars of one unit of the quote: of a coin where premiums are coins."""
    forward: FloatArray = sheet.chain.forward
    return forward if sheet.layout is VendorLayout.DERIBIT else np.ones(len(forward))


def _put_quotes(sheet: DaySheet, rows: Rows, bid: FloatArray, ask: FloatArray) -> None:
    tick = TICK[sheet.layout]
    for column, values in (("bid", np.maximum(bid, tick)), ("ask", np.maximum(ask, 2 * tick))):
        all_values = sheet.values(column)
        all_values[rows] = np.round(values, 4)
        sheet.replace(column, all_values)


def _sample(rows: Rows, count: int, rng: np.random.Generator, what: str) -> Rows:
    if len(rows) < count:
        raise ValueError(
            f"only {len(rows)} quotes are fit for {what}, {count} are needed; take more contracts"
        )
    return np.sort(rng.permutation(rows)[:count])


def _count(sheet: DaySheet) -> int:
    return int(np.ceil(SHARE * len(sheet)))


def absurdly_wide(file: SessionFile, _window: Window, size: float, rng: np.random.Generator) -> str:
    """Spreads wider than the option can be worth."""
    for sheet in file.sheets:
        chain = sheet.chain
        rows = _sample(np.flatnonzero(plain(sheet)), _count(sheet), rng, "absurd spreads")
        most = np.where(chain.is_put, chain.strike, sheet.spot)[rows]
        if sheet.layout is VendorLayout.DERIBIT:
            most = np.ones(len(rows))
        bid = chain.bid[rows]
        _put_quotes(sheet, rows, bid, bid + size * most)
    return f"spreads of {size:g} times the most that the option can be worth, {SHARE:.1%} of the quotes"


def below_intrinsic(file: SessionFile, _window: Window, size: float, rng: np.random.Generator) -> str:
    """Offers below what exercise is worth."""
    for sheet in file.sheets:
        chain = sheet.chain
        sign = np.where(chain.is_put, -1.0, 1.0)
        worth = chain.discount * sign * (chain.forward - chain.strike)
        fit = plain(sheet) & (worth > 2.0 * size * sheet.spot) & (chain.years < LONGEST_YEARS)
        rows = _sample(np.flatnonzero(fit), _count(sheet), rng, "offers below intrinsic value")
        ask = ((worth - size * sheet.spot) / unit(sheet))[rows]
        _put_quotes(sheet, rows, ask - (chain.ask - chain.bid)[rows], ask)
    return f"offers {size:.1%} of the spot below intrinsic value, {SHARE:.1%} of the quotes"


def parity(file: SessionFile, _window: Window, size: float, rng: np.random.Generator) -> str:
    """Calls dearer than their puts and the forward allow."""
    for sheet in file.sheets:
        chain = sheet.chain
        delta = np.abs(chain.delta_forward)
        fit = plain(sheet) & ~chain.is_put & (delta > 0.2) & (delta < 0.8) & (chain.years < LONGEST_YEARS)
        # call and put of a strike stand in a row, and both must be quoted
        other = np.r_[chain.bid[1:] > 0.0, False]
        rows = _sample(np.flatnonzero(fit & other), _count(sheet), rng, "broken parity")
        more = (size * chain.forward / unit(sheet))[rows]
        _put_quotes(sheet, rows, chain.bid[rows] + more, chain.ask[rows] + more)
    return f"calls {size:.1%} of the forward too dear, {SHARE:.1%} of the quotes"


def butterfly(file: SessionFile, _window: Window, size: float, rng: np.random.Generator) -> str:
    """Bids above what the strikes around them cost."""
    for sheet in file.sheets:
        chain = sheet.chain
        left, right = _neighbours(chain)
        span = chain.strike[right] - chain.strike[left]
        fit = plain(sheet) & (left != right) & (span > 0) & (np.abs(chain.delta_forward) < 0.5)
        fit &= (np.abs(chain.delta_forward) > 0.05) & (chain.bid > 10 * TICK[sheet.layout])
        rows = _apart(_sample(np.flatnonzero(fit), _count(sheet), rng, "butterflies"))
        low, high = left[rows], right[rows]
        weight = (chain.strike[high] - chain.strike[rows]) / span[rows]
        cost = weight * chain.ask[low] + (1.0 - weight) * chain.ask[high]
        bid = cost * (1.0 + size) + 2 * TICK[sheet.layout]
        _put_quotes(sheet, rows, bid, bid + (chain.ask - chain.bid)[rows])
    return f"bids {size:.0%} above the strikes around them, {SHARE:.1%} of the quotes"


def _neighbours(chain: SimulatedChain) -> tuple[Rows, Rows]:
    """Rows of the next lower and higher strike of the same ladder; the row itself where there is none."""
    rows = np.arange(len(chain))
    left, right = np.maximum(rows - 2, 0), np.minimum(rows + 2, len(chain) - 1)

    def same(a: Rows) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = (chain.expiry_days[a] == chain.expiry_days) & (
            chain.is_put[a] == chain.is_put
        )
        # two roots may share an expiry; strikes start again with the next one
        return found & (np.sign(chain.strike[a] - chain.strike) == np.sign(a - rows))

    inside = same(left) & same(right)
    return np.where(inside, left, rows), np.where(inside, right, rows)


def _apart(rows: Rows) -> Rows:
    """Without rows that stand within four of the one before: a spoiled quote must not be another's neighbour."""
    kept: list[int] = []
    for row in rows.tolist():
        if not kept or row - kept[-1] > 8:
            kept.append(row)
    return np.array(kept, dtype=np.int64)


def calendar_spread(file: SessionFile, _window: Window, size: float, rng: np.random.Generator) -> str:
    """Calls of a later expiry offered below the bid of an earlier one."""
    for sheet in file.sheets:
        chain = sheet.chain
        key = sheet.root_code * 10**12 + np.round(chain.strike * 1000).astype(np.int64)
        fit = plain(sheet) & ~chain.is_put & (chain.strike > 1.005 * chain.forward)
        order = np.flatnonzero(fit)
        order = order[np.lexsort((chain.expiry_days[order], key[order]))]
        early, late = order[:-1], order[1:]
        rich = chain.bid * unit(sheet) > 1e-3 * sheet.spot
        pairs = np.flatnonzero((key[early] == key[late]) & rich[early])
        chosen = _sample(pairs, min(_count(sheet), max(len(pairs) // 3, 1)), rng, "calendars")
        early, late = early[chosen], late[chosen]
        early, at = np.unique(early, return_index=True)
        late = late[at]
        offer = chain.bid[early] * unit(sheet)[early] * (1.0 - size) - 3e-4 * sheet.spot
        ask = np.maximum(offer, 1e-6) / unit(sheet)[late]
        _put_quotes(sheet, late, 0.8 * ask, ask)
    return f"later calls offered {size:.0%} below the earlier ones' bids"


def smile_outliers(file: SessionFile, _window: Window, size: float, rng: np.random.Generator) -> str:
    """Single quotes at another volatility than their neighbours'."""
    for sheet in file.sheets:
        chain = sheet.chain
        delta = np.abs(chain.delta_forward)
        fit = plain(sheet) & (delta > 0.15) & (delta < 0.45) & (chain.years > 7 / 365)
        wanted = _count(sheet)
        rows = _apart(np.sort(rng.permutation(np.flatnonzero(fit))))
        rows = _sample(rows, min(wanted, len(rows)), rng, "smile outliers")
        _at_volatility(sheet, rows, size)
    return f"volatilities times {size:g}, {len(rows)} quotes"


def volatility_jumps(file: SessionFile, _window: Window, size: float, _rng: np.random.Generator) -> str:
    """An expiry at another volatility than the day before."""
    for sheet in file.sheets:
        chain = sheet.chain
        expiries, counts = np.unique(chain.expiry_days[chain.years > 14 / 365], return_counts=True)
        expiry = expiries[np.argmax(np.where(counts < 0.45 * len(chain), counts, 0))]
        _at_volatility(sheet, np.flatnonzero((chain.expiry_days == expiry) & (chain.bid > 0.0)), size)
    return f"one expiry's volatilities times {size:g}"


def _at_volatility(sheet: DaySheet, rows: Rows, factor: float) -> None:
    """Quotes around the value at another volatility, with the spread that they had."""
    chain = sheet.chain
    value = (
        value_on_forward(
            chain.is_put[rows],
            chain.strike[rows],
            chain.forward[rows],
            chain.discount[rows],
            factor * chain.volatility[rows],
            chain.years[rows],
        ).value
        / unit(sheet)[rows]
    )
    half = 0.5 * (chain.ask - chain.bid)[rows]
    _put_quotes(sheet, rows, value - half, value + half)


def spot_jump(file: SessionFile, window: Window, size: float, _rng: np.random.Generator) -> str:
    """A spot that is not that of the options: ``size`` times that of the session before, whatever today's move."""
    scale_spot(file, size * window.before.state.spot / window.here.state.spot)
    return f"spot {size:g} times that of the session before"


def spot_off(file: SessionFile, _window: Window, size: float, _rng: np.random.Generator) -> str:
    """A spot ``size`` times what it was when the options were quoted."""
    scale_spot(file, size)
    return f"spot {size:g} times that of the options"


def scale_spot(file: SessionFile, factor: float) -> None:
    """Another spot in a session's file, the options as they are."""
    if file.line is not None:
        fields = file.line.split(",")
        for position in (4, 5):
            fields[position] = f"{float(fields[position]) * factor:.2f}"
        file.line = ",".join(fields)
    else:
        for sheet in file.sheets:
            sheet.replace("index_price", np.round(sheet.values("index_price") * factor, 2))


def vanished_expiry(file: SessionFile, window: Window, _size: float, rng: np.random.Generator) -> str:
    """An expiry with open interest is not in the file."""
    held = set(np.unique(window.before.chain.expiry_days[window.before.chain.open_interest > 0.0]).tolist())
    expiries, counts = np.unique(window.here.chain.expiry_days, return_counts=True)
    soon = np.sort(expiries)[:2]
    few = [
        int(e)
        for e, n in zip(expiries, counts, strict=True)
        if int(e) in held and e not in soon and n < 0.3 * counts.sum()
    ]
    expiry = int(rng.choice(few))
    for sheet in file.sheets:
        sheet.dropped |= set(np.flatnonzero(sheet.chain.expiry_days == expiry).tolist())
    return f"expiry {np.datetime64(expiry, 'D')} is missing"


def vanished_contracts(file: SessionFile, window: Window, size: float, rng: np.random.Generator) -> str:
    """Contracts with open interest are not in the file."""
    before = window.before.chain
    held = set((2 * before.row + before.is_put)[before.open_interest > 0.0].tolist())
    for sheet in file.sheets:
        key = (2 * sheet.chain.row + sheet.chain.is_put).tolist()
        known = np.flatnonzero(np.array([k in held for k in key]))
        sheet.dropped |= set(rng.permutation(known)[: int(np.ceil(size * len(known)))].tolist())
    return f"{size:.1%} of the contracts with open interest are missing"


def vendor_iv_percent(file: SessionFile, _window: Window, size: float, _rng: np.random.Generator) -> str:
    """The vendor's volatilities in percent."""
    for sheet in file.sheets:
        column = "iv" if sheet.layout is VendorLayout.CBOE else "implied_vol"
        sheet.replace(column, np.round(sheet.values(column) * size, 4))
    return f"volatilities times {size:g}"


def missing_snapshot(file: SessionFile, _window: Window, _size: float, rng: np.random.Generator) -> str:
    """A snapshot within the session is not in the file."""
    number = int(rng.integers(1, len(file.sheets) - 1))
    del file.sheets[number]
    return f"snapshot {number} is missing"


def repeated_snapshot(file: SessionFile, _window: Window, _size: float, rng: np.random.Generator) -> str:
    """A snapshot that shows the one before under its own time."""
    number = int(rng.integers(1, len(file.sheets)))
    copy, shown = file.sheets[number], file.sheets[number - 1]
    stamp = copy.columns["snapshot_ts"][0]
    copy.columns = {**shown.columns, "snapshot_ts": pa.repeat(stamp, len(shown))}
    copy.chain, copy.origin, copy.root_code = shown.chain, shown.origin, shown.root_code
    return f"snapshot {number} shows snapshot {number - 1}"
