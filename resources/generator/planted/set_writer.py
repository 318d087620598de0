"""A generated set, written in one pass: vendor files, the truth beside them, and the universe that ingests them."""

import csv
import datetime as dt
import io
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from engine.calendars import days_of_date
from engine.simulation.bridge import bridge_points
from engine.simulation.chain import TradeMemory, simulate_chain
from resources.generator.atomic_files import csv_bytes, write_whole
from resources.generator.cboe_files import UNDERLYING_HEADER, chain_columns, underlying_row
from resources.generator.contract_text import ContractText
from resources.generator.deribit_files import delivery_row, surface_columns
from resources.generator.market import Market, MarketDay, build_market
from resources.generator.planted.day_sheet import DaySheet
from resources.generator.planted.decoys import Decoy, Decoys
from resources.generator.planted.defect_catalogue import KINDS
from resources.generator.planted.known_profit import KnownProfit
from resources.generator.planted.market_file import MarketFile, market_spec
from resources.generator.planted.planting import Plan, Planted, plan_defects, plant, wanted_counts
from resources.generator.planted.session_file import SessionFile, Window
from resources.generator.planted.universe_file import universe_yaml
from resources.generator.reference_files import actions_csv, rate_files, settlement_csv
from resources.generator.specs import VendorLayout

_FILE_STREAM, _PLANT_STREAM, _SNAPSHOT_STREAM = 21, 32, 33
#: hours of a coin's day over which its snapshots are spread
_DAY_US = 86_400_000_000
Progress = Callable[[int, int], object]


@dataclass(frozen=True)
class WrittenSet:
    """What stands in the folder."""

    folder: Path
    universe: Path
    sessions: int
    day_files: int
    quotes: int
    bytes: int
    planted: tuple[Planted, ...]
    decoys: tuple[Decoy, ...]
    seconds: float


def write_set(file: MarketFile, folder: Path, progress: Progress = lambda done, total: None) -> WrittenSet:
    """Generate a market into an empty folder.

    The same file gives the same bytes (on the same processor and versions of numpy, pyarrow and zlib), but for
    the paths in ``universes/``. Memory holds three sessions, and what is planted, whatever the length.

    Raises
    ------
    FileExistsError
        If the folder holds anything: a set is written whole, never over another.
    ValueError
        If the file's fields contradict each other, or the set is too short for its defects.
    """
    began = time.monotonic()
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty; name a new folder, or remove it first")
    return SetWriter(file, folder.resolve()).write(progress, began)


