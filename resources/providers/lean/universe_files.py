"""``lean_universe``: QuantConnect Lean's option universe files, a chain at the end of a day with IV and Greeks.

Layout, below ``provider.path`` (a Lean ``Data`` folder): ``option/usa/universes/<ticker>/<YYYYMMDD>.csv[.gz]`` (for
index options ``indexoption/usa/universes/...``), the underlyings' daily bars as in ``lean_options``. Columns:
``#expiry,strike,right,open,high,low,close,volume,open_interest,implied_volatility,delta,gamma,vega,theta,rho``; a
line without expiry, strike and right is the underlying's.

The vendor's conventions: prices in dollars, 0 for none; implied volatility a decimal, 0 where unsolved (its Greeks
then stand for no volatility, and are none); vega per vol point, theta per calendar day; no bid and no ask. ``close``
is the last price known, of a trade of that day only where there is volume: it is the ``mark``, and the ``last`` only
then.

Nothing in a file says its day: its name does. Lean makes a file available when its day has ended; a universe
should declare ``known_after_minutes: 480`` (from the close to midnight). Known samples hold the trading of the
next session under the name of the day before, so check a history against daily bars before trading on it. The
underlying's line is what the vendor's Greeks were computed with (``spot``); the price of the underlying itself comes
from the daily bars only.
"""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from engine.calendars import days_of_date
from engine.instruments.osi import OsiSymbolError, format_osi
from engine.instruments.terms import Right
from resources.providers import osi_columns
from resources.providers.file_adapter import QUOTES, find_one, floats, outside
from resources.providers.lean.adapter import LeanAdapter
from resources.providers.lean.layout import LeanMarket, LeanOptionsSettings, date_of
from resources.providers.payload_text import UnreadablePayloadError, unpacked
from resources.providers.protocol import ParsedDay, ParsedUnderlying
from resources.providers.quote_table import QuoteRows, expiry_out_of_range, price
from resources.providers.typed_csv import CsvLayout, RejectedRow, TypedRows, read_typed_csv
from resources.providers.underlying_prices import UnderlyingPrice
from resources.raw_store import RawPart
from resources.underlying_spec import RootSpec, UnderlyingSpec

_F = pa.float64()
_PRICES = ("open", "high", "low", "close", "volume")
_GREEKS = ("delta", "gamma", "vega", "theta")
_CONTRACT = ("expiry", "strike", "right")
_LAYOUT = CsvLayout(
    columns={
        "expiry": pa.string(),
        "strike": _F,
        "right": pa.string(),
        **dict.fromkeys((*_PRICES, "open_interest", "implied_volatility", *_GREEKS, "rho"), _F),
    },
    required=frozenset(),
)


class LeanUniverseProvider(LeanAdapter):
    """Chains at the end of each day from a Lean data folder."""

    format_name = "lean_universe"
    settings_model = LeanMarket
    settings: LeanMarket

    @property
    def bar_settings(self) -> LeanOptionsSettings:
        return LeanOptionsSettings(
            resolution="daily", market=self.settings.market, security_type=self.settings.security_type
        )

    def available_days(self) -> list[dt.date]:
        self.require_folder()
        days = {
            day
            for spec in self.universe.underlyings
            for root in spec.roots
            for path in self._folder_of(root).glob("*.csv*")
            if path.name.endswith((".csv", ".csv.gz"))
            and (day := date_of(path.name.split(".")[0])) is not None
        }
        return sorted(days)

    def fetch(self, trade_date: dt.date) -> list[RawPart]:
        self.require_folder()
        parts = []
        for spec in self.universe.underlyings:
            for root in spec.roots:
                for path in find_one(self._folder_of(root), f"{trade_date:%Y%m%d}.csv"):
                    parts.append(self.whole_part(QUOTES, spec.symbol, path))
        return parts + self.price_parts(trade_date)

    def _folder_of(self, root: RootSpec) -> Path:
        settings = self.settings
        return self.folder / settings.security_type / settings.market / "universes" / root.root.lower()

    def parse(self, trade_date: dt.date, parts: Sequence[RawPart]) -> ParsedDay:
        underlyings: dict[str, ParsedUnderlying] = {}
        prices: list[UnderlyingPrice] = []
        for spec in self.universe.underlyings:
            mine = sorted((p for p in parts if p.underlying == spec.symbol), key=lambda p: (p.kind, p.name))
            bars, problem = self.bars_of(spec, trade_date, mine)
            if bars is not None:
                prices += self.prices_of(spec, trade_date, bars)
            files = [part for part in mine if part.kind == QUOTES]
            if files:
                aside = [] if bars is None else list(bars.rejected)
                underlyings[spec.symbol] = self._parse_chain(spec, trade_date, files, aside, problem)
        return ParsedDay(trade_date, underlyings, self.price_table(trade_date, prices))

    def _parse_chain(
        self,
        spec: UnderlyingSpec,
        trade_date: dt.date,
        parts: Sequence[RawPart],
        rejected: list[RejectedRow],
        problem: str | None,
    ) -> ParsedUnderlying:
        chains: list[tuple[RootSpec, TypedRows, float | None]] = []
        try:
            if problem is not None:
                raise UnreadablePayloadError(problem)
            if not self.calendar.is_session(trade_date):
                raise UnreadablePayloadError(
                    f"{parts[0].name}: {trade_date} is no session of {self.universe.calendar}; a file of such a day "
                    "is a defect of the source, look at it before using it"
                )
            for part in parts:
                root = self._root_of(part, spec)
                if root in [known for known, _, _ in chains]:
                    raise UnreadablePayloadError(
                        f"{part.name} is a second file of {root.root} on {trade_date}; remove one"
                    )
                text = unpacked(part.payload, part.name).replace(b"#expiry", b"expiry", 1)
                rows, spot = _underlying_line(read_typed_csv(text, _LAYOUT, part.name), part.name)
                rows = _judged(rows, root, trade_date)
                rejected += rows.rejected
                chains.append((root, rows, spot))
        except UnreadablePayloadError as error:
            return self.parsed(spec.symbol, trade_date, parts[0], None, rejected, None, str(error))
        full = [(root, rows, spot) for root, rows, spot in chains if len(rows)]
        quotes = _quote_rows(full, self.close_us(spec, trade_date)) if full else None
        return self.parsed(spec.symbol, trade_date, parts[0], quotes, rejected, None)

    def _root_of(self, part: RawPart, spec: UnderlyingSpec) -> RootSpec:
        ticker = PurePosixPath(part.name).parent.name
        for root in spec.roots:
            if root.root.lower() == ticker:
                return root
        raise UnreadablePayloadError(
            f"{part.name} is of no option root of {spec.symbol}; add the root to the universe"
        )


