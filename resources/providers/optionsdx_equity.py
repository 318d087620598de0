"""``optionsdx_equity``: OptionsDX's text files of options on US stocks, funds and indices, a call and a put on a line
(https://www.optionsdx.com/product-data-fields/).

Layout: see ``optionsdx_files``; ``settings.files`` for other names, such as ``{underlying}_30x_{yyyymm}.txt`` of the
intraday products.

The vendor's conventions: an empty cell or 0 where there is no quote; volatility as a decimal; vega per vol point,
theta per calendar day; sizes as ``bid x ask``. Rows of one ``QUOTE_READTIME`` are a snapshot. A row names no root: an
underlying with several needs ``settings.monthly_roots``, which says the root of the contracts that expire with the
third Friday, and lines that could be of either root (the same expiry and strike twice) are set aside. No open interest.
"""

import datetime as dt
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field

from resources.providers import osi_columns
from resources.providers.deribit_rows import snapshots
from resources.providers.file_adapter import day_numbers, floats
from resources.providers.optionsdx_files import VENDOR_ZONE, OptionsDxAdapter
from resources.providers.quote_table import QuoteRows, expiry_out_of_range, instants, price
from resources.providers.row_files import FilesSettings, ParsedSlice
from resources.providers.two_legs import Lines, leg_columns, legs, option_rows, repeated
from resources.providers.typed_csv import CsvLayout, TypedRows, read_typed_csv
from resources.providers.underlying_prices import UnderlyingPrice
from resources.providers.vendor_clock import local_days
from resources.raw_store import RawPart
from resources.universe import UnderlyingSpec, UniverseSpec

_F = pa.float64()
_LEG = ("DELTA", "GAMMA", "VEGA", "THETA", "RHO", "IV", "VOLUME", "LAST", "BID", "ASK")
_LAYOUT = CsvLayout(
    columns={
        "QUOTE_UNIXTIME": pa.int64(),
        "QUOTE_READTIME": pa.string(),
        "QUOTE_DATE": pa.date32(),
        "UNDERLYING_LAST": _F,
        "EXPIRE_DATE": pa.date32(),
        "STRIKE": _F,
        **{f"{leg}_{name}": _F for leg in "CP" for name in _LEG},
        **{f"{leg}_SIZE": pa.string() for leg in "CP"},
    },
    required=frozenset({"QUOTE_UNIXTIME", "QUOTE_READTIME", "QUOTE_DATE", "EXPIRE_DATE", "STRIKE"}),
    optional=frozenset({f"{leg}_{name}" for leg in "CP" for name in ("RHO", "SIZE")}),
    others_allowed=True,
)
_SIZES = r"^\d{1,9} x \d{1,9}$"
_THIRD_FRIDAY = range(15, 22)
_EPOCH_DAY = dt.date(1970, 1, 1)
#: unix seconds of a year that a clock can show (2000 to 2100): beyond it the cell is damaged
_CLOCK_SECONDS = (946_684_800, 4_102_444_800)


class OptionsDxEquitySettings(FilesSettings):
    """What a universe may set."""

    files: str = Field(default=OptionsDxAdapter.default_files)
    #: by underlying, the root of contracts that expire with the third Friday
    monthly_roots: dict[str, str] = Field(default_factory=dict)


