"""Rows of a described table: which can be used, and what they say in canonical columns."""

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from engine.instruments.terms import SettlementTime
from resources.providers import generic_columns as columns
from resources.providers import osi_columns
from resources.providers.deribit_rows import instrument_names
from resources.providers.file_adapter import outside
from resources.providers.generic_settings import NUMBER_FIELDS, Constant, GenericSettings
from resources.providers.quote_table import QuoteRows, expiry_out_of_range
from resources.providers.two_legs import legs
from resources.providers.typed_csv import TypedRows
from resources.schemas import TS
from resources.universe import UnderlyingSpec

_F = pa.float64()
_EPOCH_DAY = dt.date(1970, 1, 1)
_DAY_US = 86_400_000_000
Mask = NDArray[np.bool_]


class GenericRows:
    """What the settings make of one underlying's rows."""

    def __init__(
        self, settings: GenericSettings, spec: UnderlyingSpec, times_zone: ZoneInfo, zone: ZoneInfo
    ) -> None:
        self.settings = settings
        self.spec = spec
        self.times_zone = times_zone
        self.zone = zone
        self.mapping = settings.mapping.sources()
        self.legs = [leg.sources() for leg in (settings.call, settings.put) if leg is not None]
        self.osi = settings.symbol_rule == "osi"

    def judged(self, rows: TypedRows, trade_date: dt.date) -> TypedRows:
        """Without the rows that are not of this day or underlying, or that contradict themselves."""
        rows = rows.split(self._time_faults(rows, trade_date))
        own = self._own(rows)
        shape: dict[str, Mask] = {}
        if self.osi:
            shape["untyped:symbol"] = ~own & osi_columns.not_osi(self._symbols(rows))
        if "right" in self.mapping:
            rights = columns.rights(rows, self.mapping["right"], self.settings)
            shape["untyped:right"] = ~own & np.asarray(
                rights.is_null().to_numpy(zero_copy_only=False), dtype=bool
            )
        if "expiry" in self.mapping:
            shape["untyped:expiry"] = (
                ~own & columns.day_numbers(rows, self.mapping["expiry"], self.settings)[1]
            )
        rows = rows.split(shape)
        # the underlying's own rows have no terms: they pass beside the rest
        own = self._own(rows)
        options = rows.only(~own)
        expiry_days = self._expiry_days(options)
        faults: dict[str, Mask] = {
            "expiry_out_of_range": expiry_out_of_range(expiry_days, trade_date),
            "unknown_root": outside(self.roots(options), [root.root for root in self.spec.roots]),
        }
        if self.osi:
            faults["symbol_disagrees"] = self._disagrees(options, trade_date)
        elif self._writes_osi:
            faults["impossible:strike"] = osi_columns.cannot_be_written(self._strikes(options))
        at = np.flatnonzero(~own)
        widened = {}
        for reason, mask in faults.items():
            widened[reason] = np.zeros(len(rows), dtype=bool)
            widened[reason][at] = mask
        return rows.split(widened)

    def without_underlying_rows(self, rows: TypedRows) -> tuple[TypedRows, float | None]:
        """The options, and the price that the underlying's own rows give; None where they give none, or several."""
        own = self._own(rows)
        if not own.any():
            return rows, None
        mine = rows.only(own)
        found: set[float] = set()
        for bid, ask, last in zip(
            *(self._numbers(mine, n).to_pylist() for n in ("bid", "ask", "last")), strict=True
        ):
            value = (bid + ask) / 2 if bid is not None and ask is not None else last
            if value is not None:
                found.add(value)
        return rows.only(~own), found.pop() if len(found) == 1 else None

    def roots(self, rows: TypedRows) -> pa.Array:
        """The root of each row."""
        if "root" in self.mapping:
            return columns.texts(rows, self.mapping["root"])
        if self.osi:
            return osi_columns.roots_of(self._symbols(rows))
        return pa.array([self.spec.roots[0].root] * len(rows), type=pa.string())

    def quote_rows(
        self, rows: TypedRows, ts_us: NDArray[np.int64], ids: NDArray[np.int32], spot: float | None
    ) -> QuoteRows:
        """Canonical rows; of a line with a call and a put two, calls first."""
        n, sides = len(rows), len(self.legs) or 1
        expiry_days, strikes = np.tile(self._expiry_days(rows), sides), np.tile(self._strikes(rows), sides)
        roots = pa.concat_arrays([self.roots(rows)] * sides)
        if self.legs:
            rights = pa.array(["C"] * n + ["P"] * n, type=pa.string())
        elif self.osi and "right" not in self.mapping:
            rights = pc.utf8_slice_codeunits(self._symbols(rows), -9, -8)
        else:
            rights = columns.rights(rows, self.mapping["right"], self.settings)
        values = {
            name: pa.concat_arrays([self._value(rows, name, source)] * sides)
            for name, source in self.mapping.items()
            if (name in NUMBER_FIELDS and name != "strike") or name in ("quote_ts", "last_trade_ts")
        }
        if self.legs:
            for name in sorted({*self.legs[0], *self.legs[1]} - {"symbol"}):
                values[name] = legs(*(self._leg_value(rows, leg, name) for leg in self.legs))
        if "spot" not in values:
            values["spot"] = pa.nulls(n * sides, _F) if not spot else pa.array(np.full(n * sides, spot))
        return QuoteRows(
            roots=roots,
            symbols=self._listed_symbols(rows, roots, expiry_days, rights, strikes),
            rights=rights,
            expiry_days=expiry_days,
            strikes=strikes,
            ts_us=np.tile(ts_us, sides),
            snapshot_ids=np.tile(ids, sides),
            values=values,
        )

    @property
    def _writes_osi(self) -> bool:
        """Whether symbols are made here, in the manner of listed options."""
        mapped = "symbol" in self.mapping or (self.legs and all("symbol" in leg for leg in self.legs))
        return not mapped and self.spec.roots[0].settlement_time is not SettlementTime.UTC08

    def _time_faults(self, rows: TypedRows, trade_date: dt.date) -> dict[str, Mask]:
        day = (trade_date - _EPOCH_DAY).days
        faults: dict[str, Mask] = {}
        if "trade_date" in self.mapping:
            days, undated = columns.day_numbers(rows, self.mapping["trade_date"], self.settings)
            faults["untyped:trade_date"] = undated
            faults["other_day"] = ~undated & (days != day)
        for where in (self.mapping, *self.legs):
            for name in ("ts", "quote_ts", "last_trade_ts"):
                source = where.get(name)
                if not isinstance(source, str):
                    continue
                values, bad = columns.instants_us(rows, source, self.settings, self.times_zone)
                faults[f"untyped:{name}"] = (
                    faults.get(f"untyped:{name}", np.zeros(len(rows), dtype=bool)) | bad
                )
                if name == "ts":
                    held = columns.local_day_numbers(values, self.zone)
                    strange = ~bad & (held != day)
                    faults["other_day"] = faults.get("other_day", np.zeros(len(rows), dtype=bool)) | strange
        return faults

    def _own(self, rows: TypedRows) -> Mask:
        """The underlying's own rows."""
        if not self.settings.underlying_rows:
            return np.zeros(len(rows), dtype=bool)
        return ~outside(pc.utf8_upper(self._symbols(rows)), [self.spec.source_symbol.upper()])

    def _symbols(self, rows: TypedRows) -> pa.Array:
        listed = columns.texts(rows, self.mapping["symbol"])
        return osi_columns.compact(listed) if self.osi else listed

    def _expiry_days(self, rows: TypedRows) -> NDArray[np.int32]:
        if "expiry" in self.mapping:
            return columns.day_numbers(rows, self.mapping["expiry"], self.settings)[0]
        return osi_columns.expiry_days_of(self._symbols(rows))

    def _strikes(self, rows: TypedRows) -> NDArray[np.float64]:
        if "strike" in self.mapping:
            return np.asarray(self._numbers(rows, "strike").to_numpy(zero_copy_only=False), dtype=np.float64)
        return osi_columns.strikes_of(self._symbols(rows))

    def _disagrees(self, rows: TypedRows, trade_date: dt.date) -> Mask:
        symbols = self._symbols(rows)
        rights = (
            columns.rights(rows, self.mapping["right"], self.settings)
            if "right" in self.mapping
            else pc.utf8_slice_codeunits(symbols, -9, -8)
        )
        found = osi_columns.disagrees(
            symbols, self._expiry_days(rows), rights, self._strikes(rows), trade_date, saturdays=True
        )
        found |= osi_columns.impossible_dates(symbols)
        return found

    def _numbers(self, rows: TypedRows, name: str) -> pa.Array:
        if name not in self.mapping:
            return pa.nulls(len(rows), _F)
        return columns.numbers(rows, name, self.mapping[name], self.settings)

    def _value(self, rows: TypedRows, name: str, source: str | Constant) -> pa.Array:
        if name in NUMBER_FIELDS:
            return columns.numbers(rows, name, source, self.settings)
        return columns.instants_us(rows, str(source), self.settings, self.times_zone)[0].view(TS)

    def _leg_value(self, rows: TypedRows, leg: dict[str, str | Constant], name: str) -> pa.Array:
        if name in leg:
            return self._value(rows, name, leg[name])
        return pa.nulls(len(rows), _F if name in NUMBER_FIELDS else TS)

    def _listed_symbols(
        self,
        rows: TypedRows,
        roots: pa.Array,
        expiry_days: NDArray[np.int32],
        rights: pa.Array,
        strikes: NDArray[np.float64],
    ) -> pa.Array:
        """Symbols as the file lists them; else OSI, or the coin venues' names."""
        if "symbol" in self.mapping:
            return pa.concat_arrays([self._symbols(rows)] * (len(self.legs) or 1))
        if self.legs and all("symbol" in leg for leg in self.legs):
            return legs(*(pc.fill_null(columns.texts(rows, leg["symbol"]), "") for leg in self.legs))
        if self._writes_osi:
            return osi_columns.written(roots.to_pylist(), expiry_days, rights.to_pylist(), strikes)
        return instrument_names(self.spec.roots[0].root, expiry_days, strikes, rights.to_pylist())
