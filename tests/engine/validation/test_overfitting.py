"""Sharpe inference, deflation and CSCV against every published row that we have."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtri

from engine.validation import sharpe_inference as inference
from engine.validation.overfitting import (
    block_count,
    deflated_sharpe_ratio,
    expected_maximum_sharpe,
    minimum_track_record_length,
    probabilistic_sharpe_ratio,
    probability_of_backtest_overfitting,
    sharpe_standard_error,
)

GOLDEN = Path(__file__).parents[2] / "golden" / "validation_cases.json"
CASES = {c["id"]: c for c in json.loads(GOLDEN.read_text(encoding="utf-8"))["cases"]}
HYPOTHESIS = inference.SharpeErrorForm.HYPOTHESIS
SR_2025 = 0.036 / 0.079
FAT = {"skew": -2.448, "kurtosis": 10.164}


def _track_record_years(case):
    i = case["inputs"]
    root = math.sqrt(i["periods"])
    length = minimum_track_record_length(
        i["sr_annual"] / root,
        i["sr_benchmark_annual"] / root,
        skew=i["skew"],
        kurtosis=i["kurtosis_nonexcess"],
        confidence=i["prob"],
    )
    return length / i["periods"]


def _deflated(case):
    i = case["inputs"]
    return deflated_sharpe_ratio(
        i["sr_annual"] / math.sqrt(i["periods"]),
        i["T"],
        trials=i["N"],
        trial_variance=i["trial_variance_annual"] / i["periods"],
        skew=i["skew"],
        kurtosis=i["kurtosis_nonexcess"],
    )


ROWS = {
    "psr-nonnormal-hiprec": lambda c: probabilistic_sharpe_ratio(1.585 / math.sqrt(12), 0.0, 24, **FAT),
    "psr-sd-1": lambda c: sharpe_standard_error(0.7079, 134, skew=-0.225, kurtosis=2.957),
    "mintrl-monthly": _track_record_years,
    "mintrl-daily": _track_record_years,
    "lpz2025-sd-normal": lambda c: sharpe_standard_error(SR_2025, 24, form=HYPOTHESIS),
    "lpz2025-psr.1": lambda c: probabilistic_sharpe_ratio(SR_2025, 0.1, 24, form=HYPOTHESIS, **FAT),
    "lpz2025-beta": lambda c: inference.type_two_error(0.0, 0.5, 24, significance=0.05, **FAT),
    "lpz2025-pFDR": lambda c: inference.planned_false_discovery_rate(0.05, 0.05, 0.315),
    "lpz2025-oFDR": lambda c: inference.observed_false_discovery_rate(
        SR_2025, 0.0, 0.5, 24, prior=0.05, **FAT
    ),
    "expected-max-100": lambda c: expected_maximum_sharpe(100),
    "dsr-paper-N100": _deflated,
    "dsr-paper-N46": _deflated,
}


def test_every_golden_row_of_these_groups_is_computed():
    groups = {"sharpe_statistics", "deflated_sharpe"}
    assert {c["id"] for c in CASES.values() if c["group"] in groups} == set(ROWS)


@pytest.mark.parametrize("row", ROWS)
def test_published_value(row):
    case = CASES[row]
    assert ROWS[row](case) == pytest.approx(case["expected"], abs=case["tolerance"])


def test_the_published_row_rejects_excess_kurtosis_in_place_of_the_plain_one():
    case = CASES["psr-nonnormal-hiprec"]
    wrong = probabilistic_sharpe_ratio(1.585 / math.sqrt(12), 0.0, 24, skew=-2.448, kurtosis=13.164)
    assert wrong != pytest.approx(case["expected"], abs=1e-4)
    with pytest.raises(ValueError, match="not the excess"):
        sharpe_standard_error(0.1, 100, skew=-2.448, kurtosis=0.5)


def test_no_record_is_long_enough_for_a_ratio_below_the_benchmark():
    assert minimum_track_record_length(0.1, 0.1) == math.inf


def test_deflation_grows_with_the_trials_and_one_trial_is_not_deflated():
    values = [deflated_sharpe_ratio(0.1, 500, trials=n, trial_variance=0.002) for n in (1, 2, 10, 100, 1000)]
    assert values == sorted(values, reverse=True)
    assert values[0] == probabilistic_sharpe_ratio(0.1, 0.0, 500)


def _r_normals(seed: int, count: int) -> np.ndarray:
    """What R's ``set.seed(seed); rnorm(count)`` gives: Mersenne Twister, inversion with 53 bits."""
    state = seed
    for _ in range(50):
        state = (69069 * state + 1) % 2**32
    words = []
    for _ in range(625):
        state = (69069 * state + 1) % 2**32
        words.append(state)
    twister = np.random.MT19937()
    described = twister.state
    described["state"] = {"key": np.array(words[1:], dtype=np.uint32), "pos": 624}
    twister.state = described
    uniform = twister.random_raw(2 * count).reshape(-1, 2) * 2.3283064365386963e-10
    big = 134_217_728
    return ndtri((np.floor(big * uniform[:, 0]) + uniform[:, 1]) / big)


