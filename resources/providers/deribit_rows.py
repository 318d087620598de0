"""What chains of Deribit's coin-settled options have in common, whoever collected them.

Prices are in coin per unit of underlying; 0 stands for no quote. Contracts expire at 08:00 UTC.
"""

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from resources.providers.deribit_instrument import MONTHS
from resources.providers.protocol import ProviderError
from resources.universe import UnderlyingSpec, UniverseSpec

_EPOCH_DAY = dt.date(1970, 1, 1)

#: Coin options are quoted in coin, but the coin itself in dollars.
UNDERLYING_CURRENCY = "USD"


def only_underlying(universe: UniverseSpec, format_name: str) -> UnderlyingSpec:
    """The universe's coin.

    Raises
    ------
    ProviderError
        If there are several underlyings or roots: files of this format hold one coin and do not name it.
    """
    spec = universe.underlyings[0]
    if len(universe.underlyings) > 1 or len(spec.roots) > 1:
        raise ProviderError(
            f"universe {universe.name}: {format_name} holds one coin with one root; "
            "make a universe for each coin"
        )
    return spec


def snapshots(
    ts_us: NDArray[np.int64], labels: NDArray[np.generic]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Number the snapshots of a day, and give each row its snapshot's time.

    Parameters
    ----------
    ts_us
        Each row's own time, UTC microseconds.
    labels
        Equal within a snapshot; their sorted order is that of time.

    Returns
    -------
    snapshot_ids : int32[n]
        0 for the first of the day.
    snapshot_ts_us : int64[n]
        The latest time of any row of the snapshot: only then was all of it known.
    """
    distinct, ids = np.unique(labels, return_inverse=True)
    latest = np.full(max(len(distinct), 1), np.iinfo(np.int64).min, dtype=np.int64)
    np.maximum.at(latest, ids, ts_us)
    return ids.astype(np.int32), latest[ids]


def poll_rounds(ts_us: NDArray[np.int64], instruments: Sequence[str], gap_us: int) -> NDArray[np.int32]:
    """Which round of polling each row belongs to, 0 for the first; independent of the order of the rows.

    A collector asks for one instrument after the other. A new round begins where it comes back to an instrument
    that it had, or after a pause.

    Parameters
    ----------
    ts_us
        Each row's own time, UTC microseconds.
    gap_us
        The pause that separates two rounds.
    """
    rounds = np.zeros(len(ts_us), dtype=np.int32)
    seen: set[str] = set()
    current, before_us = 0, None
    for row in sorted(range(len(ts_us)), key=lambda row: (int(ts_us[row]), instruments[row])):
        if instruments[row] in seen or (before_us is not None and ts_us[row] - before_us > gap_us):
            current += 1
            seen.clear()
        seen.add(instruments[row])
        before_us = ts_us[row]
        rounds[row] = current
    return rounds


def nearest_forward(
    forward: NDArray[np.float64],
    expiry_days: NDArray[np.int32],
    ts_us: NDArray[np.int64],
    ids: NDArray[np.int32],
) -> NDArray[np.float64]:
    """A stand-in for the spot where a source gives only forwards, float64[n] in dollars.

    Per snapshot the median of the vendor's forward over the nearest expiry that has not settled yet (its basis
    is within about a day's carry); NaN where a snapshot has none. The median, because the vendor polls one
    instrument after the other.
    """
    spot = np.full(len(forward), np.nan)
    settles_us = (expiry_days.astype(np.int64) * 24 + 8) * 3_600_000_000
    alive = (settles_us > ts_us) & np.isfinite(forward) & (forward > 0)
    for snapshot in np.unique(ids).tolist():
        rows = alive & (ids == snapshot)
        if rows.any():
            nearest = rows & (expiry_days == expiry_days[rows].min())
            spot[ids == snapshot] = np.median(forward[nearest])
    return spot


def instrument_names(
    root: str, expiry_days: NDArray[np.int32], strikes: NDArray[np.float64], rights: list[str]
) -> pa.Array:
    """The venue's names, such as ``BTC-27MAR26-94000-C``, for a source that leaves them out.

    A strike below 1 or with decimals has a ``d`` for the point, as on the venue.
    """
    stamps = {}
    for number in np.unique(expiry_days).tolist():
        day = _EPOCH_DAY + dt.timedelta(days=number)
        stamps[number] = f"{day.day}{MONTHS[day.month - 1]}{day.year % 100:02d}"
    return pa.array(
        [
            f"{root}-{stamps[number]}-{_strike_text(strike)}-{right}"
            for number, strike, right in zip(expiry_days.tolist(), strikes.tolist(), rights, strict=True)
        ],
        type=pa.string(),
    )


def _strike_text(strike: float) -> str:
    return str(int(strike)) if strike.is_integer() else repr(strike).replace(".", "d")


def nullable(values: NDArray[np.float64]) -> pa.Array:
    """Floats with NaN as null."""
    return pa.array(values, type=pa.float64(), mask=np.isnan(values))
