"""Defects of columns that the adapter makes itself, planted into parsed tables: no file can hold them wrong."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from resources.generator.planted.defect_catalogue import PARSED_KINDS
from resources.generator.planted.planting import Planted
from resources.providers.protocol import ParsedDay, ParsedPrices, Provider
from resources.raw_store import RawPart

_STREAM = 41
_SECOND_US = 1_000_000
Spoil = Callable[[pa.Scalar], object]


def _later(seconds: int) -> Spoil:
    return lambda value: pa.scalar(value.value + seconds * _SECOND_US, pa.int64()).cast(value.type).as_py()


#: column, and the value that stands there instead
SPOILED: dict[str, tuple[str, Spoil]] = {
    "missing_time": ("settles_at", lambda _v: None),
    "missing_term": ("multiplier", lambda _v: None),
    "nan_value": ("bid", lambda _v: float("nan")),
    "not_finite": ("open_interest", lambda _v: float("inf")),
    "zero_quote": ("bid", lambda _v: 0.0),
    "bad_multiplier": ("multiplier", lambda _v: 0.0),
    "bad_spot": ("spot", lambda _v: 0.0),
    "known_too_early": ("known_at", _later(-2 - 30 * 60)),
    "known_too_late": ("known_at", _later(2)),
    "other_trade_date": ("trade_date", lambda v: v.as_py() - dt.timedelta(days=1)),
}


class PlantingProvider:
    """A source whose parsed tables are spoiled on some sessions.

    Parameters
    ----------
    rows_of
        Kinds to plant by session, one quote each.
    spared
        Contracts that stay as they are, by session: what the files hold wrong already, and decoys.
    """

    def __init__(
        self,
        source: Provider,
        rows_of: Mapping[dt.date, Sequence[str]],
        spared: Mapping[dt.date, set[str]],
        seed: int,
    ) -> None:
        self._source, self._rows_of, self._spared, self._seed = source, rows_of, spared, seed
        self._planted: dict[dt.date, list[Planted]] = {}

    @property
    def mode(self):  # type: ignore[no-untyped-def]
        return self._source.mode

    @property
    def planted(self) -> list[Planted]:
        """What has been planted so far."""
        return [p for day in sorted(self._planted) for p in self._planted[day]]

    def available_days(self) -> list[dt.date]:
        return self._source.available_days()

    def fetch(self, trade_date: dt.date) -> list[RawPart]:
        return self._source.fetch(trade_date)

    def parse_prices(self, trade_date: dt.date, parts: Sequence[RawPart]) -> ParsedPrices:
        return self._source.parse_prices(trade_date, parts)

    def parse(self, trade_date: dt.date, parts: Sequence[RawPart]) -> ParsedDay:
        parsed = self._source.parse(trade_date, parts)
        kinds = self._rows_of.get(trade_date, ())
        if not kinds:
            return parsed
        symbol, received = next(iter(parsed.underlyings.items()))
        quotes, planted = self._spoiled(received.quotes, trade_date, kinds, symbol)
        self._planted[trade_date] = planted
        return replace(parsed, underlyings={**parsed.underlyings, symbol: replace(received, quotes=quotes)})

    def _spoiled(
        self, quotes: pa.Table, day: dt.date, kinds: Sequence[str], symbol: str
    ) -> tuple[pa.Table, list[Planted]]:
        rng = np.random.default_rng([self._seed, _STREAM, day.toordinal()])
        names = quotes.column("symbol").to_pylist()
        snapshots = quotes.column("snapshot_id").to_pylist()
        several = snapshots[0] != snapshots[-1]
        rows = self._choose(quotes, names, self._spared.get(day, set()), rng)
        planted = []
        for kind in kinds:
            row = next(rows)
            column, value = SPOILED[kind]
            at = quotes.column_names.index(column)
            array = quotes.column(column).combine_chunks()
            cell = pa.array([value(array[row])], type=array.type)
            changed = pa.concat_arrays([array.slice(0, row), cell, array.slice(row + 1)])
            quotes = quotes.set_column(at, quotes.schema.field(column), changed)
            snapshot = str(snapshots[row]) if several else ""
            planted.append(Planted(day, symbol, snapshot, names[row], kind, PARSED_KINDS[kind].smallest))
        return quotes, planted

    @staticmethod
    def _choose(
        quotes: pa.Table, names: list[str], spared: set[str], rng: np.random.Generator
    ) -> Iterator[int]:
        """Rows with a bid, of contracts that nothing is wrong with, each contract once."""
        taken = set(spared)
        bids = quotes.column("bid").to_pylist()
        for row in rng.permutation(len(names)).tolist():
            if bids[row] is not None and names[row] not in taken:
                taken.add(names[row])
                yield row
