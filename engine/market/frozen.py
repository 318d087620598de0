"""Arrays that cannot lead anywhere: their memory is an immutable copy of just the rows they show."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def frozen(values: NDArray[Any]) -> NDArray[Any]:
    """A read-only copy of ``values`` whose ``base`` is a ``bytes`` object of the same rows.

    A read-only slice would not do: its ``base`` is the parent array, later rows and all. A plain copy would
    not do either: its owner can make it writable again. ``bytes`` can be neither widened nor changed, so
    views may also be shared between runs.
    """
    if values.size == 0:
        empty = np.empty(0, dtype=values.dtype)
        empty.flags.writeable = False
        return empty
    return np.frombuffer(values.tobytes(), dtype=values.dtype)
