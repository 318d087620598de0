"""``optix freshness``: the board of every universe, its exit code, and the table in Postgres."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml

SHIPPED = ("demo_coin", "demo_index", "demo_stock")


@pytest.fixture
def board(optix, home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """``board(start)``: an open universe that starts on a day, beside those of the package that have ended; a home
    whose database ends with the test."""
    from resources.database.embedded.client import release_embedded_server

    def make(**changes: Any) -> None:
        import optix_pipeline

        shipped = Path(optix_pipeline.__file__).parent / "universes" / "demo_coin.yaml"
        spec = yaml.safe_load(shipped.read_text())
        del spec["end"]
        folder = tmp_path / "universes"
        folder.mkdir(exist_ok=True)
        spec |= {"name": "open_coin", **changes}
        (folder / "open_coin.yaml").write_text(yaml.safe_dump(spec))
        monkeypatch.setenv("OPTIX_UNIVERSES", str(folder))

    yield make
    release_embedded_server(home)


def test_an_open_universe_that_is_late_ends_it_with_1_and_is_named_with_the_way_out(board, optix) -> None:
    board(start=dt.date(2026, 1, 1))
    answer = optix("freshness")
    assert answer.code == 1
    assert "open_coin is late; run: optix backfill open_coin --from 2026-01-01" in answer.out
    assert answer.out.count("closed") == len(SHIPPED)


def test_ended_universes_and_those_that_wait_are_no_alarm_and_all_stand_in_postgres(board, optix) -> None:
    board(start=dt.date(2099, 1, 1))
    answer = optix("freshness", "--json")
    assert answer.code == 0
    statuses = {row["universe"]: row["status"] for row in answer.document}
    assert statuses == {**dict.fromkeys(SHIPPED, "closed"), "open_coin": "waiting"}
    from optix_pipeline.session import open_tables

    database = open_tables()
    kept = {row["universe"]: row for row in database.freshness()}
    database.close()
    assert {name: row["status"] for name, row in kept.items()} == statuses
    assert kept["demo_stock"]["expected"] == dt.date(2025, 12, 31)
    assert kept["demo_stock"]["behind"] == 128
    assert len({row["checked_at"] for row in kept.values()}) == 1


def test_the_board_is_shown_though_the_database_does_not_answer(board, optix, monkeypatch) -> None:
    board(start=dt.date(2099, 1, 1))
    monkeypatch.setenv("OPTIX_DATABASE_URL", "postgresql://me:sesame@127.0.0.1:1/optix")
    answer = optix("freshness")
    assert answer.code == 1
    assert "open_coin" in answer.out
    assert "127.0.0.1:1" in answer.err and "sesame" not in answer.err and len(answer.err.splitlines()) == 1
