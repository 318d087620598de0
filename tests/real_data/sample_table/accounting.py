"""By file: rows in, validated, quarantined by reason, left out and why; the sum must come out."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from resources.raw_store import QUOTES, HarvestRecord, StoredPart
from tests.real_data.sample_table.counting import OTHER, PRICE, QUOTE, Rows, count_rows
from tests.real_data.sample_table.ingestion import Day, Ingested, Session
from tests.real_data.sample_table.states import State, closed_state, session_state, snapshot_state


@dataclass
class FileAccount:
    """What became of one file's rows."""

    name: str
    rows: Rows
    validated: int = 0
    quarantined: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    #: (day, underlying, its state)
    states: list[tuple[dt.date, str, State]] = field(default_factory=list)
    days: set[str] = field(default_factory=set)
    priced: set[str] = field(default_factory=set)

    @property
    def rows_in(self) -> int:
        return self.rows.total()

    def of_day(self, day: dt.date, *kinds: str) -> int:
        """Its rows of a day: all of a file that is of one day."""
        keys = (day.isoformat(), "")
        return sum(n for (on, kind), n in self.rows.items() if on in keys and kind in kinds)

    def settle(self) -> None:
        """Put down what is left, and require that nothing is missing.

        Raises
        ------
        AssertionError
            If a row of the file is neither validated nor quarantined nor known to be left out.
        """
        for (day, kind), n in self.rows.items():
            unasked = day != "" and day not in self.days
            if unasked or kind == OTHER:
                self.left_out["of days or underlyings that no universe asks for"] += n
        accounted = self.validated + self.quarantined.total() + self.left_out.total()
        assert accounted == self.rows_in, (
            f"{self.name}: {self.rows_in} rows in, {self.validated} validated, {dict(self.quarantined)} "
            f"quarantined, {dict(self.left_out)} left out: {self.rows_in - accounted} are unaccounted for"
        )


#: the account of a part's file
FileOf = Callable[[StoredPart], FileAccount]


def accounts(data: Path, universes: Sequence[Ingested]) -> dict[str, FileAccount]:
    """Every file that the universes read, by its path below the data folder."""
    names = frozenset(u.source_symbol for one in universes for u in one.universe.underlyings)
    found: dict[str, FileAccount] = {}

    def file(universe: Ingested, part: StoredPart) -> FileAccount:
        name = f"{universe.universe.provider.path.removeprefix('${data}/')}/{part.name}"
        if name not in found:
            found[name] = FileAccount(name, count_rows(data / name, names))
        return found[name]

    for universe in universes:
        for day in universe.days:
            _account_day(universe, day, lambda part, u=universe: file(u, part))
        for record in universe.off_calendar:
            _account_off_calendar(universe, record, lambda part, u=universe: file(u, part))
    for one in found.values():
        one.settle()
    return found


def _account_day(universe: Ingested, day: Day, file: FileOf) -> None:
    quotes = [p for p in day.record.parts if p.kind == QUOTES]
    for part in day.record.parts:
        account = file(part)
        first_visit = day.day.isoformat() not in account.days
        account.days.add(day.day.isoformat())
        if part.kind == "underlying_prices":
            _account_prices(account, day)
        elif first_visit and (prices := account.of_day(day.day, PRICE)):
            account.left_out["prices of the underlying"] += prices
    for session in day.sessions:
        mine = [p for p in quotes if p.underlying in (None, session.underlying)]
        others = [
            p
            for p in day.record.parts
            if p.kind in ("trades", "open_interest") and p.underlying == session.underlying
        ]
        if session.status.status == "absent":
            continue
        _account_session(universe, day, session, mine, others, file)


def _account_session(
    universe: Ingested,
    day: Day,
    session: Session,
    quotes: Sequence[StoredPart],
    others: Sequence[StoredPart],
    file: FileOf,
) -> None:
    state = session_state(universe.universe, day.day, session)
    refused = session.received is not None and session.received.problem is not None
    parts = [*quotes, *others]
    by_snapshot = (
        universe.universe.provider.format == "cboe_intraday_csv"
        and session.received is not None
        and len(quotes) == session.received.snapshots
    )
    place = _Place(quotes, others, by_snapshot)
    for part, n in place.of_rows(session.kept).items():
        file(parts[part]).validated += n
    aside: Counter[int] = Counter()
    for part, reasons in place.of_aside(session.aside):
        file(parts[part]).quarantined[reasons] += 1
        aside[part] += 1
    for number, part in enumerate(parts):
        account = file(part)
        one = snapshot_state(universe.universe, session, number) if by_snapshot else state
        account.states.append((day.day, session.underlying, one))
        rest = account.of_day(day.day, QUOTE) - aside[number]
        if refused:
            account.left_out["of a payload refused as a whole"] += rest
        elif part.kind != QUOTES:
            account.left_out["joined to quotes"] += rest


