"""Daily price paths with volatility clusters and jumps.

The variance follows GJR-GARCH(1,1) (Glosten, Jagannathan and Runkle 1993): bad news raises it more than good
news does. Jumps arrive by a Poisson process, overnight or within the session, and feed the variance too.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.simulation.bridge import FloatArray, bridge_extremes

#: a shock feeds the next session's variance with at most this many standard deviations, else one crash
#: would hold the variance up for a year
NEWS_CAP_SD = 4.0


@dataclass(frozen=True, slots=True)
class PathParameters:
    """How a path moves.

    Attributes
    ----------
    volatility_per_year
        Long-run volatility of the diffusive part, a decimal.
    persistence
        ``alpha + gamma / 2 + beta`` of the GARCH recursion, below 1.
    news, leverage
        ``alpha`` and ``gamma``: weight of a squared shock, and what a negative one weighs more.
    jumps_per_year, jump_mean, jump_sd
        Poisson rate, and mean and standard deviation of a jump's log size.
    overnight_variance_share
        Share of a session's variance that passes before its open; 0 for markets that never close.
    """

    start_price: float
    drift_per_year: float
    volatility_per_year: float
    news: float
    leverage: float
    persistence: float
    jumps_per_year: float
    jump_mean: float
    jump_sd: float
    overnight_variance_share: float
    sessions_per_year: int

    def __post_init__(self) -> None:
        if self.start_price <= 0 or self.volatility_per_year <= 0:
            raise ValueError("start_price and volatility_per_year must be positive")
        beta = self.persistence - self.news - 0.5 * self.leverage
        if not (beta >= 0.0 and self.persistence < 1.0 and self.news >= 0.0 and self.leverage >= 0.0):
            raise ValueError(
                f"GARCH weights must be non-negative and persistence below 1: news {self.news}, leverage "
                f"{self.leverage}, persistence {self.persistence} leave {beta:.3f} to the old variance"
            )
        if not 0.0 <= self.overnight_variance_share < 1.0:
            raise ValueError(f"overnight_variance_share {self.overnight_variance_share} is not in [0, 1)")

        if self._constant_variance <= 0.0:
            raise ValueError(
                "jumps feed more variance than the diffusion has: lower jumps_per_year, jump sizes or news"
            )

    @property
    def _constant_variance(self) -> float:
        """Constant of the recursion, per session: the long-run level is the diffusive variance although jumps
        feed it too (up to the cap on news)."""
        diffusive = self.volatility_per_year**2 * (1.0 - self.persistence)
        from_jumps = (self.news + 0.5 * self.leverage) * self.jump_variance_per_year
        return (diffusive - from_jumps) / self.sessions_per_year

    @property
    def jump_variance_per_year(self) -> float:
        return self.jumps_per_year * (self.jump_mean**2 + self.jump_sd**2)

    @property
    def long_run_variance_per_year(self) -> float:
        """Diffusive and jump variance together."""
        return self.volatility_per_year**2 + self.jump_variance_per_year

    @property
    def mean_reversion_per_year(self) -> float:
        """Speed at which the expected variance returns to its long-run level."""
        return float(-np.log(self.persistence) * self.sessions_per_year)


@dataclass(frozen=True, slots=True)
class SimulatedPath:
    """Prices by session, all float64[sessions].

    ``variance_per_year`` is what the next session is expected to bring, annualized, as known at the close.
    ``session_variance`` is the diffusive variance that the session itself had.
    """

    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    variance_per_year: FloatArray
    session_variance: FloatArray
    jump: FloatArray


def simulate_path(
    parameters: PathParameters,
    sessions: int,
    rng: np.random.Generator,
    *,
    cash_dividends: FloatArray | None = None,
    extra_jumps: FloatArray | None = None,
) -> SimulatedPath:
    """Simulate one path.

    Parameters
    ----------
    sessions
        How many to simulate; the calendar is the caller's.
    cash_dividends : float64[sessions], optional
        Cash per share that leaves the price at the open of each session (0 where none).
    extra_jumps : float64[sessions], optional
        Log moves that come within a session beside the drawn ones (0 where none).

    Raises
    ------
    ValueError
        If there are no sessions, or a dividend exceeds the price.
    """
    if sessions < 1:
        raise ValueError(f"a path needs at least one session; got {sessions}")
    p = parameters
    dividends = np.zeros(sessions) if cash_dividends is None else cash_dividends
    normal = rng.standard_normal((2, sessions))
    arrivals = rng.random(sessions) < p.jumps_per_year / p.sessions_per_year
    jump = np.where(arrivals, p.jump_mean + p.jump_sd * rng.standard_normal(sessions), 0.0)
    if extra_jumps is not None:
        jump = jump + extra_jumps
    night = arrivals & (rng.random(sessions) < 0.5) & (p.overnight_variance_share > 0)

    base = p.volatility_per_year**2 / p.sessions_per_year
    constant = p._constant_variance
    beta = p.persistence - p.news - 0.5 * p.leverage
    drift = p.drift_per_year / p.sessions_per_year - p.jumps_per_year / p.sessions_per_year * p.jump_mean
    session_variance = np.empty(sessions + 1)
    session_variance[0] = base
    log_open, log_close = np.empty(sessions), np.empty(sessions)
    level = np.log(p.start_price)
    for i in range(sessions):
        h = session_variance[i]
        gap = np.sqrt(p.overnight_variance_share * h) * normal[0, i] + (jump[i] if night[i] else 0.0)
        opened = np.exp(level + gap) - dividends[i]
        if opened <= 0.0:
            raise ValueError(f"the dividend {dividends[i]} of session {i} exceeds the price")
        day = np.sqrt((1.0 - p.overnight_variance_share) * h) * normal[1, i]
        log_open[i] = np.log(opened)
        level = log_open[i] + drift - 0.5 * h + day + (0.0 if night[i] else jump[i])
        log_close[i] = level
        cap = NEWS_CAP_SD * np.sqrt(h)
        shock = min(max(gap + level - log_open[i] - drift + 0.5 * h, -cap), cap)
        weight = p.news + (p.leverage if shock < 0.0 else 0.0)
        session_variance[i + 1] = constant + weight * shock**2 + beta * h

    inside = (1.0 - p.overnight_variance_share) * session_variance[:-1]
    log_high, log_low = bridge_extremes(log_open, log_close, inside, rng)
    return SimulatedPath(
        open=np.exp(log_open),
        high=np.exp(log_high),
        low=np.exp(log_low),
        close=np.exp(log_close),
        variance_per_year=session_variance[1:] * p.sessions_per_year + p.jump_variance_per_year,
        session_variance=session_variance[:-1],
        jump=jump,
    )


def bounded_autoregression(
    sessions: int,
    mean: float,
    persistence: float,
    sd: float,
    low: float,
    high: float,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """A stationary AR(1) series with standard deviation ``sd``, clipped to [low, high]: float64[sessions]."""
    noise = rng.standard_normal(sessions) * sd * np.sqrt(1.0 - persistence**2)
    series = np.empty(sessions)
    value = 0.0
    for i in range(sessions):
        value = persistence * value + noise[i]
        series[i] = value
    return np.clip(mean + series, low, high)
