"""What callers pass to the kernels, made into contiguous columns of one length, or refused by name."""

from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
_Number = TypeVar("_Number", bound=np.generic)


def as_columns(
    right: ArrayLike | None, **floats: ArrayLike
) -> tuple[tuple[int, ...], NDArray[np.int8], list[Floats]]:
    """The common shape, rights and floats as contiguous columns; NaN and infinities pass, the kernels judge them.

    Parameters
    ----------
    right : int or bool
        0 call, 1 put; None where the function takes no right.
    **floats
        Whatever numpy can make float64 of without guessing: integers, booleans, floats of any width, of any strides,
        read-only or not.

    Raises
    ------
    ValueError
        If an argument is not numeric, a right is neither 0 nor 1, or shapes do not go together. The message names
        the argument.
    """
    columns = {name: _numeric(name, value) for name, value in floats.items()}
    rights = np.zeros((), dtype=np.int8) if right is None else _rights(right)
    given = {"right": rights.shape, **{name: c.shape for name, c in columns.items()}}
    try:
        shape = np.broadcast_shapes(*given.values())
    except ValueError:
        shapes = [f"{name} {of}" for name, of in given.items() if of]
        raise ValueError(
            f"shapes do not go together: {', '.join(shapes)}; pass one length or scalars"
        ) from None
    return shape, _column(rights, shape), [_column(c, shape) for c in columns.values()]


def _column(values: NDArray[_Number], shape: tuple[int, ...]) -> NDArray[_Number]:
    if values.shape != shape:
        values = np.broadcast_to(values, shape)
    return np.ascontiguousarray(values).reshape(-1)


def _numeric(name: str, value: ArrayLike) -> Floats:
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise ValueError(
            f"{name} is of dtype {array.dtype}: numbers are needed (float64, or what converts to it)"
        )
    return array.astype(np.float64, copy=False)


def _rights(right: ArrayLike) -> NDArray[np.int8]:
    array = np.asarray(right)
    if array.dtype.kind not in "iubf":
        raise ValueError(f"right is of dtype {array.dtype}: 0 for calls and 1 for puts are needed")
    if array.size and not ((array == 0) | (array == 1)).all():
        wrong = array[~((array == 0) | (array == 1))].flat[0]
        raise ValueError(f"right has the value {wrong}: it must be 0 for a call or 1 for a put")
    return array.astype(np.int8, copy=False)