class SetWriter:
    """Writes one market's set."""

    def __init__(self, file: MarketFile, folder: Path) -> None:
        self.file, self.folder = file, folder
        spec = market_spec(file)
        self.market: Market = build_market(spec)
        self.spec = spec
        self.sessions = [d for d in self.market.sessions if d >= file.start]
        counts = wanted_counts(spec.layout, file.snapshots, file.defects)
        self.plan: Plan = plan_defects(
            spec, self.sessions, self.market.calendar, counts, self._least_contracts()
        )
        self.text = ContractText(self.market.contracts, [r.root for r in spec.roots])
        self.profit = KnownProfit(self.market, self.text, set(self.plan.day_kind))
        self.decoys = Decoys(self.market, file.start)
        self.planted: list[Planted] = []
        self._underlying: list[str] = []
        self._bytes = self._rows = self._files = 0
        self._scratch = TradeMemory.empty(len(self.market.contracts.strike))

    def write(self, progress: Progress, began: float) -> WrittenSet:
        for done, window in enumerate(self._windows(), start=1):
            self._write_session(window)
            progress(done, len(self.sessions))
        universe = self._write_rest()
        return WrittenSet(
            folder=self.folder,
            universe=universe,
            sessions=len(self.sessions),
            day_files=self._files,
            quotes=self._rows,
            bytes=self._bytes,
            planted=tuple(self.planted),
            decoys=tuple(self.decoys.found),
            seconds=time.monotonic() - began,
        )

    def _windows(self) -> Iterator[Window]:
        """Each session of the set with its neighbours; the last one is its own successor."""
        before: MarketDay | None = None
        here: MarketDay | None = None
        for day in self.market.days():
            if here is not None and before is not None and here.date >= self.file.start:
                yield Window(self.market, before, here, day, self.sheets)
            before, here = here, day
        assert before is not None and here is not None
        yield Window(self.market, before, here, here, self.sheets)

    def sheets(self, day: MarketDay, dated: dt.date) -> list[DaySheet]:
        """The sheets of a session's market, under the date of a file."""
        found = [self._sheet(snapshot, dated) for snapshot in self._earlier(day)]
        return [*found, self._sheet(day, dated)]

    def _sheet(self, day: MarketDay, dated: dt.date) -> DaySheet:
        spec, chain = self.spec, day.chain
        # of the market shown, not of the file: a repeated day repeats every digit
        rng = np.random.default_rng(
            [spec.seed, _FILE_STREAM, days_of_date(day.date), day.state.ts_us // 10**6]
        )
        if spec.layout is VendorLayout.DERIBIT:
            columns = surface_columns(self.text, day.date, day.state, chain, rng)
        else:
            columns = chain_columns(self.text, spec.symbol, dated, day.state, chain, rng)
        return DaySheet(
            layout=spec.layout,
            date=day.date,
            root_names=[r.root for r in spec.roots],
            columns=columns,
            chain=chain,
            spot=day.state.spot,
            root_code=self.market.contracts.root_code[chain.row],
        )

    def _earlier(self, day: MarketDay) -> list[MarketDay]:
        """The session's snapshots before its last, along a bridge between the closes around them."""
        count = self.file.snapshots - 1
        if count == 0:
            return []
        path, i = self.market.path, day.session
        # the day is shared out evenly; the first snapshot comes after midnight
        last_of_day = day.state.ts_us % _DAY_US
        offsets = np.arange(1, count + 1) * (last_of_day / (count + 1))
        shares = (_DAY_US - last_of_day + offsets) / _DAY_US
        rng = np.random.default_rng([self.spec.seed, _SNAPSHOT_STREAM, days_of_date(day.date)])
        log_close = np.log(path.close)
        points = bridge_points(
            log_close[i - 1 : i], log_close[i : i + 1], path.session_variance[i : i + 1], shares, rng
        )
        found = []
        for spot, offset in zip(np.exp(points[0]).tolist(), offsets.tolist(), strict=True):
            ts_us = day.state.ts_us - int((last_of_day - offset) // 10**6) * 10**6
            state = replace(
                day.state,
                ts_us=ts_us,
                open_wall_us=ts_us - _DAY_US,
                close_wall_us=ts_us,
                spot=round(float(spot), 2),
            )
            market = self.market
            chain = simulate_chain(
                state,
                market.contracts,
                market.settles_us,
                market.liked,
                market.mature,
                self.spec.spreads,
                self.spec.activity,
                self._scratch,
                rng,
            )
            found.append(MarketDay(i, day.date, state, chain))
        return found

    def _write_session(self, window: Window) -> None:
        day = window.here
        self.profit.observe(day)
        self.decoys.observe(day)
        rng = np.random.default_rng([self.spec.seed, _PLANT_STREAM, days_of_date(day.date)])
        line = underlying_row(self.market, day, day.date) if self.spec.layout is VendorLayout.CBOE else None
        file = SessionFile(day.date, self.sheets(day, day.date), line)
        held = self.profit.held
        if day.date not in self.plan.day_kind and self.plan.day_kind:
            self.decoys.widen(file, held, rng)
        planted = plant(file, window, self.plan, held, self.spec.symbol, rng)
        if planted and planted[0].kind == "closed_day":
            closed = day.date + dt.timedelta(days=1)
            planted = [replace(planted[0], session=closed)]
            copy = SessionFile(closed, self.sheets(day, closed), None)
            self._put(self._day_path(closed), copy.payload())
        self.planted += planted
        if file.line is not None:
            self._underlying.append(file.line)
        if file.sheets:
            self._put(self._day_path(day.date), file.payload())
            self._files += 1
            self._rows += file.rows

    def _day_path(self, date: dt.date) -> str:
        if self.spec.layout is VendorLayout.DERIBIT:
            return f"surfaces/{date}.csv.gz"
        return f"chains/{self.spec.symbol}/{date}.csv.gz"

    def _least_contracts(self) -> int:
        """Quotes of the thinnest session of the set."""
        contracts = self.market.contracts
        first = len(self.market.sessions) - len(self.sessions)
        edges = np.zeros(len(self.market.sessions) + 1, dtype=np.int64)
        np.add.at(edges, contracts.first_session, 2)
        np.add.at(edges, np.minimum(contracts.last_session, len(self.market.sessions) - 1) + 1, -2)
        return int(np.cumsum(edges)[first:-1].min())

    def _write_rest(self) -> Path:
        market, spec, start = self.market, self.spec, self.file.start
        for name, data in rate_files(market, start).items():
            self._put(name, data)
        if spec.layout is VendorLayout.CBOE:
            self._put("underlying.csv", csv_bytes(UNDERLYING_HEADER, self._underlying))
            self._put("settlement_prices.csv", settlement_csv(market, start))
            self._put("actions.csv", actions_csv(market, start))
        else:
            prices = zip(market.sessions, market.delivery_price.tolist(), strict=True)
            self._put(
                "delivery_prices.csv",
                csv_bytes("date,delivery_price", [delivery_row(d, p) for d, p in prices if d >= start]),
            )
        self._put("truth/corporate_actions.csv", actions_csv(market, start))
        self._put(
            "truth/planted_defects.csv",
            _table(
                (
                    "session",
                    "underlying",
                    "snapshot",
                    "contract",
                    "kind",
                    "what_was_done",
                    "line",
                    "found_by",
                ),
                ([*asdict(p).values(), " ".join(KINDS[p.kind].found_by)] for p in self.planted),
            ),
        )
        self._put(
            "truth/decoys.csv",
            _table(
                ("session", "underlying", "contract", "kind", "what_it_is"),
                (list(asdict(d).values()) for d in self.decoys.found),
            ),
        )
        profit = json.dumps(self.profit.document(), indent=1).encode() + b"\n"
        self._put("truth/known_profit.json", profit)
        described = json.dumps(self.file.model_dump(mode="json"), indent=1, sort_keys=True).encode() + b"\n"
        self._put("truth/market.json", described)
        universe = f"universes/{spec.name}.yaml"
        self._put(universe, universe_yaml(spec, self.file.kind, self.folder).encode())
        return self.folder / universe

    def _put(self, name: str, data: bytes) -> None:
        self._bytes += write_whole(self.folder / name, data)


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()
