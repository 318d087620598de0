"""``deribit_surface_csv``: one snapshot of one coin's Deribit chain a day.

Layout: ``surfaces/<YYYY-MM-DD>.csv[.gz]``, and optionally ``delivery_prices.csv[.gz]`` (date, delivery_price: the
venue's official settlement price of 08:00 UTC that day, in dollars).

The source's conventions: ``snapshot_ts`` in UTC; bid, ask and mark in coin, 0 for none; implied volatility as a
decimal; forwards differ within an expiry, because instruments are polled one after the other.
"""

import datetime as dt
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from resources.providers.deribit_rows import (
    UNDERLYING_CURRENCY,
    instrument_names,
    only_underlying,
    snapshots,
)
from resources.providers.file_adapter import (
    QUOTES,
    SETTLEMENT_PRICES,
    FileAdapter,
    day_numbers,
    day_slice,
    find_one,
    floats,
    outside,
)
from resources.providers.payload_text import UnreadablePayloadError, unpacked
from resources.providers.protocol import ParsedDay, ParsedUnderlying
from resources.providers.quote_table import QuoteRows, expiry_out_of_range, instants, price
from resources.providers.typed_csv import CsvLayout, TypedRows, read_typed_csv
from resources.providers.underlying_prices import UnderlyingPrice, underlying_table
from resources.providers.vendor_clock import local_days
from resources.raw_store import RawPart
from resources.universe import UniverseSpec

_F = pa.float64()
_LAYOUT = CsvLayout(
    columns={
        "snapshot_ts": pa.timestamp("us", tz="UTC"),
        "expiry": pa.date32(),
        "days_to_expiry": pa.int64(),
        "strike": _F,
        "option_type": pa.string(),
        **dict.fromkeys(("bid", "ask", "mark_price", "forward_price", "index_price", "implied_vol"), _F),
        **dict.fromkeys(("delta", "gamma", "vega", "open_interest", "volume_24h"), _F),
    },
    required=frozenset({"snapshot_ts", "expiry", "strike", "option_type"}),
)
_DELIVERY = CsvLayout(
    columns={"date": pa.date32(), "delivery_price": _F}, required=frozenset({"date", "delivery_price"})
)
_EIGHT_HOURS_US = 8 * 3_600_000_000
_DAY_US = 86_400_000_000


