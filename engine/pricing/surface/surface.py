"""The surface of a day: an SVI slice for every expiry, from its quotes, or from SSVI where they are few."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.pricing.surface.arbitrage import ArbitrageReport, check_arbitrage
from engine.pricing.surface.quotes import SurfaceQuotes
from engine.pricing.surface.ssvi import SsviFit, fit_ssvi
from engine.pricing.surface.svi import SviParameters, total_variance, total_variance_between
from engine.pricing.surface.svi_fit import LEAST_QUOTES, FitStatus, fit_svi

Floats = NDArray[np.float64]

#: where SSVI speaks for an expiry, in deviations, and how sure it is of itself, in volatility
_SSVI_DEVIATIONS = np.linspace(-4.0, 4.0, 17)
_SSVI_ERROR = 0.02


class SliceSource(IntEnum):
    """What a slice comes from."""

    #: no expiry has quotes enough, so there is none
    NONE = 0
    #: the expiry's own quotes
    SVI = 1
    #: SSVI over all expiries, and what few quotes there are
    SSVI = 2

    @property
    def label(self) -> str:
        """As stored: ``svi``."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class VolatilitySurface:
    """Slices of n expiries, by time.

    Attributes
    ----------
    quotes : SurfaceQuotes
        What it was fitted to: codes, times and forwards of the expiries stand there.
    parameters : SviParameters of n
        NaN only where the source is NONE.
    status : int8[n]
        Codes of :class:`engine.pricing.surface.svi_fit.FitStatus`, of the expiry's own quotes.
    source : int8[n]
        Codes of :class:`SliceSource`.
    ssvi : SsviFit or None
        Fitted only where an expiry has too few quotes.
    """

    quotes: SurfaceQuotes
    parameters: SviParameters
    status: NDArray[np.int8]
    source: NDArray[np.int8]
    ssvi: SsviFit | None

    def arbitrage(self) -> ArbitrageReport:
        """The worst butterfly and the worst crossing of each expiry."""
        return check_arbitrage(self.parameters)

    def residuals(self) -> Floats:
        """Of each quote: fitted less quoted volatility."""
        expiry = self.quotes.expiry
        fitted = total_variance(self.quotes.log_moneyness, self.parameters.at(expiry))
        return np.asarray(np.sqrt(fitted / self.quotes.year_fraction[expiry]) - self.quotes.sigma)

    def rms_error(self, deviations: float = np.inf) -> Floats:
        """Of each expiry: root mean square of the residuals within so many deviations of the money; NaN without."""
        q = self.quotes
        at_the_money = np.sqrt(total_variance(0.0, self.parameters))
        near = np.abs(q.log_moneyness) <= deviations * at_the_money[q.expiry]
        count = np.bincount(q.expiry[near], minlength=q.code.size)
        squares = np.bincount(q.expiry[near], self.residuals()[near] ** 2, minlength=q.code.size)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.sqrt(np.where(count > 0, squares / count, np.nan)))

    def total_variance_at(self, log_moneyness: ArrayLike, year_fraction: ArrayLike) -> Floats:
        """As :func:`~engine.pricing.surface.svi.total_variance_between` of its slices."""
        return total_variance_between(
            self.parameters, self.quotes.year_fraction, log_moneyness, year_fraction
        )


def fit_surface(
    quotes: SurfaceQuotes, *, previous: VolatilitySurface | None = None, calendar: bool = True
) -> VolatilitySurface:
    """Fit the surface of a day.

    Parameters
    ----------
    quotes : SurfaceQuotes
        Of one underlying at one instant.
    previous : VolatilitySurface, optional
        The day before: its slices are where the fits of the same codes begin.
    calendar : bool
        Whether no slice may fall below the one before it. Not where each expiry is on another underlying, as options on
        the VIX are on a future each: their total variance need not rise with time.
    """
    few = np.diff(quotes.offset) < LEAST_QUOTES
    ssvi = fit_ssvi(quotes) if few.any() else None
    k, w, weight, offset = quotes.log_moneyness, quotes.total_variance, quotes.weight, quotes.offset
    if ssvi is not None:
        k, w, weight, offset = _with_ssvi(quotes, ssvi, few)
    fit = fit_svi(offset, quotes.year_fraction, k, w, weight, warm=_warm(quotes, previous), calendar=calendar)
    status = fit.status.copy()
    status[few] = FitStatus.TOO_FEW_QUOTES
    source = np.where(few, SliceSource.SSVI, SliceSource.SVI)
    source = np.where(np.isfinite(fit.parameters.a), source, SliceSource.NONE).astype(np.int8)
    return VolatilitySurface(quotes, fit.parameters, status, source, ssvi)


def _with_ssvi(
    quotes: SurfaceQuotes, ssvi: SsviFit, few: NDArray[np.bool_]
) -> tuple[Floats, Floats, Floats, NDArray[np.int64]]:
    """The quotes, and for expiries with few of them points of the SSVI slice as quotes that are none too sure."""
    where = np.flatnonzero(few)
    theta = ssvi.theta[where]
    k = np.sqrt(theta)[:, None] * _SSVI_DEVIATIONS
    slices = ssvi.slices.at(np.repeat(where, _SSVI_DEVIATIONS.size))
    w = total_variance(k.ravel(), slices)
    years = np.repeat(quotes.year_fraction[where], _SSVI_DEVIATIONS.size)
    weight = 1.0 / (2.0 * np.sqrt(w * years) * _SSVI_ERROR)
    expiry = np.concatenate([quotes.expiry, np.repeat(where, _SSVI_DEVIATIONS.size)])
    order = np.argsort(expiry, kind="stable")
    return (
        np.concatenate([quotes.log_moneyness, k.ravel()])[order],
        np.concatenate([quotes.total_variance, w])[order],
        np.concatenate([quotes.weight, weight])[order],
        np.searchsorted(expiry[order], np.arange(quotes.code.size + 1)).astype(np.int64),
    )


def _warm(quotes: SurfaceQuotes, previous: VolatilitySurface | None) -> SviParameters | None:
    """The slices of the same codes of the day before, with the time that has passed taken off their variance."""
    if previous is None:
        return None
    rows = np.full((quotes.code.size, 5), np.nan)
    _, here, there = np.intersect1d(quotes.code, previous.quotes.code, return_indices=True)
    rows[here] = previous.parameters.rows()[there]
    rows[here, :2] *= (quotes.year_fraction[here] / previous.quotes.year_fraction[there])[:, None]
    return SviParameters.from_rows(rows)