def _underlying_line(rows: TypedRows, name: str) -> tuple[TypedRows, float | None]:
    """The contracts' rows, and the close of the underlying's line; None where there is no line or no price.

    Raises
    ------
    UnreadablePayloadError
        If there are several lines without a contract.
    """
    bare = np.logical_and.reduce(
        [pc.is_null(rows.column(column)).to_numpy(zero_copy_only=False) for column in _CONTRACT]
    )
    lines = np.flatnonzero(bare)
    if len(lines) > 1:
        raise UnreadablePayloadError(
            f"{name} has {len(lines)} lines without a contract, not one of the underlying; fetch it again"
        )
    spot = rows.column("close")[int(lines[0])].as_py() if len(lines) else None
    if spot is not None and not spot > 0:
        spot = None
    return rows.only(~bare), spot


def _judged(rows: TypedRows, root: RootSpec, trade_date: dt.date) -> TypedRows:
    """Without the rows that name no contract of OSI."""
    rows = rows.split(
        {
            **{
                f"untyped:{column}": pc.is_null(rows.column(column)).to_numpy(zero_copy_only=False)
                for column in _CONTRACT
            },
        }
    )
    days = [date_of(text) for text in rows.column("expiry").to_pylist()]
    rows = rows.split(
        {
            "untyped:expiry": np.array([day is None for day in days], dtype=bool),
            "untyped:right": outside(rows.column("right"), ("C", "P")),
        }
    )
    expiries = _expiry_days(rows)
    symbols = _symbols(rows, root)
    return rows.split(
        {
            "expiry_out_of_range": expiry_out_of_range(expiries, trade_date),
            "no_osi_symbol": np.array([symbol is None for symbol in symbols], dtype=bool),
        }
    )


def _expiry_days(rows: TypedRows) -> NDArray[np.int32]:
    days = [date_of(text) for text in rows.column("expiry").to_pylist()]
    return np.array([days_of_date(day) for day in days if day is not None], dtype=np.int32)


def _symbols(rows: TypedRows, root: RootSpec) -> list[str | None]:
    def symbol(expiry: str, right: str, strike: float) -> str | None:
        day = date_of(expiry)
        try:
            return None if day is None else format_osi(root.root, day, Right(right), strike, padded=False)
        except OsiSymbolError:
            return None

    columns = (rows.column(name).to_pylist() for name in _CONTRACT)
    return [symbol(expiry, right, strike) for expiry, strike, right in zip(*columns, strict=True)]


def _quote_rows(chains: Sequence[tuple[RootSpec, TypedRows, float | None]], ts_us: int) -> QuoteRows:
    tables = [rows for _, rows, _ in chains]
    n = sum(len(rows) for rows in tables)
    expiries = [_expiry_days(rows) for rows in tables]

    def joined(name: str) -> pa.Array:
        return pa.concat_arrays([rows.column(name) for rows in tables])

    close, volume = price(joined("close")), joined("volume")
    volatility = price(joined("implied_volatility"))
    unsolved = pc.is_null(volatility)
    nothing = pa.scalar(None, pa.float64())
    traded = pc.fill_null(pc.greater(volume, 0.0), False)
    return QuoteRows(
        roots=pa.concat_arrays([pa.array([root.root] * len(rows)) for root, rows, _ in chains]),
        symbols=pa.concat_arrays(
            [
                osi_columns.written(
                    [root.root] * len(rows), days, rows.column("right").to_pylist(), floats(rows, "strike")
                )
                for (root, rows, _), days in zip(chains, expiries, strict=True)
            ]
        ),
        rights=joined("right"),
        expiry_days=np.concatenate(expiries),
        strikes=np.concatenate([floats(rows, "strike") for rows in tables]),
        ts_us=np.full(n, ts_us, dtype=np.int64),
        snapshot_ids=np.zeros(n, dtype=np.int32),
        values={
            "mark": close,
            "last": pc.if_else(traded, close, nothing),
            "volume": volume,
            "open_interest": joined("open_interest"),
            "spot": pa.concat_arrays(
                [pa.array([spot] * len(rows), type=pa.float64()) for _, rows, spot in chains]
            ),
            "vendor_iv": volatility,
            **{f"vendor_{name}": pc.if_else(unsolved, nothing, joined(name)) for name in _GREEKS},
        },
    )
