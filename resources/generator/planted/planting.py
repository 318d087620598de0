"""Where defects go: whole sessions first, single quotes on the sessions between, nothing beside a spoiled session."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from engine.calendars import TradingCalendar
from resources.generator.planted.day_defects import DAY_DEFECTS
from resources.generator.planted.day_sheet import DaySheet
from resources.generator.planted.defect_catalogue import (
    DEFAULT_DAYS,
    DEFAULT_ROWS,
    KINDS,
    checked_kind,
    kinds_of,
)
from resources.generator.planted.row_defects import ROW_DEFECTS
from resources.generator.planted.session_file import SessionFile, Window
from resources.generator.specs import MarketSpec, VendorLayout

_STREAM = 31
#: of a session's quotes at most this share is spoiled, so that the session itself stays usable
SPOILED_SHARE = 0.04


@dataclass(frozen=True)
class Planted:
    """One defect on record; empty texts where it concerns no snapshot, or no contract.

    ``line`` is the row as it is printed.
    """

    session: dt.date
    underlying: str
    snapshot: str
    contract: str
    kind: str
    done: str
    line: str = ""


@dataclass
class Plan:
    """Which session gets what.

    Attributes
    ----------
    day_kind
        Kind and size of the defect of a whole session.
    row_kinds
        Kinds and sizes of the defects of single quotes, by session.
    """

    day_kind: dict[dt.date, tuple[str, float]] = field(default_factory=dict)
    row_kinds: dict[dt.date, list[tuple[str, float]]] = field(default_factory=dict)


def wanted_counts(layout: VendorLayout, snapshots: int, defects: str | Mapping[str, int]) -> dict[str, int]:
    """How many of each kind: ``all`` (the default number of each), ``none``, or counts by kind.

    Raises
    ------
    ValueError
        If a kind cannot be planted in files of the layout.
    """
    if defects == "none":
        return {}
    if defects == "all":
        return {
            k.name: DEFAULT_DAYS if k.level == "day" else DEFAULT_ROWS for k in kinds_of(layout, snapshots)
        }
    if isinstance(defects, str):
        raise ValueError(f"defects are all, none, or kind=count,...; got {defects!r}")
    return {checked_kind(name, layout, snapshots).name: count for name, count in defects.items() if count}


def plan_defects(
    spec: MarketSpec,
    sessions: list[dt.date],
    calendar: TradingCalendar,
    counts: Mapping[str, int],
    rows: float,
) -> Plan:
    """Spread the defects over the sessions of a set.

    Parameters
    ----------
    sessions
        The set's.
    rows
        Quotes that a session has at least.

    Raises
    ------
    ValueError
        If the set has too few sessions for them.
    """
    rng = np.random.default_rng([spec.seed, _STREAM])
    plan = Plan()
    kept_free = _kept_free(spec, sessions, calendar)
    usable = [i for i in range(2, len(sessions) - 2) if sessions[i] not in kept_free]
    wanted = [(k, n) for k in counts if KINDS[k].level == "day" for n in range(counts[k])]
    order = [wanted[i] for i in rng.permutation(len(wanted))]
    before_closed = [i for i in usable if (sessions[i + 1] - sessions[i]).days > 1]
    closed = _apart(before_closed, counts.get("closed_day", 0), rng)
    others = _apart([i for i in usable if not {i - 1, i, i + 1} & set(closed)], len(order) - len(closed), rng)
    if len(closed) + len(others) < len(order):
        raise ValueError(_too_short(spec, sessions, f"{len(order)} of whole sessions"))
    for kind, n in order:
        at = closed.pop() if kind == "closed_day" else others.pop()
        sizes = DAY_DEFECTS[kind].sizes
        # the smallest first: it is the one that a check can miss
        plan.day_kind[sessions[at]] = kind, sizes[-1 - n % len(sizes)]
    _plan_rows(plan, spec, sessions, usable, counts, rows, rng)
    return plan


def _plan_rows(
    plan: Plan,
    spec: MarketSpec,
    sessions: list[dt.date],
    usable: list[int],
    counts: Mapping[str, int],
    rows: float,
    rng: np.random.Generator,
) -> None:
    wanted = [(k, n) for k in counts if KINDS[k].level == "row" for n in range(counts[k])]
    if not wanted:
        return
    spoiled = {i for i, day in enumerate(sessions) if day in plan.day_kind}
    free = [i for i in usable if not spoiled & {i - 1, i, i + 1}]
    room = max(int(SPOILED_SHARE * rows), 1)
    if len(free) * room < len(wanted):
        raise ValueError(
            _too_short(
                spec, sessions, f"{len(free)} sessions hold {len(free) * room} of {len(wanted)} quotes"
            )
        )
    # in turn over shuffled sessions, so that no session gets many
    turns = rng.permutation(free)
    for position, at in enumerate(rng.permutation(len(wanted))):
        kind, n = wanted[at]
        sizes = ROW_DEFECTS[kind].sizes
        day = sessions[int(turns[position % len(turns)])]
        plan.row_kinds.setdefault(day, []).append((kind, sizes[n % len(sizes)]))


def _too_short(spec: MarketSpec, sessions: list[dt.date], why: str) -> str:
    return (
        f"{spec.name}: {len(sessions)} sessions are too few for so many defects ({why}); take a longer range, or "
        "fewer defects: --defects KIND=COUNT,..., in a market's file defects: {KIND: COUNT}"
    )


def _kept_free(spec: MarketSpec, sessions: list[dt.date], calendar: TradingCalendar) -> set[dt.date]:
    """Sessions that look odd and are right: they are decoys, and stay as they are."""
    odd = {day for day, _size in spec.jumps}
    if spec.split is not None:
        odd.add(spec.split.effective_date)
    if spec.layout is VendorLayout.CBOE:
        odd |= set(half_days(sessions, calendar))
    around = {d for i, d in enumerate(sessions) if {*sessions[max(i - 1, 0) : i + 2]} & odd}
    return odd | around


def half_days(sessions: list[dt.date], calendar: TradingCalendar) -> list[dt.date]:
    """Sessions that close more than an hour early."""
    length = {d: calendar.close_us(d) - calendar.open_us(d) for d in sessions}
    longest = max(length.values())
    return [d for d, us in length.items() if us < longest - 3_600_000_000]


def _apart(usable: list[int], count: int, rng: np.random.Generator) -> list[int]:
    """``count`` of the positions, no two of them neighbours, in random order; as many as there are, if fewer."""
    room: list[int] = []
    for i in usable:
        if not room or i - room[-1] >= 2:
            room.append(i)
    if len(room) < count:
        return [int(i) for i in rng.permutation(room)]
    # evenly over the range, so that long sets are not spoiled at one end
    picked = [room[int(k * len(room) / count)] for k in range(count)] if count else []
    return [int(i) for i in rng.permutation(picked)]


def plant(
    file: SessionFile, window: Window, plan: Plan, held: set[int], symbol: str, rng: np.random.Generator
) -> list[Planted]:
    """Spoil a session's file as the plan says.

    Parameters
    ----------
    held
        Contracts (twice the row, plus one for a put) that a strategy of known profit holds: they stay right.
    """
    day = file.dated
    if day in plan.day_kind:
        kind, size = plan.day_kind[day]
        done = DAY_DEFECTS[kind].spoil(file, window, size, rng)
        return [Planted(day, symbol, "", "", kind, done)]
    planted: list[Planted] = []
    taken: set[int] = set(held)
    for kind, size in plan.row_kinds.get(day, []):
        number = int(rng.integers(len(file.sheets)))
        sheet = file.sheets[number]
        row = _choose(sheet, kind, taken, rng)
        if row is None:
            raise ValueError(
                f"{symbol} {day}: no quote is left to plant {kind} in; take more contracts or fewer defects"
            )
        contract = sheet.contract(row)
        done, at = ROW_DEFECTS[kind].spoil(sheet, row, size)
        # a symbol that is itself spoiled is on record as it is printed
        shown = sheet.contract(at) if sheet.layout is VendorLayout.CBOE else _shown(sheet, at, contract)
        snapshot = str(number) if len(file.sheets) > 1 else ""
        planted.append(Planted(day, symbol, snapshot, shown, kind, done, sheet.line(at)))
    return planted


def _shown(sheet: DaySheet, row: int, contract: str) -> str:
    """A coin contract by the columns as printed; as it was where they name none."""
    try:
        expiry = dt.date.fromisoformat(str(sheet.columns["expiry"][row].as_py()))
        strike = float(sheet.columns["strike"][row].as_py())
    except ValueError:
        return contract
    root, _stamp, _strike, right = contract.rsplit("-", 3)
    return f"{root}-{expiry.day}{expiry:%b}{expiry:%y}-{strike:.0f}-{right}".upper()


def _choose(sheet: DaySheet, kind: str, taken: set[int], rng: np.random.Generator) -> int | None:
    key = 2 * sheet.chain.row + sheet.chain.is_put
    open_to = np.flatnonzero(ROW_DEFECTS[kind].candidates(sheet))
    for row in rng.permutation(open_to).tolist():
        if int(key[row]) not in taken:
            taken.add(int(key[row]))
            return int(row)
    return None
