"""Eight quality checks over 9.2 million quotes: the suite's fast path against plain Great Expectations on pandas.

Runs in a process of its own (``python -m benchmarks.quality``) and prints JSON. Both sides judge the same rows and
must find the same planted defects before a time counts. Ours counts per session and lets Great Expectations judge
the 2,520 profile rows; the peer lets it judge every quote.
"""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import Figure, answer, child_environment, started

SESSIONS, EXPIRIES, STRIKES = 2_520, 25, 73
ROWS = SESSIONS * EXPIRIES * STRIKES * 2
#: planted quotes of each defect
DEFECTS = 500


def run(work: Path) -> list[Figure]:
    """Both sides in one child process."""
    found = answer(started("quality", [], child_environment(work / "quality")))
    ours, peer = found["ours"], found["peer"]
    return [
        Figure(
            f"8 quality checks of {found['rows']:,} quotes",
            f"{1000 * ours['seconds']:.0f} ms",
            "",
            f"median of {found['repeats']}; counting {1000 * ours['counting']:.0f} ms, Great Expectations on "
            f"{found['sessions']:,} profile rows the rest; {ours['megabytes']:.0f} MB extra (goal: at most 200)",
        ),
        Figure(
            "  against Great Expectations on pandas",
            f"{peer['seconds'] / ours['seconds']:.0f} x as fast",
            ">= 100 x",
            f"peer {peer['seconds']:.1f} s, {peer['megabytes']:.0f} MB extra, all rows; by processor time "
            f"{peer['processor'] / ours['processor']:.0f} x; both find the same {found['defects']:,} planted defects",
        ),
    ]


def make_quotes() -> Any:
    """A decade of daily chains in the lake's order, as an Arrow table, with ``DEFECTS`` of each kind."""
    import pyarrow as pa

    rng = np.random.default_rng(20)
    per_day = EXPIRIES * STRIKES * 2
    day = 14_610 + np.arange(SESSIONS, dtype=np.int32)
    spot_of = 100.0 * np.exp(np.cumsum(rng.normal(0, 0.01, SESSIONS)))
    weeks = 7 * np.arange(EXPIRIES, dtype=np.int32)
    ladder = np.linspace(0.6, 1.4, STRIKES)
    columns: dict[str, np.ndarray] = {
        "trade_date": np.repeat(day, per_day),
        "expiry": np.repeat(day, per_day) + np.tile(np.repeat(weeks, STRIKES * 2), SESSIONS),
        "strike": np.tile(np.round(100 * ladder, 2), SESSIONS * EXPIRIES * 2),
        "spot": np.repeat(np.round(spot_of, 2), per_day),
    }
    right = np.tile(np.repeat(np.array([0, 1], dtype=np.int32), STRIKES), SESSIONS * EXPIRIES)
    intrinsic = np.maximum(np.where(right == 0, 1, -1) * (columns["spot"] - columns["strike"]), 0.0)
    bid = np.round(0.98 * intrinsic + rng.gamma(2.0, 0.2, ROWS) * (intrinsic < 10), 2)
    bid = np.minimum(bid, np.where(right == 0, columns["spot"], columns["strike"]) * 0.99)
    missing = bid < 0.05
    ask = np.where(missing, 0.05, bid + 0.05)
    # each in an expiry and right of its own, so that no defect makes another
    ladders = rng.permutation(SESSIONS * EXPIRIES * 2)[: 7 * DEFECTS]
    picked = (ladders * STRIKES + rng.integers(1, STRIKES, ladders.size)).reshape(7, DEFECTS)
    missing[picked] = False
    bid[picked], ask[picked] = 1.0, 1.05
    bid[picked[0]] = 2.0
    bid[picked[1]] = -1.0
    bid[picked[2]] = 0.0
    columns["strike"][picked[3]] = 0.0
    columns["spot"][picked[4]] = 0.0
    columns["expiry"][picked[5]] -= 10_000
    columns["strike"][picked[6]] = columns["strike"][picked[6] - 1]
    arrays = {
        name: pa.array(c, pa.date32() if name in ("trade_date", "expiry") else None)
        for name, c in columns.items()
    }
    arrays["last_trade_date"] = arrays["expiry"]
    arrays["bid"], arrays["ask"] = pa.array(bid, mask=missing), pa.array(ask)
    arrays["vendor_forward"] = pa.nulls(ROWS, pa.float64())
    arrays["right"] = pa.DictionaryArray.from_arrays(pa.array(right), pa.array(["C", "P"]))
    for name, value in {"root": "SPX", "quote_currency": "USD", "settlement_time": "PM"}.items():
        arrays[name] = pa.DictionaryArray.from_arrays(pa.array(np.zeros(ROWS, np.int32)), pa.array([value]))
    arrays["ts"] = pa.array(columns["trade_date"].astype("datetime64[D]").astype("datetime64[us]"))
    return pa.table(arrays)


