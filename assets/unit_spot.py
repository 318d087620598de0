"""The price that a contract's strike is compared with: of the share, or of what an adjusted contract delivers."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assets import engine_arrays as ea
from engine.instruments.deliverable import Deliverable, ItemKind


def standard_units(rows: pa.Table) -> NDArray[np.bool_]:
    """Whether a contract delivers (or pays for) one unit of one security for each of its multiplier.

    Parameters
    ----------
    rows
        ``ADJUSTED_SCHEMA``.
    """
    codes, labels = ea.codes(rows, "deliverable")
    multiplier = ea.floats(rows, "adjusted_multiplier")
    quantity = np.array([_single_quantity(Deliverable.parse(label)) for label in labels] or [np.nan])
    return np.asarray(multiplier == quantity[codes])


def _single_quantity(delivered: Deliverable) -> float:
    """Units of the only security delivered; NaN where the list has anything else."""
    first = delivered.items[0]
    return first.quantity if len(delivered.items) == 1 and first.kind is ItemKind.SHARES else np.nan


def priced_groups(rows: pa.Table) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Codes of what has one forward per expiry, and the price of one unit of each row's deliverable.

    Rows of one root that deliver different things have different forwards. A standard contract's unit is the share. An
    adjusted one's is worth its list divided by its multiplier: 0.125 of a share for USO1 after 2020-04-29. Where
    another security is in the list, whose price the chain does not carry, the unit price is NaN, and the forward comes
    from put-call parity alone.

    Parameters
    ----------
    rows
        ``ADJUSTED_SCHEMA``, one underlying and snapshot.

    Returns
    -------
    int64[n], float64[n]
    """
    root_codes, _ = ea.codes(rows, "root")
    codes, labels = ea.codes(rows, "deliverable")
    spot, multiplier = ea.floats(rows, "spot"), ea.floats(rows, "adjusted_multiplier")
    unit = spot.copy()
    underlying = str(rows.column("underlying")[0])
    for code, label in enumerate(labels):
        delivered = Deliverable.parse(label)
        mine = codes == code
        if np.all(multiplier[mine] == _single_quantity(delivered)):
            continue
        if delivered.securities in ((), (underlying,)):
            fixed = delivered.value({underlying: 0.0})
            shares = delivered.value({underlying: 1.0}) - fixed
            unit[mine] = (shares * spot[mine] + fixed) / multiplier[mine]
        else:
            unit[mine] = np.nan
    return root_codes.astype(np.int64) * (len(labels) + 1) + codes, unit
