"""What all pricing kernels share: arguments of any kind, machine code, threads, a cache that knows its sources."""

import inspect
import logging
import os
import re
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from engine.pricing import compiled
from engine.pricing.black import black_derivatives, black_price, derivative_loop, price_loop
from engine.pricing.digital import asset_or_nothing, cash_or_nothing
from engine.pricing.greeks import greek_loop, higher_greeks, spot_greeks
from engine.pricing.heston.model import HestonParameters
from engine.pricing.heston.price import heston_price
from engine.pricing.implied_volatility import IvStatus, implied_volatility, solve
from engine.pricing.inverse import inverse_greeks
from tests.engine.pricing.machine_code import packed_instructions, vectorized_loops

GOOD = {"forward": 100.0, "strike": 105.0, "year_fraction": 0.5, "sigma": 0.2}
SPOT = {"spot": 99.0, "forward": 100.0, "discount": 0.98, "strike": 105.0, "year_fraction": 0.5, "sigma": 0.2}
FUNCTIONS = {
    "black_price": (black_price, GOOD),
    "black_derivatives": (black_derivatives, GOOD),
    "cash_or_nothing": (cash_or_nothing, GOOD),
    "asset_or_nothing": (asset_or_nothing, GOOD),
    "heston_price": (
        partial(heston_price, model=HestonParameters(0.04, 2.0, 0.05, 0.6, -0.6)),
        {"forward": 100.0, "strike": 105.0, "year_fraction": 0.5},
    ),
    "inverse_greeks": (inverse_greeks, GOOD),
    "spot_greeks": (spot_greeks, SPOT),
    "higher_greeks": (higher_greeks, SPOT),
    "implied_volatility": (
        implied_volatility,
        {"forward": 100.0, "strike": 105.0, "year_fraction": 0.5, "undiscounted_price": 3.6},
    ),
}


#: do not depend on it
WITHOUT_SPOT = {"price", "vega_per_vol_point", "rho_per_pct", "volga_per_vol_point"}


def every_value(result) -> dict[str, np.ndarray]:
    if isinstance(result, np.ndarray):
        return {"": result}
    return {name: getattr(result, name) for name in result.__slots__ if name != "status"}


def main_value(result) -> np.ndarray:
    for name in ("theta_per_day", "price", "sigma", "price_coin", "charm_per_day"):
        if hasattr(result, name):
            return np.asarray(getattr(result, name))
    return np.asarray(result)


@pytest.fixture(params=FUNCTIONS, ids=str)
def function(request):
    return FUNCTIONS[request.param]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, -1.0, 0.0])
def test_an_argument_outside_its_domain_gives_no_number(function, bad):
    call, good = function
    for name in good:
        if bad == 0.0 and name in ("year_fraction", "sigma"):
            continue  # without time or volatility there is intrinsic value
        for column, value in every_value(call(0, **{**good, name: bad})).items():
            if name != "spot" or column not in WITHOUT_SPOT:
                assert np.isnan(value).all(), (name, column, value)


def test_a_quote_without_a_volatility_has_a_status_for_every_bad_argument():
    _, good = FUNCTIONS["implied_volatility"]
    for name in good:
        for bad in (np.nan, np.inf, -np.inf, -1.0, 0.0):
            assert implied_volatility(0, **{**good, name: bad}).status != IvStatus.OK, (name, bad)


def test_objects_and_text_are_refused_by_name(function):
    call, good = function
    for name in good:
        for bad in (np.array([100.0], dtype=object), ["a"], np.array([1j])):
            with pytest.raises(ValueError, match=rf"{name} has dtype .* numbers are needed"):
                call(0, **{**good, name: bad})


@pytest.mark.parametrize(
    ("right", "message"),
    [
        (2, "right has the value 2"),
        (np.nan, "value nan"),
        ("c", "right has dtype <U1, .* give 0 for calls"),
    ],
)
def test_a_right_that_is_none_is_refused(function, right, message):
    call, good = function
    with pytest.raises(ValueError, match=message):
        call(right, **good)


def test_shapes_that_do_not_go_together_are_refused_by_name(function):
    call, good = function
    with pytest.raises(ValueError, match=r"strike has shape \(3,\), which does not fit forward \(2,\)"):
        call(0, **{**good, "forward": np.full(2, 100.0), "strike": np.full(3, 105.0)})


def test_layouts_and_widths_of_arrays_do_not_change_a_bit(function):
    call, good = function
    strikes = np.array([90.0, 95.0, 100.0, 105.0, 110.0, 115.0])
    expected = main_value(call(0, **{**good, "strike": strikes}))
    spread = np.zeros(12)
    spread[::2] = strikes
    read_only = strikes.copy()
    read_only.flags.writeable = False
    for same in (
        spread[::2],
        read_only,
        strikes.astype(np.float32),
        strikes.astype(int),
        strikes[::-1].copy()[::-1],
    ):
        np.testing.assert_array_equal(main_value(call(0, **{**good, "strike": same})), expected)
    table = main_value(call(0, **{**good, "strike": strikes.reshape(2, 3)}))
    np.testing.assert_array_equal(table, expected.reshape(2, 3))
    assert main_value(call(0, **{**good, "strike": strikes[:0]})).shape == (0,)
    assert main_value(call(0, **good)).shape == ()


