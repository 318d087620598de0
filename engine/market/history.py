"""The chain of one underlying over time: one array per column, an offset per snapshot, a link per row."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.instruments.deliverable import Deliverable, ItemKind

Array = NDArray[Any]

#: code of a deliverable that the chain does not state: ``multiplier`` shares of the underlying
NOT_STATED = -1

#: Column -> dtype in memory. ``roots``, ``symbols`` and ``deliverables`` hold the names that codes point into.
CHAIN_COLUMNS: Mapping[str, type[np.generic]] = {
    "contract_id": np.int64,
    "root": np.int16,
    "symbol": np.int32,
    "trade_days": np.int32,
    "ts_us": np.int64,
    "known_at_us": np.int64,
    "expiry_days": np.int32,
    "last_trade_days": np.int32,
    "settles_us": np.int64,
    "right": np.int8,
    "strike": np.float64,
    "multiplier": np.float64,
    "deliverable": np.int32,
    "bid": np.float64,
    "ask": np.float64,
    "bid_size": np.float64,
    "ask_size": np.float64,
    "spot": np.float64,
    "forward": np.float64,
    "iv": np.float64,
    "delta": np.float64,
    "gamma": np.float64,
    "vega_per_vol_point": np.float64,
    "theta_per_day": np.float64,
    "quote_age_seconds": np.float64,
    "grade": np.uint8,
}
#: not one value a row: the names that the codes point into
NAMES_BY_CODE = ("roots", "symbols", "deliverables")
#: column -> what stands in every row of a chain that does not have it
DEFAULTS: Mapping[str, int] = {"deliverable": NOT_STATED}


class ChainFormatError(ValueError):
    """The columns are no chain: one is missing, out of order, or holds what cannot be."""


class ChainHistory:
    """Option quotes of one underlying, sorted by ts, expiry, right, strike.

    Attributes
    ----------
    columns
        Every column as an array of shape (rows,), see ``CHAIN_COLUMNS``; further ones are carried along, and
        ``standard`` is added: the contract delivers ``multiplier`` shares of one security (or their cash value).
    deliverables
        Text forms of ``Deliverable`` by code.
    offsets
        Shape (snapshots + 1,): snapshot k holds rows ``offsets[k]:offsets[k + 1]``.
    snapshot_ts_us, snapshot_days
        When the market looked like this, and the session, per snapshot.
    decision_us
        Per snapshot the earliest instant at which any of its rows could be known. A strategy decides then
        and sees the rows that are known by then; a row that came later shows from the next snapshot on. The
        earliest, not the latest: what is not known yet cannot move the moment of the decision.
    spot
        Median spot of the snapshot's rows (venues that are polled in turn give each row its own); NaN if
        none has one.
    next_row, row_base
        ``next_row[row] - row_base`` is the row of the same contract in a later snapshot; outside
        ``0 .. rows - 1`` there is none in this range.
    """

    __slots__ = (
        "columns",
        "decision_us",
        "deliverables",
        "next_row",
        "offsets",
        "roots",
        "row_base",
        "snapshot_days",
        "snapshot_ts_us",
        "spot",
        "symbols",
    )

    def __init__(
        self,
        columns: dict[str, Array],
        *,
        roots: tuple[str, ...],
        symbols: Array,
        deliverables: tuple[str, ...],
        offsets: Array,
        snapshot_ts_us: Array,
        snapshot_days: Array,
        decision_us: Array,
        spot: Array,
        next_row: Array,
        row_base: int,
    ) -> None:
        self.columns = columns
        self.roots = roots
        self.symbols = symbols
        self.deliverables = deliverables
        self.offsets = offsets
        self.snapshot_ts_us = snapshot_ts_us
        self.snapshot_days = snapshot_days
        self.decision_us = decision_us
        self.spot = spot
        self.next_row = next_row
        self.row_base = row_base

    @classmethod
    def from_columns(cls, columns: Mapping[str, Array]) -> "ChainHistory":
        """Check the columns and link the rows.

        Parameters
        ----------
        columns
            ``CHAIN_COLUMNS``, each of shape (rows,), plus ``roots`` and ``symbols``: the names by code. A chain
            of standard contracts only may leave out ``deliverable`` and ``deliverables``. Arrays of the right
            dtype are used as they are, not copied.

        Raises
        ------
        ChainFormatError
            Naming the column and the first offending row.
        """
        missing = [c for c in (*CHAIN_COLUMNS, "roots", "symbols") if c not in columns and c not in DEFAULTS]
        if missing:
            raise ChainFormatError(f"the chain lacks the columns {', '.join(missing)}")
        data: dict[str, Array] = {
            name: np.ascontiguousarray(values, dtype=CHAIN_COLUMNS.get(name))
            for name, values in columns.items()
            if name not in (*NAMES_BY_CODE, "standard")
        }
        rows = len(data["ts_us"])
        for name, value in DEFAULTS.items():
            if name not in data:
                data[name] = np.full(rows, value, dtype=CHAIN_COLUMNS[name])
        for name, values in data.items():
            if values.shape != (rows,):
                raise ChainFormatError(f"column {name} has shape {values.shape}, not ({rows},)")
        roots = tuple(str(r) for r in columns["roots"])
        symbols = np.asarray(columns["symbols"], dtype=object)
        ts = data["ts_us"]
        starts = np.flatnonzero(np.diff(ts, prepend=ts[0] - 1 if rows else 0)) if rows else np.empty(0, int)
        offsets = np.append(starts, rows).astype(np.int64)
        deliverables = tuple(str(d) for d in columns.get("deliverables", ()))
        _check_rows(data, len(roots), len(symbols), len(deliverables))
        data["standard"] = _standard(data["deliverable"], data["multiplier"], deliverables)
        return cls(
            data,
            roots=roots,
            symbols=symbols,
            deliverables=deliverables,
            offsets=offsets,
            snapshot_ts_us=ts[starts],
            snapshot_days=data["trade_days"][starts],
            decision_us=(
                np.minimum.reduceat(data["known_at_us"], starts) if rows else np.empty(0, dtype=np.int64)
            ),
            spot=_snapshot_spot(data["spot"], starts, rows),
            next_row=_link_rows(data["contract_id"], ts),
            row_base=0,
        )

    @property
    def rows(self) -> int:
        return int(self.offsets[-1])

    @property
    def snapshots(self) -> int:
        return len(self.snapshot_ts_us)

    def slice(self, start_days: int, end_days: int) -> "ChainHistory":
        """The sessions from ``start_days`` to ``end_days``, both included, sharing this history's memory."""
        first = int(np.searchsorted(self.snapshot_days, start_days, side="left"))
        last = max(first, int(np.searchsorted(self.snapshot_days, end_days, side="right")))
        a, b = int(self.offsets[first]), int(self.offsets[last])
        return ChainHistory(
            {name: values[a:b] for name, values in self.columns.items()},
            roots=self.roots,
            symbols=self.symbols,
            deliverables=self.deliverables,
            offsets=self.offsets[first : last + 1] - a,
            snapshot_ts_us=self.snapshot_ts_us[first:last],
            snapshot_days=self.snapshot_days[first:last],
            decision_us=self.decision_us[first:last],
            spot=self.spot[first:last],
            next_row=self.next_row[a:b],
            row_base=self.row_base + a,
        )

    def to_columns(self) -> dict[str, Array]:
        """The columns as ``from_columns`` takes them."""
        return {
            **self.columns,
            "roots": np.array(self.roots, dtype=object),
            "symbols": self.symbols,
            "deliverables": np.array(self.deliverables, dtype=object),
        }

    def deliverable(self, row: int) -> Deliverable | None:
        """What the contract of a row delivers; None: ``multiplier`` shares of its underlying."""
        if self.columns["standard"][row]:
            return None
        return Deliverable.parse(self.deliverables[int(self.columns["deliverable"][row])])


