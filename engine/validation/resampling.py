"""Random paths from a record: which observations each path draws, from a generator that counts.

Every block of ``PATHS_PER_BLOCK`` paths has its own Philox stream, keyed by the seed, the method and the number
of the block. So a path is the same whatever the number of paths, of threads, or the order of the blocks.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

PATHS_PER_BLOCK = 256

Indices = NDArray[np.int64]


def blocks(paths: int) -> Iterator[tuple[int, int]]:
    """Number and size of each block of paths."""
    for number, begin in enumerate(range(0, paths, PATHS_PER_BLOCK)):
        yield number, min(PATHS_PER_BLOCK, paths - begin)


def block_generator(seed: int, method: int, block: int) -> np.random.Generator:
    """The generator of one block of paths of one method (Salmon et al. 2011: Philox)."""
    key = np.array([seed, (method << 40) | block], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key))


def stationary_indices(
    generator: np.random.Generator, paths: int, steps: int, length: int, mean_block_length: float
) -> Indices:
    """Positions drawn by the stationary bootstrap (Politis & Romano 1994), shape (paths, steps).

    Blocks start anywhere, wrap around the end of the record, and have geometric lengths with the given mean.

    Raises
    ------
    ValueError
        For a mean block length below 1.
    """
    if not mean_block_length >= 1:
        raise ValueError(f"mean block length {mean_block_length}: a block holds at least one observation")
    # all draws are made for a whole block, so that a last, smaller block begins like a full one
    shape = (PATHS_PER_BLOCK, steps)
    starts = generator.integers(0, length, size=shape, dtype=np.int64)[:paths]
    restart = generator.random(size=shape)[:paths] < 1.0 / mean_block_length
    restart[:, :1] = True
    step = np.arange(steps, dtype=np.int64)
    began = np.maximum.accumulate(np.where(restart, step, 0), axis=1)
    offset = np.take_along_axis(starts, began, axis=1)
    return (offset + (step - began)) % length


def independent_indices(generator: np.random.Generator, paths: int, steps: int, length: int) -> Indices:
    """Positions drawn one by one with replacement (Efron 1979), shape (paths, steps)."""
    return generator.integers(0, length, size=(PATHS_PER_BLOCK, steps), dtype=np.int64)[:paths]


def shuffled_indices(generator: np.random.Generator, paths: int, length: int) -> Indices:
    """A random order of the whole record for each path, shape (paths, length)."""
    order = np.broadcast_to(np.arange(length, dtype=np.int64), (PATHS_PER_BLOCK, length))
    return generator.permuted(order, axis=1)[:paths]


def normal_returns(
    generator: np.random.Generator, paths: int, steps: int, mean: float, deviation: float
) -> NDArray[np.float64]:
    """Independent normal returns, shape (paths, steps)."""
    drawn = generator.standard_normal(size=(PATHS_PER_BLOCK, steps))[:paths]
    return mean + deviation * drawn


def optimal_block_length(values: NDArray[np.float64]) -> tuple[float, float]:
    """Mean block length of the stationary, and length of the circular bootstrap, that the data ask for.

    Politis & White (2004) with the correction of Patton, Politis & White (2009): flat-top kernel over twice the
    lag that begins a run of ``max(5, log10 n)`` autocorrelations below ``2 * sqrt(log10(n) / n)``.

    The paper's text names the lag before that run; the published implementations (and the reference value that
    this is tested against) double the first lag of the run itself, and so does this one: a wider kernel errs on
    the side of the bias.

    Returns
    -------
    stationary, circular
        In observations, at most ``min(3 * sqrt(n), n / 3)`` rounded up.

    Raises
    ------
    ValueError
        For fewer than 20 observations or ones without spread.
    """
    x = np.asarray(values, dtype=np.float64)
    n = len(x)
    if n < 20 or float(np.std(x)) == 0.0:
        raise ValueError(f"block length: {n} observations, or all equal; at least 20 that differ are needed")
    centred = x - x.mean()
    run = max(5, int(np.log10(n)))
    furthest = int(np.ceil(np.sqrt(n))) + run
    lags = np.arange(min(furthest, n - 1) + 1)
    covariance = np.array([centred[k:] @ centred[: n - k] / n for k in lags])
    small = np.abs(covariance[1:] / covariance[0]) < 2.0 * np.sqrt(np.log10(n) / n)
    quiet = [m for m in range(len(small) - run + 1) if bool(small[m : m + run].all())]
    width = min(2 * (quiet[0] + 1), furthest) if quiet else furthest
    width = min(width, n - 1)
    k = np.arange(1, width + 1)
    kernel = np.minimum(1.0, 2.0 * (1.0 - k / width))
    g = 2.0 * float(np.sum(kernel * k * covariance[1 : width + 1]))
    spectrum = float(covariance[0] + 2.0 * np.sum(kernel * covariance[1 : width + 1]))
    longest = float(np.ceil(min(3.0 * np.sqrt(n), n / 3.0)))
    stationary = (2.0 * g**2 / (2.0 * spectrum**2)) ** (1 / 3) * n ** (1 / 3)
    circular = (2.0 * g**2 / (4.0 / 3.0 * spectrum**2)) ** (1 / 3) * n ** (1 / 3)
    return min(float(stationary), longest), min(float(circular), longest)