class OptionsDxEquityProvider(OptionsDxAdapter):
    """Chains from a folder of OptionsDX's files of stocks, funds and indices."""

    format_name = "optionsdx_equity"
    settings_model = OptionsDxEquitySettings
    layout: ClassVar[CsvLayout] = _LAYOUT

    @classmethod
    def settings_fault(
        cls, universe: UniverseSpec, settings: OptionsDxEquitySettings
    ) -> tuple[tuple[str | int, ...], str] | None:
        for spec in universe.underlyings:
            roots = [root.root for root in spec.roots]
            monthly = settings.monthly_roots.get(spec.symbol)
            if monthly is not None and monthly not in roots:
                return ("monthly_roots", spec.symbol), f"{monthly} is no root of {spec.symbol}"
            if len(roots) > 2 or (len(roots) == 2 and monthly is None):
                return ("monthly_roots",), (
                    f"{spec.symbol} has the roots {', '.join(roots)}, and rows name none: say here which of two "
                    "has the contracts that expire with the third Friday"
                )
        unknown = set(settings.monthly_roots) - {spec.symbol for spec in universe.underlyings}
        if unknown:
            return ("monthly_roots", min(unknown)), "no underlying of the universe"
        return None

    def parse_slice(
        self, spec: UnderlyingSpec, trade_date: dt.date, part: RawPart, text: bytes
    ) -> ParsedSlice:
        rows = self._judged(read_typed_csv(text, self.layout, part.name), spec, trade_date)
        if not len(rows):
            return self.parsed(spec.symbol, trade_date, part, None, rows.rejected, None), None
        quotes = self._quote_rows(rows, spec)
        payload_ts_us = int(quotes.ts_us.max())
        last = pa.array(quotes.ts_us == payload_ts_us)
        spots = quotes.values["spot"].filter(last).drop_null().to_numpy()
        close = float(np.median(spots)) if len(spots) else None
        ids, first = np.unique(quotes.snapshot_ids, return_index=True)
        claimed = dict(zip(ids.tolist(), quotes.ts_us[first].tolist(), strict=True))
        parsed = self.parsed(
            spec.symbol, trade_date, part, quotes, rows.rejected, payload_ts_us, None, claimed
        )
        return parsed, UnderlyingPrice(spec.symbol, payload_ts_us, close=close)

    def _judged(self, rows: TypedRows, spec: UnderlyingSpec, trade_date: dt.date) -> TypedRows:
        seconds = rows.column("QUOTE_UNIXTIME").to_numpy()
        sized = [name for name in ("C_SIZE", "P_SIZE") if name in rows.table.column_names]
        rows = rows.split(
            {
                "untyped:QUOTE_UNIXTIME": (seconds < _CLOCK_SECONDS[0]) | (seconds > _CLOCK_SECONDS[1]),
                "impossible:STRIKE": osi_columns.cannot_be_written(floats(rows, "STRIKE")),
                "expiry_out_of_range": expiry_out_of_range(day_numbers(rows, "EXPIRE_DATE"), trade_date),
                **{f"untyped:{name}": _no_sizes(rows.column(name)) for name in sized},
            }
        )
        day = (trade_date - _EPOCH_DAY).days
        taken_us = pc.multiply(rows.column("QUOTE_UNIXTIME"), 1_000_000)
        rows = rows.split({"other_day": local_days(taken_us, VENDOR_ZONE).to_numpy() != day})
        if len(spec.roots) == 1:
            return rows
        labels = rows.column("QUOTE_READTIME").dictionary_encode().indices.to_numpy()
        twice = repeated(labels, day_numbers(rows, "EXPIRE_DATE"), floats(rows, "STRIKE"))
        return rows.split({"ambiguous_root": twice})

    def _quote_rows(self, rows: TypedRows, spec: UnderlyingSpec) -> QuoteRows:
        own_us = rows.column("QUOTE_UNIXTIME").to_numpy() * 1_000_000
        read_times = rows.column("QUOTE_READTIME").dictionary_encode()
        labels = np.array(read_times.dictionary.to_pylist())[read_times.indices.to_numpy()]
        ids, ts_us = snapshots(own_us, labels)
        expiry_days = day_numbers(rows, "EXPIRE_DATE")
        lines = Lines(
            roots=self._roots(spec, expiry_days),
            expiry_days=expiry_days,
            strikes=floats(rows, "STRIKE"),
            ts_us=ts_us,
            snapshot_ids=ids,
            values={"quote_ts": instants(own_us), "spot": price(rows.column("UNDERLYING_LAST"))},
        )

        def both(name: str) -> pa.Array:
            return leg_columns(rows, f"C_{name}", f"P_{name}")

        bid_sizes, ask_sizes = _sizes(rows, "C_SIZE"), _sizes(rows, "P_SIZE")
        return option_rows(
            lines,
            {
                "bid": price(both("BID")),
                "ask": price(both("ASK")),
                "last": price(both("LAST")),
                "volume": both("VOLUME"),
                "bid_size": price(legs(bid_sizes[0], ask_sizes[0])),
                "ask_size": price(legs(bid_sizes[1], ask_sizes[1])),
                "vendor_iv": price(both("IV")),
                **{f"vendor_{name.lower()}": both(name) for name in ("DELTA", "GAMMA", "VEGA", "THETA")},
            },
        )

    def _roots(self, spec: UnderlyingSpec, expiry_days: NDArray[np.int32]) -> list[str]:
        roots = [root.root for root in spec.roots]
        monthly = self.settings.monthly_roots.get(spec.symbol, roots[0])
        others = next((root for root in roots if root != monthly), monthly)
        distinct, inverse = np.unique(expiry_days, return_inverse=True)
        chosen = [monthly if self._is_monthly(day) else others for day in distinct.tolist()]
        return [chosen[at] for at in inverse.tolist()]

    def _is_monthly(self, day_number: int) -> bool:
        """The third Friday, the Saturday after it, or the session before it where it is none."""
        day = _EPOCH_DAY + dt.timedelta(days=day_number)
        friday = next(day.replace(day=n) for n in _THIRD_FRIDAY if day.replace(day=n).weekday() == 4)
        if day in (friday, friday + dt.timedelta(days=1)):
            return True
        return not self.calendar.is_session(friday) and day == self.calendar.previous(friday)


def _no_sizes(cells: pa.Array) -> NDArray[np.bool_]:
    """Cells that are neither empty nor ``bid x ask``."""
    good = pc.fill_null(pc.match_substring_regex(cells, _SIZES), True)
    return ~np.asarray(good.to_numpy(zero_copy_only=False), dtype=bool)


def _sizes(rows: TypedRows, name: str) -> tuple[pa.Array, pa.Array]:
    """Bid and ask sizes of a leg."""
    if name not in rows.table.column_names:
        return pa.nulls(len(rows), _F), pa.nulls(len(rows), _F)
    pairs = pc.split_pattern(rows.column(name), " x ")
    return pc.list_element(pairs, 0).cast(_F), pc.list_element(pairs, 1).cast(_F)
