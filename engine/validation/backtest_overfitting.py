"""Probability of backtest overfitting by combinatorially symmetric cross-validation (CSCV).

Bailey, Borwein, López de Prado & Zhu, "The probability of backtest overfitting" (2015), section 2.2: the rows
are cut into S equal blocks; for each of the C(S, S/2) ways to call half of them in-sample, the best trial
in-sample is looked up out-of-sample. A search that finds skill finds a trial that ranks high there too.
"""

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

#: combinations handled at once; bounds the memory at this times the number of trials
_CHUNK = 1024


@dataclass(frozen=True)
class OverfittingEstimate:
    """What CSCV says of a search.

    Attributes
    ----------
    probability
        Share of splits in which the trial chosen in-sample ranks in the lower half out-of-sample.
    combinations, blocks, rows_used, trials
        How it was computed; rows beyond a multiple of ``blocks`` are left out at the start of the record.
    logits : float64, shape (combinations,)
        ``ln(w / (1 - w))``, w the relative rank out-of-sample of the chosen trial, in (0, 1).
    in_sample, out_of_sample : float64, shape (combinations,)
        Sharpe ratio per period of the chosen trial in both halves.
    degradation_slope, degradation_adjusted_r2
        Least squares of out-of-sample on in-sample; NaN where all in-sample values are equal.
    probability_of_loss
        Share of splits in which the chosen trial's Sharpe ratio out-of-sample is below zero.
    """

    probability: float
    combinations: int
    blocks: int
    rows_used: int
    trials: int
    logits: NDArray[np.float64]
    in_sample: NDArray[np.float64]
    out_of_sample: NDArray[np.float64]
    degradation_slope: float
    degradation_adjusted_r2: float
    probability_of_loss: float


def block_count(rows: int, *, largest: int = 16, rows_per_block: int = 5) -> int | None:
    """The largest even number of blocks up to ``largest`` with enough rows in each, None below four."""
    blocks = min(largest, rows // rows_per_block)
    blocks -= blocks % 2
    return blocks if blocks >= 4 else None


def probability_of_backtest_overfitting(
    returns: Matrix, *, blocks: int = 16, risk_free: float = 0.0
) -> OverfittingEstimate:
    """CSCV over the returns of every trial of a search, judged by Sharpe ratio.

    Parameters
    ----------
    returns : shape (rows, trials)
        One column per trial, the failed ones left out, over the same days; no NaN.
    blocks
        S, even; 16 gives 12,870 splits.
    risk_free
        Per period, taken off every return.

    Notes
    -----
    A trial without any spread in a half (it never traded there) has a ratio of 0 in it. Trials with equal
    ratios share their mean rank, and the first of them in column order is the one chosen.

    Raises
    ------
    ValueError
        For an odd number of blocks, fewer than two trials, fewer than two rows a block, or a NaN.
    """
    matrix = np.asarray(returns, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[1] < 2:
        raise ValueError(f"overfitting: returns of shape {matrix.shape}; give rows x at least 2 trials")
    if blocks < 2 or blocks % 2:
        raise ValueError(f"overfitting: {blocks} blocks; the halves need an even number")
    size = matrix.shape[0] // blocks
    if size < 2:
        raise ValueError(f"overfitting: {matrix.shape[0]} rows in {blocks} blocks; use fewer blocks")
    if not np.isfinite(matrix).all():
        row, trial = np.argwhere(~np.isfinite(matrix))[0]
        raise ValueError(f"overfitting: row {row} of trial {trial} is undefined; leave failed trials out")
    # a second of import that only a finished walk-forward needs

    used = matrix[matrix.shape[0] - size * blocks :] - risk_free
    inside, outside = _sharpe_of_halves(used.reshape(blocks, size, -1), blocks)
    chosen = inside.argmax(axis=1)
    every = np.arange(len(chosen))
    trials = matrix.shape[1]
    # scipy.stats takes half a second to import, and every process that loads the definitions imports this module
    from scipy.stats import rankdata

    relative_rank = rankdata(outside, axis=1)[every, chosen] / (trials + 1)
    logits = np.log(relative_rank / (1.0 - relative_rank))
    best_inside, best_outside = inside[every, chosen], outside[every, chosen]
    slope, adjusted_r2 = _line(best_inside, best_outside)
    return OverfittingEstimate(
        probability=float(np.mean(logits <= 0)),
        combinations=len(chosen),
        blocks=blocks,
        rows_used=size * blocks,
        trials=trials,
        logits=logits,
        in_sample=best_inside,
        out_of_sample=best_outside,
        degradation_slope=slope,
        degradation_adjusted_r2=adjusted_r2,
        probability_of_loss=float(np.mean(best_outside < 0)),
    )


def _sharpe_of_halves(cube: NDArray[np.float64], blocks: int) -> tuple[Matrix, Matrix]:
    """Sharpe ratios (splits, trials) in and out of sample, from sums per block instead of rows per split."""
    rows = cube.shape[1] * blocks // 2
    # shifting each trial by its own mean keeps the sums of squares free of cancellation
    centre = cube.mean(axis=(0, 1))
    shifted = cube - centre
    sums, squares = shifted.sum(axis=1), (shifted**2).sum(axis=1)
    splits = np.zeros((comb(blocks, blocks // 2), blocks))
    for row, members in enumerate(combinations(range(blocks), blocks // 2)):
        splits[row, members] = 1.0
    shape = (len(splits), cube.shape[2])
    inside, outside = np.empty(shape), np.empty(shape)
    for begin in range(0, len(splits), _CHUNK):
        half = splits[begin : begin + _CHUNK]
        inside[begin : begin + _CHUNK] = _sharpe(half @ sums, half @ squares, rows, centre)
        outside[begin : begin + _CHUNK] = _sharpe((1 - half) @ sums, (1 - half) @ squares, rows, centre)
    return inside, outside


def _sharpe(sums: Matrix, squares: Matrix, rows: int, centre: NDArray[np.float64]) -> Matrix:
    mean = sums / rows
    variance = np.maximum(squares - rows * mean**2, 0.0) / (rows - 1)
    flat = variance <= 1e-24 * np.maximum(squares / rows + centre**2, 1e-300)
    ratio = (mean + centre) / np.sqrt(np.where(flat, 1.0, variance))
    return np.where(flat, 0.0, ratio)


def _line(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Slope and adjusted R² of y on x."""
    dx, dy = x - x.mean(), y - y.mean()
    sxx, syy = float(dx @ dx), float(dy @ dy)
    if sxx <= 1e-24 or syy <= 1e-24 or len(x) < 3:
        return float("nan"), float("nan")
    slope = float(dx @ dy) / sxx
    r2 = float(dx @ dy) ** 2 / (sxx * syy)
    return slope, 1.0 - (1.0 - r2) * (len(x) - 1) / (len(x) - 2)
