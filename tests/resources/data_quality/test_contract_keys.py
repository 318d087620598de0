"""Contracts as numbers: packed or ranked they tell the same contracts apart, and nothing of the process shows."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from resources.data_quality import contract_keys
from resources.data_quality.columns import codes, floats
from resources.data_quality.contract_keys import among, contract_codes, shared_rows

NOON = dt.datetime(2026, 7, 22, 16, tzinfo=dt.UTC)


def table(
    rng: np.random.Generator, rows: int, strikes: list[float | None], ts: dt.datetime = NOON
) -> pa.Table:
    def pick(values: list) -> list:
        return [values[i] for i in rng.integers(0, len(values), rows)]

    return pa.table(
        {
            "root": pa.array(pick(["SPX", "SPXW", "", None])).dictionary_encode(),
            "right": pa.array(pick(["C", "P", "X", None])).dictionary_encode(),
            "expiry": pa.array(
                pick([dt.date(2026, 8, 21), dt.date(2026, 9, 18), dt.date(1999, 1, 1), None]), pa.date32()
            ),
            "strike": pa.array(pick(strikes), pa.float64()),
            "ts": pa.array([ts] * rows, pa.timestamp("us", tz="UTC")),
        }
    )


def alike(codes_of_tables) -> np.ndarray:
    code = np.concatenate(codes_of_tables)
    return np.where(code < 0, -1, np.unique(code, return_inverse=True)[1])


LISTED = [100.0, 102.5, 133.13, 0.125, 7_500_000.0, None, float("nan"), -0.0]
ODD = [*LISTED, 1.0 / 3.0, -5.0, float("inf"), 1e12]


@pytest.mark.parametrize(("strikes", "packs"), [(LISTED, True), (ODD, False)])
def test_packed_and_ranked_codes_tell_the_same_contracts_apart(strikes, packs) -> None:
    rng = np.random.default_rng(7)
    packed = 0
    for _ in range(60):
        tables = [table(rng, int(rng.integers(0, 40)), strikes) for _ in range(int(rng.integers(1, 4)))]
        found, ranked = contract_codes(tables), contract_keys._ranked(tables, with_ts=False)
        packed += all(contract_keys._packed(t) is not None for t in tables)
        first, second = alike(found), alike(ranked)
        assert np.array_equal(first == -1, second == -1)
        assert np.array_equal(first[:, None] == first, second[:, None] == second)
    assert (packed == 60) if packs else (packed < 30)


def test_rows_shared_by_two_tables_do_not_depend_on_which_root_was_met_first(monkeypatch) -> None:
    rng = np.random.default_rng(3)
    here, there = (table(rng, 600, LISTED) for _ in range(2))
    answers = []
    for order in (["SPX", "SPXW"], ["SPXW", "SPX"]):
        monkeypatch.setattr(contract_keys, "_roots", {root: n for n, root in enumerate(order)})
        # new objects, of which nothing is remembered
        codes_here, codes_there = contract_codes([here.slice(0), there.slice(0)])
        mine, theirs = shared_rows(codes_here, codes_there)
        answers.append((mine.tolist(), theirs.tolist()))
        assert np.array_equal(codes_here[mine], codes_there[theirs])
        assert np.array_equal(among(codes_here, codes_there), np.isin(codes_here, codes_there))
    assert answers[0] == answers[1] and len(answers[0][0]) > 5
    assert answers[0][0] == sorted(answers[0][0])


def test_with_their_instants_tables_of_two_moments_share_nothing() -> None:
    rng = np.random.default_rng(5)
    now = table(rng, 30, [100.0])
    later = now.set_column(
        4, "ts", pa.array([NOON + dt.timedelta(minutes=1)] * 30, now.schema.field("ts").type)
    )
    first, second = contract_codes([now, later], with_ts=True)
    assert not set(first[first >= 0]) & set(second[second >= 0])
    first, second = contract_codes([now, later])
    assert np.array_equal(first, second)


def test_what_is_remembered_of_a_table_cannot_be_changed() -> None:
    quotes = table(np.random.default_rng(1), 10, [100.0])
    for shared in (floats(quotes, "strike"), codes(quotes, "root")[0], contract_codes([quotes])[0]):
        with pytest.raises(ValueError, match="read-only"):
            shared[0] = 1
    assert floats(quotes, "strike") is floats(quotes, "strike")
