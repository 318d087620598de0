"""The freshness board in Postgres: one row a universe, the newest look at it."""

import datetime as dt

import psycopg
import pytest

from resources.database.errors import DatabaseBehindError
from resources.database.resource import DatabaseResource

NOON = dt.datetime(2025, 12, 10, 12, tzinfo=dt.UTC)


def row(universe="spx", *, present=dt.date(2025, 12, 8), minutes=0, **other):
    return {
        "universe": universe,
        "status": "late",
        "expected": dt.date(2025, 12, 9),
        "due_at": dt.datetime(2025, 12, 10, 5, 30, tzinfo=dt.UTC),
        "present": present,
        "usable": present,
        "behind": 1,
        "late": 1,
        "checked_at": NOON + dt.timedelta(minutes=minutes),
        **other,
    }


def test_a_later_look_replaces_the_row_of_its_universe_and_no_other(database):
    database.write_freshness([row(), row("btc", present=None)])
    newer = row(
        present=dt.date(2025, 12, 9),
        minutes=5,
        usable=dt.date(2025, 12, 8),
        status="unusable",
        behind=0,
        late=0,
    )
    assert database.write_freshness([newer]) == 1
    assert database.freshness() == [row("btc", present=None), newer]


def test_an_older_look_that_is_written_later_changes_nothing(database):
    database.write_freshness([row(minutes=5)])
    database.write_freshness([row(minutes=4, status="current")])
    assert database.freshness() == [row(minutes=5)]


def test_a_universe_without_a_session_has_a_row(database):
    waiting = row(status="waiting", expected=None, due_at=None, present=None, behind=0, late=0)
    database.write_freshness([waiting])
    assert database.freshness() == [waiting]


def test_a_status_that_nobody_knows_is_refused(database):
    with pytest.raises(psycopg.errors.CheckViolation):
        database.write_freshness([row(status="fresh")])
    assert database.freshness() == []


def test_a_database_that_is_behind_is_not_written(empty_database):
    with pytest.raises(DatabaseBehindError, match="run: optix db upgrade"):
        empty_database.write_freshness([row()])


def test_a_disabled_resource_writes_nowhere(database, database_url):
    DatabaseResource(url=database_url, enabled=False).write_freshness([row()])
    assert database.freshness() == []
    resource = DatabaseResource(url=database_url)
    resource.write_freshness([row()])
    resource.open().close()
    assert database.freshness() == [row()]