def ours(quotes: Any) -> tuple[dict[str, int], float]:
    """Rows that fail each check, and the seconds that counting took."""
    from resources.data_quality.checks import Check
    from resources.data_quality.gx_run import failed_rows, profile_frame
    from resources.data_quality.quote_counts import count_quotes
    from resources.universe import QualitySpec

    start = time.perf_counter()
    starts = np.arange(SESSIONS, dtype=np.int64) * (ROWS // SESSIONS)
    days = np.arange(SESSIONS, dtype=np.int64) + 14_610
    counts = count_quotes(quotes, days, QualitySpec(), bounds=(starts, starts + ROWS // SESSIONS))
    counting = time.perf_counter() - start
    profiles = [
        {
            "trade_date": np.datetime64(int(d), "D").item(),
            "part": "whole",
            **dict(zip(OURS, row, strict=True)),
        }
        for d, row in zip(days, np.stack([counts.of(c) for c in OURS], axis=1).tolist(), strict=True)
    ]
    suite = tuple(Check(c, "warning", "at_most", _taken(c), str, limit=0) for c in OURS)
    failed = failed_rows(profile_frame(profiles, suite), suite)
    return {c: sum(profiles[i][c] for i in failed[c]) for c in OURS}, counting


#: what each side calls its eight checks
OURS = (
    "no_bid",
    "crossed",
    "negative_quote",
    "zero_quote",
    "zero_strike",
    "bad_spot",
    "expired",
    "duplicates",
)


def _taken(name: str) -> Callable[[Any], Any]:
    return lambda profile: profile[name]


def plain(frame: Any) -> dict[str, int]:
    """Great Expectations on every row."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    batch = (
        context.data_sources.add_pandas("quotes")
        .add_dataframe_asset("decade")
        .add_batch_definition_whole_dataframe("all")
        .get_batch({"dataframe": frame})
    )
    either, key = "either_value_is_missing", ["trade_date", "root", "expiry", "right", "strike"]
    greater = gxe.ExpectColumnPairValuesAToBeGreaterThanB
    expectations = [
        gxe.ExpectColumnValuesToNotBeNull(column="bid"),
        greater(column_A="ask", column_B="bid", or_equal=True, ignore_row_if=either),
        gxe.ExpectColumnValuesToBeBetween(column="bid", min_value=0),
        gxe.ExpectColumnValuesToNotBeInSet(column="bid", value_set=[0.0]),
        gxe.ExpectColumnValuesToBeBetween(column="strike", min_value=0, strict_min=True),
        gxe.ExpectColumnValuesToBeBetween(column="spot", min_value=0, strict_min=True),
        greater(column_A="expiry", column_B="trade_date", or_equal=True),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=key),
    ]
    for name, expectation in zip(OURS, expectations, strict=True):
        expectation.meta = {"check": name}
    found = batch.validate(
        gx.ExpectationSuite("quotes", expectations=expectations), result_format={"result_format": "BASIC"}
    )
    counts = {r.expectation_config.meta["check"]: r.result["unexpected_count"] for r in found.results}
    # of two rows with one key it counts both
    return {name: counts[name] // (2 if name == "duplicates" else 1) for name in OURS}


class _Memory(threading.Thread):
    """The largest resident size over that at the start, in megabytes, looked at every few milliseconds."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.base = self.most = _resident()
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.01):
            self.most = max(self.most, _resident())

    def __enter__(self) -> "_Memory":
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.most = max(self.most, _resident())
        self.over.set()
        self.join()

    @property
    def megabytes(self) -> float:
        return (self.most - self.base) / 1e6


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def measure(repeats: int = 5) -> dict[str, Any]:
    """Times and memory of both, after a comparison of what they found."""
    quotes = make_quotes()
    frame = quotes.select(
        ["trade_date", "root", "expiry", "right", "strike", "spot", "bid", "ask"]
    ).to_pandas()
    first, _ = ours(quotes)  # imports and compiles, not counted
    mine = [_timed(lambda: ours(quotes)) for _ in range(repeats)]
    with _Memory() as memory:
        ours(quotes)  # looked at while it is not timed
    with _Memory() as peers:
        seconds, processor, theirs = _timed(lambda: plain(frame))
    if first != theirs:
        raise RuntimeError(f"the two sides disagree, so no time counts: ours {first}, plain {theirs}")
    order = sorted(mine, key=lambda m: m[0])[repeats // 2]
    return {
        "rows": ROWS,
        "sessions": SESSIONS,
        "repeats": repeats,
        "defects": sum(n for name, n in first.items() if name != "no_bid"),
        "ours": {
            "seconds": order[0],
            "processor": sorted(m[1] for m in mine)[repeats // 2],
            "counting": order[2][1],
            "megabytes": memory.megabytes,
        },
        "peer": {"seconds": seconds, "processor": processor, "megabytes": peers.megabytes},
    }


def _timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Wall and processor seconds, and what came of it."""
    start, processor = time.perf_counter(), time.process_time()
    found = work()
    return time.perf_counter() - start, time.process_time() - processor, found


if __name__ == "__main__":
    print(json.dumps(measure()))