def _standard(codes: Array, multiplier: Array, labels: tuple[str, ...]) -> Array:
    """Whether each row delivers as many units of one security as its multiplier says."""
    units = np.full(len(labels) + 1, np.nan)
    for code, label in enumerate(labels):
        items = Deliverable.parse(label).items
        if len(items) == 1 and items[0].kind is ItemKind.SHARES:
            units[code] = items[0].quantity
    return np.asarray((codes == NOT_STATED) | (units[codes] == multiplier))


def _check_rows(data: dict[str, Array], roots: int, symbols: int, deliverables: int) -> None:
    """Raise unless the rows are in order and within their ranges."""

    def refuse(bad: Array, what: str) -> None:
        if bad.any():
            raise ChainFormatError(f"row {int(np.argmax(bad))}: {what} ({int(bad.sum())} such rows)")

    ts, expiry, right, strike = data["ts_us"], data["expiry_days"], data["right"], data["strike"]
    refuse(~(strike > 0), "the strike is not positive")
    refuse(~(data["multiplier"] > 0), "the multiplier is not positive")
    refuse((right != 0) & (right != 1), "the right is neither 0 (call) nor 1 (put)")
    refuse(data["grade"] > 6, "the grade is none of QuoteGrade")
    refuse(data["known_at_us"] < ts, "the quote is known before its own time")
    refuse((data["root"] < 0) | (data["root"] >= roots), "the root code points outside roots")
    refuse((data["symbol"] < 0) | (data["symbol"] >= symbols), "the symbol code points outside symbols")
    code = data["deliverable"]
    refuse((code < NOT_STATED) | (code >= deliverables), "the deliverable code points outside deliverables")
    if len(ts) < 2:
        return
    same_ts = ts[1:] == ts[:-1]
    d_expiry, d_right = np.diff(expiry), np.diff(right)
    out_of_order = (d_expiry < 0) | (
        (d_expiry == 0) & ((d_right < 0) | ((d_right == 0) & (np.diff(strike) < 0)))
    )
    refuse(np.append(False, ts[1:] < ts[:-1]), "ts runs backwards; sort by ts, expiry, right, strike")
    refuse(np.append(False, same_ts & out_of_order), "a snapshot is not sorted by expiry, right, strike")
    refuse(
        np.append(False, same_ts & (np.diff(data["trade_days"]) != 0)), "one ts belongs to two trade dates"
    )
    refuse(np.append(False, np.diff(data["trade_days"]) < 0), "trade dates run backwards")


def _link_rows(contract_id: Array, ts: Array) -> Array:
    """Row of the same contract in the next snapshot that has it, -1 where there is none."""
    order = np.argsort(contract_id, kind="stable")
    same = contract_id[order[1:]] == contract_id[order[:-1]]
    repeated = same & (ts[order[1:]] == ts[order[:-1]])
    if repeated.any():
        row = int(order[1:][np.argmax(repeated)])
        raise ChainFormatError(f"row {row}: contract {contract_id[row]} stands twice in one snapshot")
    link = np.full(len(contract_id), -1, dtype=np.int64)
    link[order[:-1][same]] = order[1:][same]
    return link


def _snapshot_spot(spot: Array, starts: Array, rows: int) -> Array:
    if rows == 0:
        return np.empty(0, dtype=np.float64)
    low, high = np.fmin.reduceat(spot, starts), np.fmax.reduceat(spot, starts)
    result: Array = low.copy()
    ends = np.append(starts[1:], rows)
    for k in np.flatnonzero(low != high):
        values = spot[starts[k] : ends[k]]
        finite = values[np.isfinite(values)]
        result[k] = np.median(finite) if len(finite) else np.nan
    return result
