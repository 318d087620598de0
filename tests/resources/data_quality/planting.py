"""Defects planted into tables of quotes."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def put(quotes: pa.Table, where=None, **columns) -> pa.Table:
    """Other values in some rows: a number, None, or a function of the column's own."""
    mask = np.ones(quotes.num_rows, dtype=bool) if where is None else np.asarray(where)
    for name, value in columns.items():
        field = quotes.schema.field(name)
        old = quotes.column(name).to_pylist()
        new = [
            (value(v) if callable(value) else value) if hit else v for v, hit in zip(old, mask, strict=True)
        ]
        plain = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        array = pa.array(new, type=plain)
        if pa.types.is_dictionary(field.type):
            array = array.dictionary_encode()
        quotes = quotes.set_column(quotes.schema.get_field_index(name), field, array)
    return quotes


def times(factor: float) -> Callable[[float], float]:
    return lambda v: v * factor


def rows_at(
    quotes: pa.Table, strike: float, right: str | None = None, month: int | None = None
) -> np.ndarray:
    here = np.asarray(quotes.column("strike")) == strike
    if right is not None:
        here &= np.asarray(pc.equal(quotes.column("right").cast(pa.string()), right))
    if month is not None:
        here &= np.asarray(pc.month(quotes.column("expiry"))) == month
    return here


def named_check(value: object) -> str:
    """Names of tests must be the same in every process: a function's address is not."""
    return value if isinstance(value, str) else "planted"
