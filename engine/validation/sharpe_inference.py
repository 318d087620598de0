"""How sure one can be of a Sharpe ratio that was estimated from few, skewed, fat-tailed returns.

Two forms of the standard error are in print, and they differ on the same data:

- ``SharpeErrorForm.OBSERVED`` (Bailey & López de Prado 2012): evaluated at the observed ratio, over
  ``n - 1``. The probabilistic and the deflated Sharpe ratio and the minimum track record length use it, as
  published.
- ``SharpeErrorForm.HYPOTHESIS`` (López de Prado, Lipton & Zoonekynd 2025): evaluated at the ratio that the
  hypothesis claims, over ``n``. Power and false discovery rates use it.

All Sharpe ratios here are per period, never annualized; kurtosis is the plain one (3 for a normal).
"""

import math
from enum import StrEnum

from scipy.special import ndtr, ndtri


class SharpeErrorForm(StrEnum):
    OBSERVED = "observed"
    HYPOTHESIS = "hypothesis"


def sharpe_standard_error(
    sharpe: float,
    observations: int,
    *,
    skew: float = 0.0,
    kurtosis: float = 3.0,
    form: SharpeErrorForm = SharpeErrorForm.OBSERVED,
) -> float:
    """Standard deviation of the Sharpe estimator at ``sharpe`` (Mertens 2002).

    ``sqrt((1 - skew * SR + (kurtosis - 1) / 4 * SR**2) / d)``, d = n - 1 (observed) or n (hypothesis).

    Raises
    ------
    ValueError
        For fewer than two observations, or moments that no distribution has (``kurtosis < 1 + skew**2``).
    """
    if observations < 2:
        raise ValueError(f"a Sharpe ratio of {observations} observations has no error; give at least 2")
    if kurtosis < 1.0 + skew**2 - 1e-9:
        raise ValueError(
            f"kurtosis {kurtosis} is below 1 + skew**2 = {1 + skew**2}, which no distribution has; "
            "kurtosis here is the plain one (3 for a normal), not the excess"
        )
    divisor = observations - 1 if form is SharpeErrorForm.OBSERVED else observations
    # with kurtosis >= 1 + skew**2 the numerator is at least (1 - skew * SR / 2)**2
    return math.sqrt(max(0.0, 1.0 - skew * sharpe + (kurtosis - 1.0) / 4.0 * sharpe**2) / divisor)


def probabilistic_sharpe_ratio(
    sharpe: float,
    benchmark: float,
    observations: int,
    *,
    skew: float = 0.0,
    kurtosis: float = 3.0,
    form: SharpeErrorForm = SharpeErrorForm.OBSERVED,
) -> float:
    """Probability that the true Sharpe ratio is above ``benchmark`` (Bailey & López de Prado 2012)."""
    at = sharpe if form is SharpeErrorForm.OBSERVED else benchmark
    error = sharpe_standard_error(at, observations, skew=skew, kurtosis=kurtosis, form=form)
    if error == 0.0:
        raise ValueError(f"Sharpe ratio {sharpe} with skew {skew}, kurtosis {kurtosis}: no estimation error")
    return float(ndtr((sharpe - benchmark) / error))


def minimum_track_record_length(
    sharpe: float,
    benchmark: float,
    *,
    skew: float = 0.0,
    kurtosis: float = 3.0,
    confidence: float = 0.95,
) -> float:
    """Observations needed before ``sharpe`` beats ``benchmark`` at ``confidence``.

    Bailey & López de Prado 2012. Infinite where the observed ratio does not beat the benchmark: no
    record is long enough.
    """
    if sharpe <= benchmark:
        return math.inf
    variance = 1.0 - skew * sharpe + (kurtosis - 1.0) / 4.0 * sharpe**2
    return 1.0 + variance * (float(ndtri(confidence)) / (sharpe - benchmark)) ** 2


def type_two_error(
    null_sharpe: float,
    alternative_sharpe: float,
    observations: int,
    *,
    skew: float = 0.0,
    kurtosis: float = 3.0,
    significance: float = 0.05,
) -> float:
    """Probability of missing a strategy whose true ratio is ``alternative_sharpe`` (hypothesis form)."""
    form = SharpeErrorForm.HYPOTHESIS
    null_error = sharpe_standard_error(null_sharpe, observations, skew=skew, kurtosis=kurtosis, form=form)
    error = sharpe_standard_error(alternative_sharpe, observations, skew=skew, kurtosis=kurtosis, form=form)
    critical = null_sharpe + null_error * float(ndtri(1.0 - significance))
    return float(ndtr((critical - alternative_sharpe) / error))


def planned_false_discovery_rate(prior: float, significance: float, type_two: float) -> float:
    """Share of the discoveries of a test that are false, before seeing data.

    ``prior`` is the share of strategies with skill (López de Prado, Lipton & Zoonekynd 2025, pFDR).
    """
    false = (1.0 - prior) * significance
    return false / (false + prior * (1.0 - type_two))


def observed_false_discovery_rate(
    sharpe: float,
    null_sharpe: float,
    alternative_sharpe: float,
    observations: int,
    *,
    prior: float,
    skew: float = 0.0,
    kurtosis: float = 3.0,
) -> float:
    """Probability of no skill given a ratio at least as large as observed (same paper, oFDR)."""
    p_value = 1.0 - probabilistic_sharpe_ratio(
        sharpe, null_sharpe, observations, skew=skew, kurtosis=kurtosis, form=SharpeErrorForm.HYPOTHESIS
    )
    reach = 1.0 - probabilistic_sharpe_ratio(
        sharpe,
        alternative_sharpe,
        observations,
        skew=skew,
        kurtosis=kurtosis,
        form=SharpeErrorForm.HYPOTHESIS,
    )
    return (1.0 - prior) * p_value / ((1.0 - prior) * p_value + prior * reach)
