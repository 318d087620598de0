"""What callers pass to the kernels, made into contiguous columns of one length, or refused by name."""

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
_Number = TypeVar("_Number", bound=np.generic)

#: kinds of dtypes (`numpy.dtype.kind`): what numpy makes float64 of without guessing, those but truths, codes, truths
NUMBERS, REAL_NUMBERS, WHOLE_NUMBERS, TRUTHS = "biuf", "iuf", "iu", "b"
#: what kinds are called, and the type to convert to, by the first of these that is among them
_WORDS = {"f": ("numbers", "float64"), "i": ("whole numbers", "int64"), "b": ("booleans", "bool")}


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
    rights = np.zeros((), dtype=np.int8) if right is None else _rights(right)
    arrays = {name: as_floats(name, value) for name, value in floats.items()}
    shape = _common_shape({"right": rights, **arrays})
    return shape, _column(rights, shape), [_column(a, shape) for a in arrays.values()]


def numeric_columns(
    named: Mapping[str, ArrayLike], kinds: str = NUMBERS
) -> tuple[tuple[int, ...], list[Floats]]:
    """The common shape, and the arguments as flat contiguous float64 columns of it.

    Parameters
    ----------
    named
        Arguments by the names their caller knows them by.
    kinds
        Of dtypes that are accepted.

    Raises
    ------
    ValueError
        If one is not numeric, or its shape does not fit those before it; it names the argument.
    """
    arrays = {name: as_floats(name, value, kinds) for name, value in named.items()}
    shape = _common_shape(arrays)
    return shape, [_column(a, shape) for a in arrays.values()]


def coded_columns(
    codes: Mapping[str, ArrayLike], floats: Mapping[str, ArrayLike]
) -> tuple[tuple[int, ...], list[NDArray[np.int64]], list[Floats]]:
    """As :func:`numeric_columns`, with codes beside the floats that stay whole numbers.

    Raises
    ------
    ValueError
        If a code is not an integer, a float not a number, or a shape does not fit those before it; it names the
        argument.
    """
    whole = {name: numeric(name, value, WHOLE_NUMBERS).astype(np.int64) for name, value in codes.items()}
    real = {name: as_floats(name, value, REAL_NUMBERS) for name, value in floats.items()}
    shape = _common_shape({**whole, **real})
    return shape, [_column(a, shape) for a in whole.values()], [_column(a, shape) for a in real.values()]


def numeric(name: str, value: ArrayLike, kinds: str = NUMBERS) -> NDArray[Any]:
    """An argument as an array of its own dtype and shape.

    Raises
    ------
    ValueError
        If its dtype is not of these kinds; it names the argument.
    """
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} is no array: {error}") from None
    if array.dtype.kind not in kinds:
        needed, width = next(words for kind, words in _WORDS.items() if kind in kinds)
        way_out = "give 0 for calls and 1 for puts" if name == "right" else f"convert it to {width} first"
        raise ValueError(f"{name} has dtype {array.dtype}, {needed} are needed: {way_out}")
    return array


def as_floats(name: str, value: ArrayLike, kinds: str = NUMBERS) -> Floats:
    """As :func:`numeric`, of dtype float64; not a copy where it is that already."""
    return numeric(name, value, kinds).astype(np.float64, copy=False)


def _common_shape(arrays: Mapping[str, NDArray[Any]]) -> tuple[int, ...]:
    try:
        return np.broadcast_shapes(*(a.shape for a in arrays.values()))
    except ValueError:
        raise ValueError(_misfit(arrays)) from None


def _misfit(arrays: Mapping[str, NDArray[Any]]) -> str:
    """About the first whose shape does not fit; scalars fit everything and are not listed."""
    before: dict[str, tuple[int, ...]] = {}
    for name, array in arrays.items():
        try:
            np.broadcast_shapes(*before.values(), array.shape)
        except ValueError:
            break
        if array.shape:
            before[name] = array.shape
    others = ", ".join(f"{other} {shape}" for other, shape in before.items())
    return (
        f"{name} has shape {array.shape}, which does not fit {others}: give arrays of one shape, or scalars"
    )


def _column(values: NDArray[_Number], shape: tuple[int, ...]) -> NDArray[_Number]:
    if values.shape != shape:
        values = np.broadcast_to(values, shape)
    return np.ascontiguousarray(values).reshape(-1)


def _rights(right: ArrayLike) -> NDArray[np.int8]:
    array = numeric("right", right)
    if array.size and not ((array == 0) | (array == 1)).all():
        wrong = array[~((array == 0) | (array == 1))].flat[0]
        raise ValueError(f"right has the value {wrong}: it must be 0 for a call or 1 for a put")
    return array.astype(np.int8, copy=False)
