"""``option_chain`` of ten million European quotes: how much of the time is pricing, and how much Parquet.

The sessions are those of an index with two roots: 44 expiries, 340 strikes of both rights, quotes around a smile. They
are enriched by the asset's own function, on a local lake; a clock around each part says where the time goes. The same
rows are then only read, encoded and written, which no pricing could be faster than. Some sessions of American options
go the same way beside.
"""

import datetime as dt
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import Figure

SESSIONS = 335
EXPIRIES, STRIKES = 44, 340
AMERICAN_SESSIONS, AMERICAN_TURNS = 4, 3
_SPOT, _RATE, _YIELD = 5_000.0, 0.04, 0.013


def run(work: Path) -> list[Figure]:
    """Write the adjusted layer, enrich it, and write the result once more without pricing."""
    from assets.option_chain import enrich_days
    from resources.lake import open_lake

    universe, lake = universe_of(), open_lake(str(work / "pricing_chain"))
    days = write_adjusted(universe, lake, SESSIONS)
    enrich_days(universe, lake, days[:2])
    rows = SESSIONS * EXPIRIES * STRIKES * 2
    start = time.perf_counter()
    with clocks() as spent:
        enrich_days(universe, lake, days)
    whole = time.perf_counter() - start
    start = time.perf_counter()
    copy(universe, lake, days)
    copied = time.perf_counter() - start
    solved = check(universe, lake, days[-1])
    return [
        *european_figures(rows, whole, copied, solved, spent),
        american_figure(work),
    ]


def european_figures(
    rows: int, whole: float, copied: float, solved: float, spent: dict[str, float]
) -> list[Figure]:
    """Where the seconds of the whole run went."""
    parquet = spent["read"] + spent["write"] + spent["digest"]
    other = whole - spent["price"] - parquet
    return [
        Figure(
            f"option_chain of {rows:,} European quotes",
            f"{rows / whole:,.0f} quotes/s",
            "",
            f"{whole:.1f} s in one thread; {solved:.1%} of the quotes have a volatility",
        ),
        Figure(
            "  of it pricing",
            f"{spent['price'] / whole:.0%}",
            "less than Parquet",
            f"forwards, three volatilities, five Greeks: {1e9 * spent['price'] / rows:.0f} ns a quote",
        ),
        Figure(
            "  of it reading, digesting and writing Parquet",
            f"{parquet / whole:.0%}",
            "",
            f"reading {spent['read']:.1f} s, digest {spent['digest']:.1f} s, writing {spent['write']:.1f} s; "
            f"columns, grades and statuses between {other:.1f} s",
        ),
        Figure(
            "  against only reading the input and writing the output",
            f"{whole / copied:.2f} x the time",
            "",
            f"{rows / copied:,.0f} quotes/s",
        ),
    ]


def american_figure(work: Path) -> Figure:
    """Some sessions of American options against as many of European ones, in turn, each with its Parquet."""
    from assets.option_chain import enrich_days
    from resources.lake import open_lake

    universe = universe_of()
    lakes = {style: open_lake(str(work / f"pricing_chain_{style}")) for style in ("E", "A")}
    days = {style: write_adjusted(universe, lake, AMERICAN_SESSIONS, style) for style, lake in lakes.items()}
    whole: dict[str, list[float]] = {style: [] for style in lakes}
    pricing: dict[str, list[float]] = {style: [] for style in lakes}
    rows = AMERICAN_SESSIONS * EXPIRIES * STRIKES * 2
    for turn in range(AMERICAN_TURNS + 1):
        for style, lake in lakes.items():
            start = time.perf_counter()
            with clocks() as spent:
                enrich_days(universe, lake, days[style])
            # the first turn compiles
            if turn:
                whole[style].append((time.perf_counter() - start) / rows)
                pricing[style].append(spent["price"] / rows)
    solved = check(universe, lakes["A"], days["A"][-1], "american_tree")
    total, priced = ({s: float(np.median(v)) for s, v in of.items()} for of in (whole, pricing))
    return Figure(
        "  American roots against European ones",
        f"{total['A'] / total['E']:.1f} x the time",
        "<= 20 x",
        f"with Parquet, in turn: {1e6 * total['A']:.1f} µs a quote against {1e6 * total['E']:.1f}; pricing alone "
        f"{1e6 * priced['A']:.1f} against {1e6 * priced['E']:.2f}, {priced['A'] / priced['E']:.0f} x; {solved:.1%} of "
        "the American quotes have a volatility",
    )


