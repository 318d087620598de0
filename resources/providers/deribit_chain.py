"""From the typed rows of Deribit's options to the canonical quotes: snapshots, and what stands for the spot."""

import datetime as dt
from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from resources.providers.deribit_records import US_PER_MS, ChainRows
from resources.providers.deribit_rows import nearest_forward, nullable, poll_rounds
from resources.providers.quote_table import QuoteRows, instants, price
from resources.providers.typed_csv import RejectedRow
from resources.providers.typed_records import record_text

#: between two rows of one round of polling; a collector that waits longer has ended it
ROUND_GAP_US = 60_000_000


def snapshot_ids(rows: ChainRows) -> NDArray[np.int32]:
    """The snapshot that each row belongs to, numbered by time: by its group, else by rounds of polling."""
    ts_us = np.array(rows.columns["ts"], dtype=np.int64) * US_PER_MS
    labels = np.array([group or "" for group in rows.groups], dtype=object)
    loose = labels == ""
    if loose.any():
        # an order book and a summary of one instrument do not make two rounds
        names = [f"{n} {s}" for n, s in zip(rows.names, rows.is_summary, strict=True)]
        rounds = poll_rounds(
            ts_us[loose], [n for n, free in zip(names, loose, strict=True) if free], ROUND_GAP_US
        )
        labels[loose] = [f" round {number}" for number in rounds.tolist()]
    latest = {label: int(ts_us[labels == label].max()) for label in set(labels.tolist())}
    order = {
        label: place for place, label in enumerate(sorted(latest, key=lambda name: (latest[name], name)))
    }
    return np.array([order[label] for label in labels.tolist()], dtype=np.int32)


def set_aside_other_days(
    rows: ChainRows, trade_date: dt.date, session_of: Callable[[int], dt.date]
) -> int | None:
    """Set aside the rows of snapshots that are of another session; the latest time among them, or None."""
    if not rows.options:
        return None
    ids = snapshot_ids(rows)
    own_us = np.array(rows.columns["ts"], dtype=np.int64) * US_PER_MS
    latest = {snapshot: int(own_us[ids == snapshot].max()) for snapshot in np.unique(ids).tolist()}
    strange = {snapshot for snapshot, at in latest.items() if session_of(at) != trade_date}
    bad = np.isin(ids, list(strange))
    if not bad.any():
        return None
    rows.rejected += [
        RejectedRow(("other_day",), record_text(rows.records[row])) for row in np.flatnonzero(bad).tolist()
    ]
    rows.keep(~bad)
    return max(latest[snapshot] for snapshot in strange)


def without_superseded(rows: ChainRows, ids: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Which rows stay: a book summary says nothing that the same snapshot's order book does not say better."""
    booked = {
        (name, i) for name, i, s in zip(rows.names, ids.tolist(), rows.is_summary, strict=True) if not s
    }
    return np.array(
        [
            not s or (name, i) not in booked
            for name, i, s in zip(rows.names, ids.tolist(), rows.is_summary, strict=True)
        ],
        dtype=bool,
    )


def chain_quotes(rows: ChainRows, index_by_group: Mapping[str, float]) -> QuoteRows:
    """The rows as an adapter hands them over; ``ts`` of a row is the latest time of its snapshot.

    Parameters
    ----------
    index_by_group
        Index price by group, for rows that do not carry it themselves. Without either, the median forward of the
        nearest expiry stands in (see ``deribit_rows.nearest_forward``).
    """
    ids = snapshot_ids(rows)
    stay = np.flatnonzero(without_superseded(rows, ids))
    own_us = np.array(rows.columns["ts"], dtype=np.int64)[stay] * US_PER_MS
    ids = ids[stay]
    latest = np.full(int(ids.max()) + 1 if len(ids) else 1, np.iinfo(np.int64).min, dtype=np.int64)
    np.maximum.at(latest, ids, own_us)
    ts_us = latest[ids]
    options = [rows.options[row] for row in stay.tolist()]

    def column(name: str) -> pa.Array:
        return pa.array([rows.columns[name][row] for row in stay.tolist()], type=pa.float64())

    forward = price(column("forward"))
    expiry_days = np.array([option.expiry_day for option in options], dtype=np.int32)
    stated = [
        rows.columns["index"][row] or index_by_group.get(rows.groups[row] or "", np.nan)
        for row in stay.tolist()
    ]
    spot = np.array(stated, dtype=np.float64)
    stand_in = nearest_forward(
        pc.fill_null(forward, float("nan")).to_numpy(zero_copy_only=False), expiry_days, ts_us, ids
    )
    return QuoteRows(
        roots=pa.array([option.root for option in options], type=pa.string()),
        symbols=pa.array([rows.names[row] for row in stay.tolist()], type=pa.string()),
        rights=pa.array([option.right for option in options], type=pa.string()),
        expiry_days=expiry_days,
        strikes=np.array([option.strike for option in options], dtype=np.float64),
        ts_us=ts_us,
        snapshot_ids=_renumbered(ids),
        values={
            "quote_ts": instants(own_us),
            **{name: price(column(name)) for name in ("bid", "ask", "last", "mark", "bid_size", "ask_size")},
            "volume": column("volume"),
            "open_interest": column("open_interest"),
            "spot": nullable(np.where(np.isnan(spot), stand_in, spot)),
            "vendor_forward": forward,
            "vendor_iv": pc.divide(price(column("iv")), 100.0),
            **{f"vendor_{name}": column(name) for name in ("delta", "gamma", "vega", "theta")},
        },
    )


def _renumbered(ids: NDArray[np.int32]) -> NDArray[np.int32]:
    return np.unique(ids, return_inverse=True)[1].astype(np.int32)
