"""The volatility surface of a chain as rows: an SVI slice an expiry, and the variance of its strip of options."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assets import engine_arrays as ea
from assets.unit_spot import standard_units
from engine.pricing.surface.quotes import SurfaceQuotes, surface_quotes
from engine.pricing.surface.surface import SliceSource, VolatilitySurface, fit_surface
from engine.pricing.surface.svi import SviParameters, derivatives, total_variance, total_variance_between
from engine.pricing.surface.svi_fit import FitStatus
from engine.pricing.surface.variance_index import MINUTES_PER_YEAR, variance_term
from resources.schemas import SURFACE_SCHEMA

#: grades whose quotes a slice is fitted to: two-sided, of this session, and with room between bid and ask
FITTED_GRADES = ("firm", "wide")
#: roots of which each expiry is on another future: its variance owes nothing to that of the expiry before (Cboe, VIX
#: Options Product Specification)
ON_ITS_OWN_FUTURE = frozenset({"VIX", "VIXW"})
#: the part of a smile that its error is told of, in deviations at the money
NEAR_DEVIATIONS = 1.5
#: of the chain's columns, those that a surface is made of, in their order
CHAIN_COLUMNS = [
    "underlying", "root", "trade_date", "snapshot_id", "ts", "known_at", "expiry", "settles_at", "right", "bid", "ask",
    "adjusted_strike", "adjusted_multiplier", "deliverable", "forward", "discount", "year_fraction", "iv", "iv_bid",
    "iv_ask", "grade",
]  # fmt: skip
_DAY_BITS = 20
NO_DISCOUNT, STRIKE_TWICE, NOT_POSITIVE = "no_discount", "strike_twice", "not_positive"
_OF_EXPIRY = (
    "underlying", "trade_date", "snapshot_id", "ts", "root", "expiry", "settles_at", "year_fraction", "forward",
)  # fmt: skip
_SOURCES = [source.label for source in SliceSource]
_FIT_STATUSES = [status.label for status in FitStatus]


@dataclass(frozen=True, slots=True)
class ChainSurface:
    """A surface, and what it was made of.

    Attributes
    ----------
    rows
        ``CHAIN_COLUMNS`` of the snapshot's contracts with standard deliverables.
    codes : int64[rows]
        Of root and expiry, as in ``surface.quotes.code``.
    surface
        Its slices, by time.
    calendar
        Whether slices were kept from crossing.
    """

    rows: pa.Table
    codes: NDArray[np.int64]
    surface: VolatilitySurface
    calendar: bool

    @property
    def first_rows(self) -> NDArray[np.intp]:
        """Of each expiry: one row of it."""
        found, first = np.unique(self.codes, return_index=True)
        return np.asarray(first[np.searchsorted(found, self.surface.quotes.code)])


def chain_surfaces(chain: pa.Table) -> list[ChainSurface]:
    """The surface of each snapshot.

    One surface holds the contracts that deliver one unit of one security for each of their multiplier: what an adjusted
    contract delivers is another thing with another volatility. The first snapshot of a day is fitted from nothing but
    its quotes, so that a day built again is the same whatever was built before; each later one begins at the one
    before it.

    Parameters
    ----------
    chain
        ``CHAIN_COLUMNS`` of one underlying and session, ordered by ``ts``.
    """
    rows = chain.filter(pa.array(standard_units(chain)))
    ts, codes = ea.microseconds(rows, "ts"), _codes(rows)
    calendar = ON_ITS_OWN_FUTURE.isdisjoint(ea.codes(rows, "root")[1])
    bounds = [0, *(np.flatnonzero(np.diff(ts)) + 1).tolist(), len(ts)]
    made: list[ChainSurface] = []
    for start, stop in pairwise(bounds):
        if start == stop:
            continue
        snapshot, own = rows.slice(start, stop - start), codes[start:stop]
        previous = made[-1].surface if made else None
        fitted = fit_surface(_quotes(snapshot, own), previous=previous, calendar=calendar)
        made.append(ChainSurface(snapshot, own, fitted, calendar))
    return made


def _codes(rows: pa.Table) -> NDArray[np.int64]:
    """A code for each root and expiry of a session."""
    roots, _ = ea.codes(rows, "root")
    kinds, labels = ea.codes(rows, "deliverable")
    group = roots.astype(np.int64) * len(labels) + kinds
    return (group << _DAY_BITS) + ea.days(rows, "expiry")


def _quotes(rows: pa.Table, codes: NDArray[np.int64]) -> SurfaceQuotes:
    usable = np.isin(ea.texts(rows, "grade"), FITTED_GRADES)
    return surface_quotes(
        code=codes,
        right=ea.rights(rows),
        forward=ea.floats(rows, "forward"),
        strike=ea.floats(rows, "adjusted_strike"),
        year_fraction=ea.floats(rows, "year_fraction"),
        iv=np.where(usable, ea.floats(rows, "iv"), np.nan),
        iv_bid=ea.floats(rows, "iv_bid"),
        iv_ask=ea.floats(rows, "iv_ask"),
    )


def surface_rows(made: ChainSurface, *, coin_settled: bool) -> pa.Table:
    """Rows of ``SURFACE_SCHEMA``, by time to settlement."""
    surface, quotes = made.surface, made.surface.quotes
    n = quotes.code.size
    if not n:
        return SURFACE_SCHEMA.empty_table()
    of_expiry = made.rows.take(pa.array(made.first_rows))
    at_the_money = np.zeros(n)
    atm_iv = np.sqrt(total_variance(at_the_money, surface.parameters) / quotes.year_fraction)
    slope, _ = derivatives(at_the_money, surface.parameters)
    report = surface.arbitrage()
    known_at = ea.microseconds(made.rows, "known_at").max()
    columns = {
        **{name: of_expiry.column(name) for name in _OF_EXPIRY},
        "known_at": pa.array(np.full(n, known_at), type=SURFACE_SCHEMA.field("known_at").type),
        "quotes": pa.array(np.diff(quotes.offset).astype(np.int32)),
        "slice_source": ea.encoded(surface.source, _SOURCES),
        "fit_status": ea.encoded(surface.status, _FIT_STATUSES),
        **{f"svi_{name}": ea.nullable(getattr(surface.parameters, name)) for name in SviParameters.names()},
        "atm_iv": ea.nullable(atm_iv),
        "atm_skew": ea.nullable(slope / (2.0 * atm_iv * quotes.year_fraction)),
        "rms_error": ea.nullable(surface.rms_error(NEAR_DEVIATIONS)),
        "worst_density": ea.nullable(report.worst_density),
        "worst_crossing": ea.nullable(report.worst_crossing if made.calendar else np.full(n, np.nan)),
        **_strips(made, coin_settled),
    }
    return pa.table({name: columns[name] for name in SURFACE_SCHEMA.names}).cast(SURFACE_SCHEMA)


def _strips(made: ChainSurface, coin_settled: bool) -> dict[str, pa.Array]:
    """The variance of each expiry's strip of options; coin prices are turned into the strike's currency."""
    codes = made.codes
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], [made.surface.quotes.code, made.surface.quotes.code + 1])
    names = ("adjusted_strike", "bid", "ask", "forward", "discount", "year_fraction")
    strike, bid, ask, forward, discount, years = (ea.floats(made.rows, name)[order] for name in names)
    right = ea.rights(made.rows)[order]
    if coin_settled:
        bid, ask = bid * forward, ask * forward
    iv, options, status = [], [], []
    for start, stop in bounds.T:
        own = np.arange(start, stop)
        own = own[(strike[own] > 0.0) & (strike[own] < np.inf)]
        contracts = own.size
        if not 0.0 < discount[start] < np.inf:
            term, why = None, NO_DISCOUNT
        elif np.unique(np.column_stack([strike[own], right[own]]), axis=0).shape[0] < contracts:
            term, why = None, STRIKE_TWICE
        else:
            term = variance_term(
                strike[own],
                right[own],
                bid[own],
                ask[own],
                discount=float(discount[start]),
                minutes=float(years[start]) * MINUTES_PER_YEAR,
            )
            # a strip with few strikes can come out below zero
            why = NOT_POSITIVE if term.variance <= 0.0 else term.status.label
        iv.append(np.sqrt(term.variance) if term is not None and term.variance > 0.0 else np.nan)
        options.append(0 if term is None else term.options)
        status.append(why)
    return {
        "strip_iv": ea.nullable(np.array(iv)),
        "strip_options": pa.array(options, type=pa.int32()),
        "strip_status": ea.dictionary(status),
    }


def constant_maturity_iv(rows: pa.Table, days: float) -> float:
    """Volatility at the forward so many days ahead, decimal; NaN where no slices lie on both sides of it.

    Parameters
    ----------
    rows
        ``SURFACE_SCHEMA`` of one snapshot.
    """
    years = days / 365.0
    fitted = rows.filter(rows.column("atm_iv").is_valid())
    times = ea.floats(fitted, "year_fraction")
    if not times.size or not times[0] <= years <= times[-1]:
        return float("nan")
    parameters = SviParameters.of(*(ea.floats(fitted, f"svi_{name}") for name in SviParameters.names()))
    return float(np.sqrt(total_variance_between(parameters, times, 0.0, years) / years))