def universe_of() -> Any:
    """A European index with AM and PM settled roots."""
    from resources.universe import UniverseSpec

    return UniverseSpec.model_validate(
        {
            "name": "pricing_chain",
            "description": "an index",
            "provider": {"format": "cboe_csv", "path": "${generated}/none"},
            "calendar": "XNYS",
            "timezone": "America/New_York",
            "start": dt.date(2023, 1, 3),
            "end": dt.date(2024, 6, 28),
            "quote_currency": "USD",
            "settlement_currency": "USD",
            "underlyings": [{"symbol": "SPX", "kind": "index", "roots": [{"root": "SPX"}, {"root": "SPXW"}]}],
        }
    )


def write_adjusted(universe: Any, lake: Any, count: int, style: str = "E") -> list[dt.date]:
    """The sessions' adjusted quotes with their statuses."""
    from assets.day_status import DayStatus, UnderlyingStatus, write_status
    from engine.calendars import TradingCalendar
    from resources.lake.layout import partition_path

    days = TradingCalendar.for_code("XNYS", universe.start, universe.end).sessions()[:count]
    columns = session_columns(style)
    for day in days:
        path = partition_path(universe.name, "adjusted_quotes", day.isoformat(), "SPX")
        table = session(day, columns, style)
        written = lake.write_table(path, table)
        status = UnderlyingStatus(
            "ok", rows=table.num_rows, path=path, sha256=written.sha256, digest="0" * 64
        )
        write_status(lake, universe, "adjusted_quotes", DayStatus(day, {"SPX": status}, {"raw": "0" * 64}))
    return days


def session_columns(style: str = "E") -> dict[str, np.ndarray]:
    """What every session has alike: offsets of expiries, strikes and prices to a tick of 0.05, of either style."""
    from engine.pricing.black import black_price
    from engine.pricing.lattice.leisen_reimer import leisen_reimer

    expiry, right, strike = (
        a.ravel()
        for a in np.meshgrid(
            7 * (1 + np.arange(EXPIRIES)), [0, 1], _SPOT * np.linspace(0.7, 1.25, STRIKES), indexing="ij"
        )
    )
    strike = np.round(strike / 5.0) * 5.0 + np.arange(strike.size) % STRIKES * 1e-3
    years = expiry / 365.0
    forward = _SPOT * np.exp((_RATE - _YIELD) * years)
    x = np.log(strike / forward) / np.sqrt(years)
    sigma = np.clip(0.17 - 0.12 * x + 0.15 * x * x, 0.05, 1.5)
    if style == "A":
        mid = leisen_reimer(right, _SPOT, strike, years, _RATE, _YIELD, sigma).price
    else:
        mid = np.exp(-_RATE * years) * black_price(right, forward, strike, years, sigma)
    half = np.maximum(0.025, 0.005 * mid)
    bid = np.floor((mid - half) / 0.05) * 0.05
    return {
        "days": expiry,
        "right": right,
        "strike": strike,
        "bid": np.where(bid > 0, bid, np.nan),
        "ask": np.ceil((mid + half) / 0.05) * 0.05,
    }


