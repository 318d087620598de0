"""The same inputs give the same digest: twice, in threads, from a slice, from another process."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from engine.backtest.result import RESULT_TABLES
from engine.backtest.run import run_backtest
from engine.market.history import NAMES_BY_CODE

SOURCE = Path(__file__).with_name("market_factory.py")
PROGRAM = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("factory", sys.argv[1])
factory = importlib.util.module_from_spec(spec)
spec.loader.exec_module(factory)
from engine.backtest.run import run_backtest
m = factory.black_scholes_market(40)
study = factory.study(strategy={"name": "short_strangle"}, execution={"lag_snapshots": 1})
print(run_backtest(study, m.chain, m.underlying, [], m.terms).digest())
"""


def setting(factory):
    market = factory.black_scholes_market(40)
    study = factory.study(strategy={"name": "short_strangle"}, execution={"lag_snapshots": 1})
    return lambda **kw: run_backtest(study, market.chain, market.underlying, [], market.terms, **kw), market


def test_the_digest_is_the_same_twice_and_in_threads(factory) -> None:
    run, _ = setting(factory)
    digest = run().digest()
    with ThreadPoolExecutor(4) as pool:
        assert {f.result().digest() for f in [pool.submit(run) for _ in range(8)]} == {digest}


def test_the_digest_is_the_same_in_another_process_with_another_hash_seed(factory) -> None:
    run, _ = setting(factory)
    root = Path(__file__).parents[3]
    out = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(SOURCE)],
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
        env={"PYTHONHASHSEED": "4711", "PYTHONPATH": str(root)},
    )
    assert out.stdout.strip() == run().digest()


def test_a_parameter_changes_the_digest_and_stands_in_the_result(factory) -> None:
    run, _ = setting(factory)
    other = run(parameters={"short_delta": 0.30})
    assert other.digest() != run().digest()
    assert other.parameters["short_delta"] == 0.30
    assert other.parameters["days_to_expiry"] == 45  # defaults are written out


def test_every_table_has_every_column_in_its_type(factory) -> None:
    run, _ = setting(factory)
    result = run()
    kinds = {"i8": np.int64, "f8": np.float64, "bool": np.bool_, "str": np.object_}
    for table, spec in RESULT_TABLES.items():
        assert {n: c.dtype.type for n, c in result.tables[table].items()} == {
            n: kinds[k] for n, k in spec.items()
        }, table


def test_a_range_of_the_history_runs_like_a_history_of_that_range(factory) -> None:
    run, market = setting(factory)
    first, last = int(market.chain.snapshot_days[5]), int(market.chain.snapshot_days[20])
    columns = market.chain.to_columns()
    inside = (columns["trade_days"] >= first) & (columns["trade_days"] <= last)
    cut = type(market.chain).from_columns(
        {n: v if n in NAMES_BY_CODE else v[inside] for n, v in columns.items()}
    )
    study = factory.study(strategy={"name": "short_strangle"}, execution={"lag_snapshots": 1})
    a = run(start=factory.EPOCH + _days(first), end=factory.EPOCH + _days(last))
    b = run_backtest(study, cut, market.underlying, [], market.terms)
    assert a.digest() == b.digest()


def _days(n: int):
    import datetime as dt

    return dt.timedelta(days=n)
