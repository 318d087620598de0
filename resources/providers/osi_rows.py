"""End-of-day files with one option a row that carries its OSI symbol beside its terms."""

import datetime as dt
from abc import abstractmethod
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from resources.providers import osi_columns
from resources.providers.file_adapter import floats, outside
from resources.providers.quote_table import QuoteRows, expiry_out_of_range, price
from resources.providers.row_files import ParsedSlice, RowFileAdapter
from resources.providers.typed_csv import CsvLayout, TypedRows, read_typed_csv
from resources.providers.underlying_prices import UnderlyingPrice
from resources.providers.vendor_dates import dates_of
from resources.raw_store import RawPart
from resources.universe import UnderlyingSpec


class OsiRowsAdapter(RowFileAdapter):
    """Base of such formats: ``ts`` is when quotes of a row's root stop, the closing market's time."""

    layout: ClassVar[CsvLayout]
    osi_column: ClassVar[str]
    expiry_column: ClassVar[str]
    right_column: ClassVar[str]
    spot_column: ClassVar[str]
    #: what the right's column says for a call and for a put, in any letter case
    right_texts: ClassVar[tuple[str, str]]

    @abstractmethod
    def values(self, rows: TypedRows) -> dict[str, pa.Array]:
        """The nullable canonical columns that the format gives, but for ``spot``."""

    def parse_slice(
        self, spec: UnderlyingSpec, trade_date: dt.date, part: RawPart, text: bytes
    ) -> ParsedSlice:
        rows = self._judged(read_typed_csv(text, self.layout, part.name), spec, trade_date)
        if not len(rows):
            return self.parsed(spec.symbol, trade_date, part, None, rows.rejected, None), None
        symbols = osi_columns.compact(rows.column(self.osi_column))
        roots = osi_columns.roots_of(symbols)
        spot = price(rows.column(self.spot_column))
        quotes = QuoteRows(
            roots=roots,
            symbols=symbols,
            rights=self._rights(rows),
            expiry_days=dates_of(rows.column(self.expiry_column), self.date_formats)[0],
            strikes=floats(rows, "strike"),
            ts_us=self.closing_instants_us(roots, trade_date),
            snapshot_ids=np.zeros(len(rows), dtype=np.int32),
            values={**self.values(rows), "spot": spot},
        )
        # the vendor repeats one closing price in every row; were they to differ, none is more right than another
        known = spot.drop_null().to_numpy()
        close = float(np.median(known)) if len(known) else None
        parsed = self.parsed(spec.symbol, trade_date, part, quotes, rows.rejected, None)
        return parsed, UnderlyingPrice(spec.symbol, int(quotes.ts_us.max()), close=close)

    def _judged(self, rows: TypedRows, spec: UnderlyingSpec, trade_date: dt.date) -> TypedRows:
        """Without the rows that are not of this day or underlying, or that contradict themselves."""
        held, undated = dates_of(rows.column(self.day_column), self.date_formats)
        _, no_expiry = dates_of(rows.column(self.expiry_column), self.date_formats)
        call, put = self.right_texts
        rights = pc.utf8_lower(rows.column(self.right_column))
        symbols = osi_columns.compact(rows.column(self.osi_column))
        rows = rows.split(
            {
                f"untyped:{self.day_column}": undated,
                "other_day": ~undated & (held != (trade_date - dt.date(1970, 1, 1)).days),
                f"untyped:{self.expiry_column}": no_expiry,
                f"untyped:{self.right_column}": outside(rights, (call, put)),
                f"untyped:{self.osi_column}": osi_columns.not_osi(symbols),
            }
        )
        symbols = osi_columns.compact(rows.column(self.osi_column))
        expiry_days, _ = dates_of(rows.column(self.expiry_column), self.date_formats)
        return rows.split(
            {
                "expiry_out_of_range": expiry_out_of_range(expiry_days, trade_date),
                "unknown_root": outside(osi_columns.roots_of(symbols), [root.root for root in spec.roots]),
                "symbol_disagrees": osi_columns.disagrees(
                    symbols,
                    expiry_days,
                    self._rights(rows),
                    floats(rows, "strike"),
                    trade_date,
                    saturdays=True,
                ),
            }
        )

    def _rights(self, rows: TypedRows) -> pa.Array:
        return pc.if_else(
            pc.equal(pc.utf8_lower(rows.column(self.right_column)), self.right_texts[0]), "C", "P"
        )


def column_or_nothing(rows: TypedRows, name: str) -> pa.Array:
    """A number column that a file may lack."""
    return rows.column(name) if name in rows.table.column_names else pa.nulls(len(rows), pa.float64())