class DeribitSurfaceCsvProvider(FileAdapter):
    """One coin's chain from a folder of daily snapshots."""

    format_name = "deribit_surface_csv"

    def __init__(self, universe: UniverseSpec, folder: Path) -> None:
        super().__init__(universe, folder)
        self.coin = only_underlying(universe, self.format_name)

    def available_days(self) -> list[dt.date]:
        days = set()
        for path in (self.require_folder() / "surfaces").glob("*.csv*"):
            stem = path.name.removesuffix(".gz").removesuffix(".csv")
            try:
                days.add(dt.date.fromisoformat(stem))
            except ValueError:
                continue  # not a day's file
        return sorted(days)

    def fetch(self, trade_date: dt.date) -> list[RawPart]:
        folder = self.require_folder()
        parts = [
            self.whole_part(QUOTES, self.coin.symbol, path)
            for path in find_one(folder / "surfaces", f"{trade_date.isoformat()}.csv")
        ]
        for path in find_one(folder, "delivery_prices.csv"):
            part = self.day_part(SETTLEMENT_PRICES, path, "date", trade_date)
            if part is not None:
                parts.append(part)
        return parts

    def parse(self, trade_date: dt.date, parts: Sequence[RawPart]) -> ParsedDay:
        symbol = self.coin.symbol
        delivery, problems = delivery_price(parts, trade_date)
        mine = [part for part in parts if part.kind == QUOTES]
        underlyings: dict[str, ParsedUnderlying] = {}
        spot_at: tuple[int, float | None] | None = None
        if len(mine) > 1:
            names = " and ".join(part.name for part in mine)
            problem = f"{names} both claim {trade_date}; remove the wrong one"
            underlyings[symbol] = self.parsed(symbol, trade_date, mine[0], None, (), None, problem)
        elif mine:
            underlyings[symbol], spot_at = self._parse_chain(trade_date, mine[0])
        prices = []
        if spot_at is not None:
            prices = [UnderlyingPrice(symbol, spot_at[0], close=spot_at[1], settlement_price=delivery)]
        elif delivery is not None:
            # the venue's price is official whether or not anybody took a snapshot that day
            day_us = (trade_date - dt.date(1970, 1, 1)).days * _DAY_US
            prices = [UnderlyingPrice(symbol, day_us + _EIGHT_HOURS_US, settlement_price=delivery)]
        table = underlying_table(
            prices,
            trade_date=trade_date,
            currency=UNDERLYING_CURRENCY,
            known_after_minutes=self.universe.provider.known_after_minutes,
            source=self.format_name,
        )
        return ParsedDay(trade_date, underlyings, table, tuple(problems))

    def _parse_chain(
        self, trade_date: dt.date, part: RawPart
    ) -> tuple[ParsedUnderlying, tuple[int, float | None] | None]:
        """The chain, and the time and index price of its last snapshot."""
        symbol = self.coin.symbol
        try:
            rows = read_typed_csv(unpacked(part.payload, part.name), _LAYOUT, part.name)
        except UnreadablePayloadError as error:
            return self.parsed(symbol, trade_date, part, None, (), None, str(error)), None
        if not len(rows):
            return self.parsed(symbol, trade_date, part, None, rows.rejected, None), None
        taken_us = rows.column("snapshot_ts").view(pa.int64())
        payload_ts_us = int(pc.max(taken_us).as_py())
        held = local_days(taken_us, self.zone).to_numpy()
        other_day = held != (trade_date - dt.date(1970, 1, 1)).days
        if other_day.all():
            first = dt.date(1970, 1, 1) + dt.timedelta(days=int(held.min()))
            problem = (
                f"{part.name} holds a snapshot of {first}, not of {trade_date}; put it under its own day"
            )
            return self.parsed(symbol, trade_date, part, None, rows.rejected, payload_ts_us, problem), None
        rows = rows.split(
            {
                "other_day": other_day,
                "untyped:option_type": outside(rows.column("option_type"), ("C", "P")),
                "expiry_out_of_range": expiry_out_of_range(day_numbers(rows, "expiry"), trade_date),
            }
        )
        if not len(rows):
            return self.parsed(symbol, trade_date, part, None, rows.rejected, payload_ts_us), None
        quotes = self._quote_rows(rows)
        last = quotes.ts_us == quotes.ts_us.max()
        index = quotes.values["spot"].filter(pa.array(last)).drop_null().to_numpy()
        spot = float(np.median(index)) if len(index) else None
        parsed = self.parsed(symbol, trade_date, part, quotes, rows.rejected, int(quotes.ts_us.max()))
        return parsed, (int(quotes.ts_us.max()), spot)

    def _quote_rows(self, rows: TypedRows) -> QuoteRows:
        own_us = rows.column("snapshot_ts").view(pa.int64()).to_numpy()
        ids, ts_us = snapshots(own_us, own_us)
        root = self.coin.roots[0].root
        rights = rows.column("option_type")
        expiry_days, strikes = day_numbers(rows, "expiry"), floats(rows, "strike")
        n = len(rows)
        return QuoteRows(
            roots=pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, dtype=np.int32)), pa.array([root])),
            symbols=instrument_names(root, expiry_days, strikes, rights.to_pylist()),
            rights=rights,
            expiry_days=expiry_days,
            strikes=strikes,
            ts_us=ts_us,
            snapshot_ids=ids,
            values={
                "quote_ts": instants(own_us),
                "bid": price(rows.column("bid")),
                "ask": price(rows.column("ask")),
                "mark": price(rows.column("mark_price")),
                "volume": rows.column("volume_24h"),
                "open_interest": rows.column("open_interest"),
                "spot": price(rows.column("index_price")),
                "vendor_forward": price(rows.column("forward_price")),
                "vendor_iv": price(rows.column("implied_vol")),
                **{f"vendor_{name}": rows.column(name) for name in ("delta", "gamma", "vega")},
            },
        )


def delivery_price(parts: Sequence[RawPart], trade_date: dt.date) -> tuple[float | None, list[str]]:
    """The venue's delivery price of a day (None without one), and what is wrong with the file."""
    prices: set[float] = set()
    problems: list[str] = []
    for part in parts:
        if part.kind != SETTLEMENT_PRICES:
            continue
        try:
            text = day_slice(part.payload, part.name, "date", trade_date.isoformat())
            if text is None:
                continue
            rows = read_typed_csv(text, _DELIVERY, part.name)
        except UnreadablePayloadError as error:
            problems.append(str(error))
            continue
        problems += [f"{part.name}: {row}" for row in rows.rejected]
        prices |= set(rows.column("delivery_price").to_pylist())
    if len(prices) == 1 and 0 < (only := next(iter(prices))) < math.inf:
        return only, problems
    if prices:
        problems.append(
            f"delivery_prices.csv has {' and '.join(map(str, sorted(prices)))} for {trade_date}; exactly one "
            "price above 0 is needed"
        )
    return None, problems