def session(day: dt.date, columns: dict[str, np.ndarray], style: str = "E") -> Any:
    """One snapshot in the schema and order of the layer."""
    import pyarrow as pa

    from resources.schemas import ADJUSTED_SCHEMA

    close = dt.datetime.combine(day, dt.time(21), dt.UTC)
    n = columns["strike"].size
    expiry_days = (day - dt.date(1970, 1, 1)).days + columns["days"]
    settles = expiry_days.astype(np.int64) * 86_400_000_000 + 21 * 3_600_000_000
    rng = np.random.default_rng(day.toordinal())
    dates = pa.array(expiry_days.astype(np.int32)).cast(pa.date32())
    root = np.where(columns["days"] % 2 == 0, "SPX", "SPXW")
    sides = np.where(columns["right"] == 1, "P", "C")
    strike = columns["strike"]
    known: dict[str, Any] = {
        "contract_id": rng.permutation(n).astype(np.int64),
        **dict.fromkeys(("strike", "original_strike", "adjusted_strike"), strike),
        **dict.fromkeys(("root", "original_root"), root),
        **dict.fromkeys(("expiry", "last_trade_date"), dates),
        "bid": pa.array(columns["bid"], from_pandas=True),
        "ask": columns["ask"],
        "settles_at": pa.array(settles, pa.timestamp("us", tz="UTC")),
        "right": sides,
        "symbol": [f"SPX{d:06d}{s}{k:.3f}" for d, s, k in zip(expiry_days, sides, strike, strict=True)],
        "volume": rng.poisson(30, n).astype(float),
        "open_interest": rng.poisson(800, n).astype(float),
    }
    alike: dict[str, Any] = {
        "underlying": "SPX",
        "trade_date": day,
        "snapshot_id": 0,
        **dict.fromkeys(("ts", "quote_ts", "known_at"), close),
        "settlement_time": "PM",
        "settlement_type": "cash",
        "style": style,
        **dict.fromkeys(("multiplier", "adjusted_multiplier"), 100.0),
        **dict.fromkeys(("quote_currency", "settlement_currency"), "USD"),
        "spot": _SPOT,
        "source": "benchmark",
        "harvest_id": "0" * 16,
        "listing_era": "current",
        **dict.fromkeys(("adjustment_factor", "underlying_price_factor"), 1.0),
        "deliverable": "cash value of 100 SPX",
        "open_interest_basis": "listed",
    }
    arrays = []
    for field in ADJUSTED_SCHEMA:
        plain = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if field.name in known:
            value = known[field.name]
            array = value if isinstance(value, pa.Array) else pa.array(value)
        elif field.name in alike:
            array = pa.repeat(pa.scalar(alike[field.name], plain), n)
        else:
            array = pa.nulls(n, plain)
        if pa.types.is_dictionary(field.type):
            array = array.dictionary_encode()
        arrays.append(array.cast(field.type))
    order = np.lexsort((strike, columns["right"], expiry_days))
    return pa.Table.from_arrays(arrays, schema=ADJUSTED_SCHEMA).take(pa.array(order))


@contextmanager
def clocks() -> Iterator[dict[str, float]]:
    """Seconds spent in pricing, reading, writing and digesting while it is open."""
    import assets.day_status as day_status
    import assets.option_chain as chain
    from resources.lake.local import LocalLake

    spent: dict[str, float] = defaultdict(float)

    def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            start = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                spent[name] += time.perf_counter() - start

        return call

    places: list[tuple[Any, str, str]] = [
        (chain, "enrich_chain", "price"),
        (day_status, "table_digest", "digest"),
        (LocalLake, "read_table", "read"),
        (LocalLake, "write_table", "write"),
    ]
    before = [getattr(owner, attribute) for owner, attribute, _ in places]
    for (owner, attribute, name), function in zip(places, before, strict=True):
        setattr(owner, attribute, timed(name, function))
    try:
        yield spent
    finally:
        for (owner, attribute, _), function in zip(places, before, strict=True):
            setattr(owner, attribute, function)


def copy(universe: Any, lake: Any, days: list[dt.date]) -> None:
    """Read each session's input, and write its output again from memory."""
    from resources.lake.layout import partition_path

    finished = lake.read_table(partition_path(universe.name, "option_chain", days[0].isoformat(), "SPX"))
    for day in days:
        lake.read_table(partition_path(universe.name, "adjusted_quotes", day.isoformat(), "SPX"))
        lake.write_table(partition_path(universe.name, "copied", day.isoformat(), "SPX"), finished)


def check(universe: Any, lake: Any, day: dt.date, model: str = "black76_european") -> float:
    """Share of the quotes that have a volatility by this model; with too few it would be no benchmark of pricing."""
    from resources.lake.layout import partition_path

    table = lake.read_table(partition_path(universe.name, "option_chain", day.isoformat(), "SPX"))
    solved = 1.0 - table.column("iv").null_count / table.num_rows
    models = set(table.column("model").to_pylist())
    assert solved > 0.7 and models == {model}, (solved, models)
    return solved
