"""Partitions: one daily and one monthly definition per universe, one monthly definition per walk-forward."""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import dagster as dg

from assets.chain_history import months_between
from assets.walk_forward_window import study_windows
from engine.backtest.study import StudySpec
from engine.calendars import TradingCalendar
from resources.harvest import current_session
from resources.universe import UniverseSpec

#: how far a live universe's calendar is known ahead
_HORIZON = dt.timedelta(days=366)


@dataclass(frozen=True)
class UniversePartitions:
    """The two partition definitions of one universe."""

    daily: dg.DailyPartitionsDefinition
    monthly: dg.MonthlyPartitionsDefinition


def _next_month(day: dt.date) -> dt.date:
    return (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1)


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day)


def universe_partitions(universe: UniverseSpec, today: dt.date | None = None) -> UniversePartitions:
    """Sessions of the universe's calendar from its start; months from its first one.

    A live universe's newest session exists once the exchange's day is over (``end_offset=0``); its current month
    exists from its first day, so that the nightly run can compact what is there. Of a live snapshot-only universe
    the running session exists too: its snapshots can be taken at no other time.
    """
    zone = ZoneInfo(universe.timezone)
    today = today or dt.datetime.now(zone).date()
    last = universe.end or today + _HORIZON
    calendar_ = TradingCalendar.for_code(universe.calendar, universe.start, last)
    exclusions = [_midnight(d) for d in calendar_.non_sessions()]
    daily = dg.DailyPartitionsDefinition(
        start_date=universe.start.isoformat(),
        end_date=(universe.end + dt.timedelta(days=1)).isoformat() if universe.end else None,
        timezone=universe.timezone,
        exclusions=exclusions or None,
        end_offset=1 if universe.provider.mode == "snapshot_only" and not universe.end else 0,
    )
    monthly = dg.MonthlyPartitionsDefinition(
        start_date=universe.start.replace(day=1).isoformat(),
        end_date=_next_month(universe.end).isoformat() if universe.end else None,
        timezone=universe.timezone,
        end_offset=0 if universe.end else 1,
    )
    return UniversePartitions(daily, monthly)


def closed_sessions(universe: UniverseSpec, today: dt.date | None = None) -> list[str]:
    """The daily partitions whose session is over."""
    today = today or dt.datetime.now(ZoneInfo(universe.timezone)).date()
    return [
        key for key in universe_partitions(universe).daily.get_partition_keys() if key < today.isoformat()
    ]


def snapshot_session(universe: UniverseSpec, now: dt.datetime | None = None) -> dt.date:
    """The session that a snapshot-only source shows now, the only one that it can still be asked for.

    Raises
    ------
    ValueError
        If the universe has not begun.
    """
    session = current_session(universe, now or dt.datetime.now(dt.UTC))
    if session < universe.start:
        raise ValueError(
            f"universe {universe.name} starts {universe.start}; its market shows session {session} now"
        )
    return session


def window_partitions(study: StudySpec, universe: UniverseSpec) -> dg.MonthlyPartitionsDefinition:
    """Months in which a test range ends, so that a window exists only once it is closed.

    Raises
    ------
    ValueError
        If the study has no walk-forward section, or a period too short for one window.
    """
    if study.walk_forward is None:
        raise ValueError(f"study {study.name} has no walk_forward section")
    windows = study_windows(study)
    ends = [dt.date.fromisoformat(f"{w.key}-01") for w in windows]
    between = [m for m in months_between(ends[0], ends[-1]) if m not in ends]
    return dg.MonthlyPartitionsDefinition(
        start_date=ends[0].isoformat(),
        end_date=_next_month(ends[-1]).isoformat(),
        timezone=universe.timezone,
        # windows move on by their test length; the months between end no test range
        exclusions=[_midnight(m) for m in between] or None,
    )