@pytest.mark.parametrize(
    ("kernel", "least"), [(price_loop, 60), (solve, 100), (derivative_loop, 100), (greek_loop, 100)]
)
def test_the_loops_are_vectorized(kernel, least):
    assert packed_instructions(kernel) > least
    # each of them, but for those that sort out statuses
    written = re.findall(r"for i in range\((?:n|price\.size)\):", inspect.getsource(kernel.python))
    assert vectorized_loops(kernel) >= len(written) > 0


def test_what_a_quote_is_solved_to_does_not_depend_on_its_neighbours():
    rng = np.random.default_rng(3)
    n = 1_000
    strike = rng.uniform(60, 140, n)
    price = black_price(0, 100.0, strike, 0.3, 0.25)
    together = implied_volatility(0, 100.0, strike, 0.3, price).sigma
    alone = [float(implied_volatility(0, 100.0, k, 0.3, p).sigma) for k, p in zip(strike, price, strict=True)]
    np.testing.assert_array_equal(together, alone)


def test_threads_that_share_a_chain_give_the_same_bits():
    n = 40_000
    right = np.zeros(n, dtype=np.int8)
    columns = [np.full(n, 100.0), np.linspace(50, 150, n), np.full(n, 0.3), np.full(n, 0.25)]
    whole, parts = np.empty(n), np.empty(n)
    price_loop(right, *columns, whole)
    halves = [slice(0, n // 2), slice(n // 2, n)]
    threads = [
        threading.Thread(target=price_loop, args=(right[h], *(c[h] for c in columns), parts[h]))
        for h in halves
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(parts, whole)


PRICE_ONE = (
    "from engine.pricing.black import black_price; print(float(black_price(0, 100.0, 105.0, 0.5, 0.2)))"
)


def run_python(code: str, **settings: str) -> subprocess.CompletedProcess:
    placed = ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "HOME")
    environment = {k: v for k, v in os.environ.items() if k not in placed}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(compiled.__file__).parents[2],
        env={**environment, **settings},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_second_process_takes_its_code_from_the_cache(tmp_path):
    first = run_python(PRICE_ONE, NUMBA_CACHE_DIR=str(tmp_path))
    assert first.returncode == 0, first.stderr
    kept = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*.nb*")}
    assert kept
    second = run_python(PRICE_ONE, NUMBA_CACHE_DIR=str(tmp_path))
    assert second.stdout == first.stdout
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*.nb*")} == kept


def test_where_nothing_can_be_written_pricing_works_and_says_that_it_is_slow(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("a file is no folder")
    done = run_python(PRICE_ONE, NUMBA_CACHE_DIR=str(blocked))
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == black_price(0, 100.0, 105.0, 0.5, 0.2)
    assert "set NUMBA_CACHE_DIR to a folder that can" in done.stderr


def test_code_of_changed_sources_is_not_taken_from_the_cache(tmp_path, monkeypatch, caplog):
    (tmp_path / "a.py").write_text("x = 1\n")
    monkeypatch.setattr(compiled, "_HERE", tmp_path)
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    compiled.cache_folder.cache_clear()
    try:
        with caplog.at_level(logging.WARNING):
            before = compiled.cache_folder()
            compiled.cache_folder.cache_clear()
            (tmp_path / "a.py").write_text("x = 2\n")
            after = compiled.cache_folder()
    finally:
        compiled.cache_folder.cache_clear()
    assert before is not None
    assert after is not None
    assert before.parent == after.parent == tmp_path / "__pycache__"
    assert before != after
    assert not caplog.records


def test_a_plain_call_of_a_loop_is_the_same_arithmetic():
    """Every kernel is a function that runs without numba too; its fused operations then round twice."""
    price = np.empty(1)
    price_loop.python(np.zeros(1, np.int8), *(np.array([v]) for v in (100.0, 105.0, 0.5, 0.2)), price)
    assert price[0] == pytest.approx(float(black_price(0, 100.0, 105.0, 0.5, 0.2)), rel=1e-14)


def test_a_processor_without_wide_vectors_gives_the_same_bits(tmp_path):
    """Nothing is fused, reordered or called but what is written: compiled for the plainest x86-64 it is the same."""
    code = (
        "import numpy as np; from engine.pricing.black import black_price; "
        "from engine.pricing.implied_volatility import implied_volatility as iv; "
        "k = np.linspace(40.0, 250.0, 501); p = black_price(0, 100.0, k, 0.5, 0.2); "
        "print(p.tobytes().hex(), iv(0, 100.0, k, 0.5, p).sigma.tobytes().hex())"
    )
    usual = run_python(code, NUMBA_CACHE_DIR=str(tmp_path / "a"))
    plain = run_python(
        code, NUMBA_CACHE_DIR=str(tmp_path / "b"), NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES=""
    )
    assert usual.returncode == 0, usual.stderr
    assert plain.returncode == 0, plain.stderr
    assert usual.stdout == plain.stdout