def _account_prices(account: FileAccount, day: Day) -> None:
    """Once for each day that the file tells apart; a file that tells none is of prices as a whole."""
    key = "" if any(on == "" for on, _ in account.rows) else day.day.isoformat()
    if key not in account.priced:
        account.priced.add(key)
        account.left_out["prices of the underlying"] += account.of_day(day.day, QUOTE, PRICE)


def _account_off_calendar(universe: Ingested, record: HarvestRecord, file: FileOf) -> None:
    day = dt.date.fromisoformat(record.key)
    for part in record.parts:
        account = file(part)
        if record.key in account.days:
            continue
        account.days.add(record.key)
        account.left_out["off the calendar"] += account.of_day(day, QUOTE, PRICE)
        if part.kind == QUOTES:
            account.states += [
                (day, c.underlying, closed_state(universe.universe, c))
                for c in universe.closed
                if c.day == day
            ]


class _Place:
    """Which part a stored row came from, as a position in quotes + others."""

    def __init__(self, quotes: Sequence[StoredPart], others: Sequence[StoredPart], by_snapshot: bool) -> None:
        self.quotes = quotes
        self.parts = [*quotes, *others]
        self.by_snapshot = by_snapshot
        self.by_harvest = {p.slice_digest[:12]: i for i, p in enumerate(quotes)}
        self.by_ticker = {(_ticker(p.name), p.kind): i for i, p in enumerate(self.parts)}
        self.lean = any("option/usa" in p.name for p in self.parts)
        self.archives = any(".zip" in p.name for p in self.parts)

    def of_rows(self, table: pa.Table) -> Counter[int]:
        """Rows of ``validated_quotes`` by part."""
        if table.num_rows == 0:
            return Counter()
        if len(self.quotes) == 1:
            return Counter({0: table.num_rows})
        column = "snapshot_id" if self.by_snapshot else "root" if self.lean else "harvest_id"
        counts = table[column].combine_chunks().value_counts().to_pylist()
        return Counter({self._of(item["values"], QUOTES): item["counts"] for item in counts})

    def of_aside(self, table: pa.Table) -> Iterable[tuple[int, str]]:
        """Part and reasons of each row of ``quarantined_quotes``."""
        columns = ["root", "snapshot_id", "harvest_id", "reasons", "raw"]
        for root, snapshot, harvest, reasons, raw in zip(
            *(table[c].to_pylist() for c in columns), strict=True
        ):
            word = " + ".join(sorted({_short(reason) for reason in reasons}))
            if self.archives and raw is not None:
                ticker, kind = _member(raw)
                yield self.by_ticker[ticker, kind], word
            elif len(self.quotes) == 1:
                yield 0, word
            else:
                key = snapshot if self.by_snapshot else root if self.lean else harvest
                yield self._of(key, QUOTES), word

    def _of(self, key: object, kind: str) -> int:
        if self.by_snapshot:
            assert isinstance(key, int)
            return key
        return self.by_ticker[str(key).lower(), kind] if self.lean else self.by_harvest[str(key)]


_KINDS = {"quote": QUOTES, "trade": "trades", "openinterest": "open_interest"}


def _ticker(name: str) -> str:
    """Of ``option/usa/daily/aapl_2014_quote_american.zip`` or ``option/usa/universes/aapl/20140602.csv``."""
    path = Path(name)
    return path.parent.name if {"minute", "universes"} & set(path.parts) else path.name.split("_")[0]


def _member(raw: str) -> tuple[str, str]:
    """Ticker and kind out of the archive member that a rejected line names."""
    words = [w for w in raw.split(".csv")[0].split("_") if not w.isdigit() and w != "minute"]
    return words[0], _KINDS[words[1]]


def _short(reason: str) -> str:
    """Reasons that name their session are told as what they are."""
    return reason.split(": ")[0] if reason.startswith(("session ", "snapshot kept out")) else reason
