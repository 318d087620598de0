"""One session's vendor file as columns that may be spoiled before they are printed."""

import datetime as dt
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from engine.calendars import date_of_days
from engine.simulation.bridge import FloatArray
from engine.simulation.chain import SimulatedChain
from resources.generator.csv_table import table_csv
from resources.generator.specs import VendorLayout

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
Columns = dict[str, pa.Array]


@dataclass
class DaySheet:
    """Columns as the vendor prints them, a row a quote.

    Attributes
    ----------
    chain
        The truth behind the first rows; rows that were added have none.
    origin
        For every row, the row of ``chain`` that it was made from.
    cut_after
        Rows that are printed only up to a column, by its position.
    """

    layout: VendorLayout
    date: dt.date
    root_names: list[str]
    columns: Columns
    chain: SimulatedChain
    spot: float
    root_code: NDArray[np.int64]
    origin: NDArray[np.int64] = field(init=False)
    dropped: set[int] = field(default_factory=set)
    cut_after: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.origin = np.arange(len(self.chain), dtype=np.int64)

    def __len__(self) -> int:
        return len(self.origin)

    @property
    def right_column(self) -> str:
        return "right" if self.layout is VendorLayout.CBOE else "option_type"

    @property
    def volume_column(self) -> str:
        return "volume" if self.layout is VendorLayout.CBOE else "volume_24h"

    def contract(self, row: int) -> str:
        """The contract's symbol as the vendor prints it, or as the venue names it where the file has none."""
        if self.layout is VendorLayout.CBOE:
            return str(self.columns["option"][row].as_py())
        i = int(self.origin[row])
        expiry = date_of_days(int(self.chain.expiry_days[i]))
        right = "P" if self.chain.is_put[i] else "C"
        stamp = f"{expiry.day}{_MONTHS[expiry.month - 1]}{expiry.year % 100:02d}"
        return f"{self.root_names[int(self.root_code[i])]}-{stamp}-{self.chain.strike[i]:.0f}-{right}"

    def number(self, column: str, row: int) -> float:
        return float(self.columns[column][row].as_py())

    def put(self, column: str, row: int, value: float | str) -> None:
        """Change one cell; a text in a column of numbers makes the column text, printed as before."""
        array = self.columns[column]
        if isinstance(value, str) and not pa.types.is_string(array.type):
            array = array.cast(pa.string())
        if pa.types.is_string(array.type):
            value = str(value)
        scalar = pa.array([value], type=array.type)
        self.columns[column] = pa.concat_arrays([array.slice(0, row), scalar, array.slice(row + 1)])

    def replace(self, column: str, values: FloatArray) -> None:
        self.columns[column] = pa.array(values)

    def values(self, column: str) -> FloatArray:
        return np.asarray(self.columns[column].to_numpy(zero_copy_only=False), dtype=np.float64).copy()

    def copy_row(self, row: int) -> int:
        """Print a row once more at the end; returns its position."""
        order = pa.array(np.r_[np.arange(len(self)), row])
        self.columns = {name: column.take(order) for name, column in self.columns.items()}
        self.origin = np.r_[self.origin, self.origin[row]]
        return len(self) - 1

    def line(self, row: int) -> str:
        """A row as it is printed."""
        taken = {name: column.slice(row, 1) for name, column in self.columns.items()}
        fields = table_csv(taken).decode().splitlines()[1].split(",")
        return ",".join(fields[: self.cut_after.get(row, len(fields))])

    def csv(self) -> bytes:
        """The file, uncompressed."""
        kept, columns = np.arange(len(self)), self.columns
        if self.dropped:
            kept = np.delete(kept, sorted(self.dropped))
            columns = {name: column.take(pa.array(kept)) for name, column in columns.items()}
        data = table_csv(columns)
        if not self.cut_after:
            return data
        lines = data.split(b"\n")
        for row, fields in self.cut_after.items():
            at = int(np.searchsorted(kept, row)) + 1
            lines[at] = b",".join(lines[at].split(b",")[:fields])
        return b"\n".join(lines)
