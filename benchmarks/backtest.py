"""The event loop's throughput, and the same iron condor in plain pandas on the same chains."""

import datetime as dt
import os
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import ingestion, pandas_condor
from benchmarks.measure import Figure, median_seconds, paired_seconds
from engine.backtest.result import BacktestResult
from engine.backtest.run import run_backtest
from engine.backtest.study import StudySpec
from engine.market.history import ChainHistory

ROOT_TRADED = "OPXW"
STUDY = StudySpec.model_validate(
    {
        "name": "benchmark_condor",
        "description": "Iron condors by the rules of benchmarks/pandas_condor.py.",
        "universe": ingestion.UNIVERSE,
        "underlying": "OPX",
        "period": {"start": dt.date(ingestion.YEAR, 1, 1), "end": dt.date(ingestion.YEAR, 12, 31)},
        "capital": {"amount": 1_000_000},
        "strategy": {
            "name": "iron_condor",
            "parameters": {
                "days_to_expiry": pandas_condor.DAYS,
                "exit_days_to_expiry": pandas_condor.EXIT_DAYS,
                "expiry_tolerance_days": pandas_condor.TOLERANCE_DAYS,
                "short_delta": pandas_condor.SHORT,
                "wing_delta": pandas_condor.WING,
                "delta_tolerance": pandas_condor.TOLERANCE,
                "profit_target": pandas_condor.PROFIT_TARGET,
                "roots": [ROOT_TRADED],
            },
        },
        "execution": {
            "slippage_fraction": pandas_condor.SLIPPAGE,
            "fill_grades": ["firm", "one_sided", "wide"],
        },
        "fees": {"per_contract": pandas_condor.FEE},
        "sizing": {"contracts": 1},
    }
)
_PEER_COLUMNS = (
    "ts_us",
    "trade_days",
    "expiry_days",
    "right",
    "strike",
    "contract_id",
    "bid",
    "ask",
    "delta",
    "grade",
)


def run(work: Path) -> list[Figure]:
    """Reads the lake that the ingestion benchmark left in ``work``, and makes it where it is not there."""
    home = work / "ingestion"
    if not (home / "lake").is_dir():
        ingestion.run(work)
    os.environ["OPTIX_HOME"] = str(home)
    from assets.chain_history import load_inputs
    from optix_pipeline.catalog import load_catalog
    from resources.lake.opening import open_lake

    universe = load_catalog().universe(ingestion.UNIVERSE)
    lake = open_lake(str(home / "lake"))
    inputs = load_inputs(STUDY, universe, lake)
    terms = universe.root_terms()
    reading = median_seconds(lambda: load_inputs(STUDY, universe, lake), 3)

    def ours() -> BacktestResult:
        return run_backtest(STUDY, inputs.chain, inputs.underlying, inputs.actions, terms)

    frame = peer_frame(inputs.chain)
    seconds, peer = paired_seconds(ours, lambda: pandas_condor.condors(frame), 3)
    trades = require_same_trades(ours(), pandas_condor.condors(frame))
    snapshots, rows = inputs.chain.snapshots, len(inputs.chain.columns["ts_us"])
    return [
        Figure(
            f"backtest of an iron condor, {snapshots} snapshots, {rows:,} quotes",
            f"{snapshots / seconds:,.0f} snapshots/s",
            "",
            f"{1000 * seconds:.0f} ms with records and books; reading the cached chains {1000 * reading:.0f} ms more",
        ),
        Figure(
            "  against pandas groupby, chains in memory",
            f"{peer / seconds:.1f} x as fast",
            "",
            f"pandas {1000 * peer:.0f} ms, without ledger or records; the same {trades} trades to the cent",
        ),
    ]


def peer_frame(chain: ChainHistory) -> pd.DataFrame:
    """The columns that the peer needs, of the root that it trades."""
    frame = pd.DataFrame({name: chain.columns[name] for name in _PEER_COLUMNS})
    return frame[chain.columns["root"] == chain.roots.index(ROOT_TRADED)].reset_index(drop=True)


def require_same_trades(result: BacktestResult, peer: pd.DataFrame) -> int:
    """How many trades both made.

    Raises
    ------
    RuntimeError
        If they differ: then the two did different work, and their times say nothing.
    """
    table = result.tables["trades"]
    # the peer has no rule for the end of the period
    ruled = table["exit_reason"] != "end_of_period"
    same = len(peer) == int(ruled.sum()) and len(peer) > 0
    for name in ("entry_us", "exit_us"):
        same = same and np.array_equal(table[name][ruled], peer[name].to_numpy())
    if not (same and np.allclose(table["pnl"][ruled], peer["pnl"].to_numpy(), rtol=0.0, atol=0.005)):
        ours = pd.DataFrame(
            {name: table[name][ruled] for name in ("entry_us", "exit_us", "pnl", "exit_reason")}
        )
        raise RuntimeError(f"engine and pandas made different trades:\n{ours}\n{peer}")
    return len(peer)
