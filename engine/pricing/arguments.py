"""What callers pass to the kernels, made into contiguous columns of one length, or refused by name."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
_Number = TypeVar("_Number", bound=np.generic)
_Member = TypeVar("_Member", bound=Enum)

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


def as_rows(right: ArrayLike | None, **floats: ArrayLike) -> tuple[NDArray[np.int8], list[Floats]]:
    """As :func:`as_columns` where each argument must be a row and none is stretched: what belongs to one option each.

    Raises
    ------
    ValueError
        As there, and if an argument is no row or is not as long as the others.
    """
    rights = None if right is None else _rights(right)
    arrays = {name: as_floats(name, value) for name, value in floats.items()}
    every: dict[str, NDArray[Any]] = {**arrays} if rights is None else {"right": rights, **arrays}
    shapes = {a.shape for a in every.values()}
    if len(shapes) != 1 or len(next(iter(shapes))) != 1:
        given = ", ".join(f"{name} {array.shape}" for name, array in every.items())
        raise ValueError(
            f"arguments must be rows that are equally long, got {given}: give one value per option"
        )
    columns = [np.ascontiguousarray(a) for a in arrays.values()]
    return (
        np.zeros(columns[0].size, dtype=np.int8) if rights is None else np.ascontiguousarray(rights)
    ), columns


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
        If a code is not an integer, one named ``right`` neither 0 nor 1, a float not a number, or a shape does not fit
        those before it; it names the argument.
    """
    whole = {name: numeric(name, value, WHOLE_NUMBERS).astype(np.int64) for name, value in codes.items()}
    if "right" in whole:
        _rights(whole["right"])
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


def positive(name: str, value: ArrayLike) -> float:
    """One number that is positive and finite; ValueError that names it if it is none."""
    number = one_number(name, value)
    if not 0.0 < number < np.inf:
        raise ValueError(f"{name} must be positive and finite, got {number}")
    return number


def finite(name: str, value: ArrayLike) -> float:
    """One finite number; ValueError that names it if it is none."""
    number = one_number(name, value)
    if not np.isfinite(number):
        raise ValueError(f"{name} must be finite, got {number}")
    return number


def one_number(name: str, value: ArrayLike, kinds: str = NUMBERS) -> float:
    """One number of any value; ValueError that names it if it is an array or not numeric."""
    array = as_floats(name, value, kinds)
    if array.ndim:
        raise ValueError(f"{name} has shape {array.shape}, one number is needed: call once for each")
    return float(array)


def refuse_unless(valid: NDArray[np.bool_], name: str, values: Floats, rule: str) -> None:
    """Raise a ValueError about the first value that breaks a rule; it names argument, value, place and rule."""
    if not valid.all():
        place = int(np.argmin(valid))
        raise ValueError(
            f"{name} has the value {values[place]} at position {place}: it must be {rule}; leave such options out"
        )


def member_of(members: type[_Member], name: str, value: object) -> _Member:
    """A member of an enumeration, given as itself or as its value.

    Raises
    ------
    ValueError
        If it is none; it names the argument and the members.
    """
    try:
        return members(value)
    except (ValueError, TypeError):
        known = ", ".join(f"{members.__name__}.{m.name}" for m in members)
        raise ValueError(
            f"{name} must be a member of {members.__name__}, got {value!r}: give {known}"
        ) from None


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
