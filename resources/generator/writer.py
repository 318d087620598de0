"""From a market to its folder of vendor files, with the planted defects."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import numpy as np

from engine.calendars import days_of_date
from resources.generator.atomic_files import csv_bytes, gzipped, write_whole
from resources.generator.cboe_files import UNDERLYING_HEADER, chain_csv, underlying_row
from resources.generator.contract_text import ContractText
from resources.generator.defects import DefectKind, SpoiledChain, spoil
from resources.generator.deribit_files import delivery_row, surface_csv
from resources.generator.market import Market, MarketDay
from resources.generator.reference_files import actions_csv, rate_files, settlement_csv
from resources.generator.specs import VendorLayout

#: share of its bytes that a truncated file keeps
TRUNCATED_TO = 0.6
_FILE_STREAM, _DEFECT_STREAM = 21, 22


class UniverseWriter:
    """Writes one market's files from a first day on, and counts them.

    Attributes
    ----------
    files : dict[str, int]
        Size of every file written, by its path in the folder.
    rows : int
        Quotes in the day files.
    """

    def __init__(self, market: Market, folder: Path, start: dt.date) -> None:
        self.market = market
        self.folder = folder
        self.start = start
        self.files: dict[str, int] = {}
        self.rows = 0
        self.day_files = 0
        self._text = ContractText(market.contracts, [r.root for r in market.spec.roots])
        self._defect_on = {d.day: d.kind for d in market.spec.defects}
        self._defect_rows: list[str] = []
        self._underlying: list[str] = []

    def write(self, progress: Callable[[int, int], object]) -> None:
        """Write everything; ``progress(done, total)`` counts the days of the set."""
        total = sum(d >= self.start for d in self.market.sessions)
        done = 0
        previous: MarketDay | None = None
        for day in self.market.days():
            if day.date >= self.start:
                if previous is None:
                    raise ValueError(f"{self.market.spec.name}: no session is simulated before {self.start}")
                self._write_day(day, previous)
                done += 1
                progress(done, total)
            previous = day
        self._write_references()

    def _write_day(self, day: MarketDay, previous: MarketDay) -> None:
        kind = self._defect_on.get(day.date)
        spoiled = SpoiledChain(day.chain, np.empty(0, dtype=np.int64), 0)
        shown = day
        touched = len(day.chain)
        if kind is DefectKind.REPEATED_DAY:
            shown, spoiled = previous, SpoiledChain(previous.chain, spoiled.repeated_rows, 0)
            touched = len(previous.chain)
        elif kind in (DefectKind.CROSSED_QUOTES, DefectKind.ONE_SIDED_QUOTES, DefectKind.DUPLICATE_ROWS):
            rng = np.random.default_rng([self.market.spec.seed, _DEFECT_STREAM, days_of_date(day.date)])
            spoiled = spoil(day.chain, kind, rng)
            touched = spoiled.touched
        if kind is not None:
            symbol = self.market.spec.symbol
            self._defect_rows.append(f"{day.date},{symbol},{kind.value},{touched}")
        if kind is DefectKind.MISSING_DAY:
            return
        data = gzipped(self._day_csv(day.date, shown, spoiled))
        if kind is DefectKind.TRUNCATED_FILE:
            data = data[: int(len(data) * TRUNCATED_TO)]
        self._put(self._day_path(day.date), data)
        self.day_files += 1
        self.rows += len(shown.chain) + len(spoiled.repeated_rows)
        if self.market.spec.layout is VendorLayout.CBOE:
            self._underlying.append(underlying_row(self.market, shown, day.date))

    def _day_csv(self, file_date: dt.date, shown: MarketDay, spoiled: SpoiledChain) -> bytes:
        spec = self.market.spec
        # of the session shown, not of the file: a repeated day repeats every digit
        rng = np.random.default_rng([spec.seed, _FILE_STREAM, days_of_date(shown.date)])
        if spec.layout is VendorLayout.DERIBIT:
            return surface_csv(self._text, shown.date, shown.state, spoiled.chain, spoiled.repeated_rows, rng)
        return chain_csv(
            self._text, spec.symbol, file_date, shown.state, spoiled.chain, spoiled.repeated_rows, rng
        )

    def _day_path(self, date: dt.date) -> str:
        spec = self.market.spec
        if spec.layout is VendorLayout.DERIBIT:
            return f"surfaces/{date}.csv.gz"
        return f"chains/{spec.symbol}/{date}.csv.gz"

    def _write_references(self) -> None:
        market, spec = self.market, self.market.spec
        for name, data in rate_files(market, self.start).items():
            self._put(name, data)
        if spec.layout is VendorLayout.CBOE:
            self._put("underlying.csv", csv_bytes(UNDERLYING_HEADER, self._underlying))
            self._put("settlement_prices.csv", settlement_csv(market, self.start))
            self._put("actions.csv", actions_csv(market, self.start))
        else:
            prices = zip(market.sessions, market.delivery_price.tolist(), strict=True)
            rows = [delivery_row(d, p) for d, p in prices if d >= self.start]
            self._put("delivery_prices.csv", csv_bytes("date,delivery_price", rows))
        self._put("planted_defects.csv", csv_bytes("date,underlying,defect,quotes", self._defect_rows))

    def _put(self, name: str, data: bytes) -> None:
        self.files[name] = write_whole(self.folder / name, data)
