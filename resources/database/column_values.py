"""Engine columns as Postgres wants them: instants and dates from integers, NULL for undefined."""

import datetime as dt
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resources.database.errors import RunRecordError


def instants(column: NDArray[Any]) -> list[dt.datetime]:
    """UTC microseconds since 1970 as instants."""
    naive = np.asarray(column, dtype=np.int64).astype("datetime64[us]").astype(object)
    return [value.replace(tzinfo=dt.UTC) for value in naive.tolist()]


def dates(column: NDArray[Any]) -> list[dt.date]:
    """Days since 1970 as dates."""
    return list(np.asarray(column, dtype=np.int64).astype("datetime64[D]").astype(object).tolist())


def numbers(column: NDArray[Any], what: str) -> list[float | None]:
    """Floats, with None for NaN.

    Raises
    ------
    RunRecordError
        If one is infinite: nothing that OPTIX computes may be.
    """
    values = np.asarray(column, dtype=np.float64)
    if np.isinf(values).any():
        row = int(np.flatnonzero(np.isinf(values))[0])
        raise RunRecordError(f"{what} is infinite in row {row}; an undefined value must be NaN or None")
    return [None if value != value else value for value in values.tolist()]


def number(value: float | None, what: str) -> float | None:
    """One float, None for NaN; infinite ones are refused as in ``numbers``."""
    if value is None or math.isnan(value):
        return None
    if math.isinf(value):
        raise RunRecordError(f"{what} is infinite; an undefined value must be NaN or None")
    return float(value)


def texts(column: NDArray[Any], what: str) -> list[str]:
    """Strings; Postgres cannot hold a NUL."""
    values = [str(value) for value in column.tolist()]
    for row, value in enumerate(values):
        if "\x00" in value:
            raise RunRecordError(f"{what} holds a NUL character in row {row}")
    return values


def whole(column: NDArray[Any]) -> list[int]:
    """Integers."""
    return list(np.asarray(column, dtype=np.int64).tolist())


def json_text(value: Any, what: str) -> str:
    """JSON with sorted keys; numpy scalars and tuples become plain, dates ISO text, NaN null.

    Raises
    ------
    RunRecordError
        If something in it has no JSON form.
    """
    return json.dumps(_plain(value, what), sort_keys=True, allow_nan=False)


def _plain(value: Any, what: str) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v, what) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        ordered = sorted(value) if isinstance(value, set | frozenset) else value
        return [_plain(v, what) for v in ordered]
    if isinstance(value, np.generic | np.ndarray):
        return _plain(value.tolist(), what)
    if isinstance(value, float):
        return number(value, what)
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if value is None or isinstance(value, str | int | bool):
        return value
    raise RunRecordError(f"{what} holds a {type(value).__name__}, which has no JSON form: {value!r}")
