"""Permanent contract ids."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.instruments.identity import ContractIdentityError, contract_ids

# Pinned: a change of these numbers would orphan every stored contract.
PINNED = {
    ("AAPL", "AAPL", 16270, 0, 645.0, ""): 6049013147475496256,
    ("AAPL", "AAPL", 16270, 1, 645.0, ""): 5652262179022898114,
    ("BTC", "BTC", 18803, 0, 40000.0, "2014-06-09"): 6739143330708065399,
}


def ids(expiry, right, strike, era, underlying="AAPL", root="AAPL"):
    eras = np.array(era, dtype=object)
    return contract_ids(
        underlying, root, np.array(expiry, np.int32), np.array(right, np.int8), np.array(strike, float), eras
    )


def test_ids_are_pinned_for_ever():
    for (underlying, root, expiry, right, strike, era), expected in PINNED.items():
        assert ids([expiry], [right], [strike], [era], underlying, root).tolist() == [expected]


def test_ids_are_the_same_in_another_process_with_another_hash_seed():
    code = (
        "import numpy as np; from engine.instruments.identity import contract_ids;"
        "print(contract_ids('AAPL','AAPL',[16270],[0],[645.0],np.array([''],object))[0])"
    )
    root = Path(__file__).parents[3]
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": str(root)}
    printed = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert int(printed.stdout) == ids([16270], [0], [645.0], [""])[0]


CONTRACT = st.tuples(
    st.integers(0, 40_000),
    st.integers(0, 1),
    st.integers(1, 100_000_000).map(lambda units: units / 1000),
    st.sampled_from(["", "2014-06-09", "2020-08-31"]),
)


@given(st.lists(CONTRACT, min_size=1, max_size=40))
def test_two_contracts_share_an_id_only_if_they_are_the_same(contracts):
    result = ids(*zip(*contracts, strict=True))
    assert (result > 0).all()
    assert len(set(result.tolist())) == len(set(contracts))


@given(st.lists(CONTRACT, min_size=2, max_size=20), st.randoms())
def test_an_id_does_not_depend_on_order_or_company(contracts, random):
    together = dict(zip(contracts, ids(*zip(*contracts, strict=True)).tolist(), strict=True))
    random.shuffle(contracts)
    for contract in contracts:
        assert ids(*([part] for part in contract)).tolist() == [together[contract]]


def test_underlying_and_root_tell_contracts_apart():
    one = ids([20714], [0], [7550.0], [""], "SPX", "SPX")
    assert one != ids([20714], [0], [7550.0], [""], "SPX", "SPXW")
    assert one != ids([20714], [0], [7550.0], [""], "SPXW", "SPX")


def test_float_noise_in_a_strike_does_not_make_another_contract():
    assert ids([20714], [0], [0.1 + 0.2], [""]) == ids([20714], [0], [0.3], [""])


@pytest.mark.parametrize(
    ("expiry", "right", "strike", "reason"),
    [
        (16270, 0, 0.0, "strike 0.0"),
        (16270, 0, float("nan"), "strike nan"),
        (16270, 0, 1e9, "strike 1000000000.0"),
        (16270, 0, 92.1234567, "multiple of 0.00001"),
        (-1, 0, 100.0, "outside 1970"),
        (16270, 2, 100.0, "neither 0"),
    ],
)
def test_terms_that_cannot_be_identified_are_refused(expiry, right, strike, reason):
    with pytest.raises(ContractIdentityError, match=reason):
        ids([expiry], [right], [strike], [""])


def test_columns_of_different_length_are_refused():
    with pytest.raises(ContractIdentityError, match="differ in length"):
        ids([16270, 16271], [0], [645.0], [""])
    with pytest.raises(ContractIdentityError, match="1 contracts but 2 listing eras"):
        ids([16270], [0], [645.0], ["", ""])


def test_no_contracts_have_no_ids():
    assert ids([], [], [], []).shape == (0,)


def test_a_hundred_thousand_rows_take_a_fraction_of_a_second():
    rng = np.random.default_rng(5)
    n = 100_000
    columns = rng.integers(18_000, 18_040, n), rng.integers(0, 2, n), rng.integers(10, 400, n) * 0.5
    start = time.perf_counter()
    ids(*columns, [""] * n, underlying="SPEED")
    assert time.perf_counter() - start < 0.5