def test_cscv_reproduces_the_r_packages_own_test_on_its_own_random_numbers():
    case = CASES["cscv-null-pbo"]
    i, expected = case["inputs"], case["expected"]
    returns = _r_normals(852, i["T"] * i["N"]).reshape(i["T"], i["N"])
    found = probability_of_backtest_overfitting(returns, blocks=i["S"], risk_free=0.03 / 252)
    assert expected["phi"][0] <= found.probability <= expected["phi"][1]
    assert expected["adj_r2"][0] <= found.degradation_adjusted_r2 <= expected["adj_r2"][1]
    assert expected["below_threshold"][0] <= found.probability_of_loss <= expected["below_threshold"][1]


@pytest.mark.parametrize("row", ["cscv-combos-S8", "cscv-combos-S10", "cscv-combos-S16"])
def test_cscv_looks_at_every_split(row):
    case = CASES[row]
    returns = np.random.default_rng(0).standard_normal((64, 3))
    found = probability_of_backtest_overfitting(returns, blocks=case["inputs"]["S"])
    assert found.combinations == case["expected"]["combinations"]


def test_cscv_from_block_sums_equals_cscv_from_rows():
    from itertools import combinations

    rng = np.random.default_rng(5)
    returns = 0.4 + 0.01 * rng.standard_normal((60, 7))
    blocks = np.split(np.arange(60), 6)
    logits = []
    for chosen in combinations(range(6), 3):
        rows = np.concatenate([blocks[b] for b in chosen])
        rest = np.setdiff1d(np.arange(60), rows)
        inside = returns[rows].mean(axis=0) / returns[rows].std(axis=0, ddof=1)
        outside = returns[rest].mean(axis=0) / returns[rest].std(axis=0, ddof=1)
        rank = (outside <= outside[inside.argmax()]).sum() / 8
        logits.append(math.log(rank / (1 - rank)))
    found = probability_of_backtest_overfitting(returns, blocks=6)
    np.testing.assert_allclose(found.logits, logits, atol=1e-12)


def test_a_trial_with_skill_is_not_overfitting_and_noise_is_a_coin_toss():
    rng = np.random.default_rng(1)
    noise = rng.standard_normal((480, 20))
    skilled = noise.copy()
    skilled[:, 3] += 0.5
    assert probability_of_backtest_overfitting(skilled).probability == 0.0
    tosses = [
        probability_of_backtest_overfitting(rng.standard_normal((240, 20)), blocks=8).probability
        for _ in range(40)
    ]
    assert 0.4 < np.mean(tosses) < 0.6


def test_trials_that_never_traded_rank_as_zero_and_equal_trials_share_their_rank():
    returns = np.zeros((40, 3))
    found = probability_of_backtest_overfitting(returns, blocks=4)
    assert found.probability == 1.0 and np.all(found.logits == 0.0)


@pytest.mark.parametrize(
    ("shape", "blocks", "message"),
    [((40, 1), 4, "at least 2 trials"), ((40, 3), 5, "even number"), ((6, 3), 4, "fewer blocks")],
)
def test_cscv_refuses_what_it_cannot_split(shape, blocks, message):
    with pytest.raises(ValueError, match=message):
        probability_of_backtest_overfitting(np.ones(shape), blocks=blocks)


def test_cscv_refuses_an_undefined_return_and_names_it():
    returns = np.ones((40, 3))
    returns[7, 2] = np.nan
    with pytest.raises(ValueError, match="row 7 of trial 2"):
        probability_of_backtest_overfitting(returns, blocks=4)


def test_block_count_is_even_and_leaves_rows_in_each_block():
    assert [block_count(n) for n in (10, 20, 34, 60, 1000)] == [None, 4, 6, 12, 16]
