"""What a backtest leaves behind: typed column tables and one digest over them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Columns = dict[str, NDArray[Any]]

#: Column name -> kind: "i8" int64, "f8" float64 (NaN: undefined), "str", "bool". Times are *_us UTC
#: microseconds, dates *_days since 1970-01-01. Prices are per unit of underlying in ``currency``; quantities
#: are contracts (or shares, or coins) and signed from the holder's side: + bought, - sold.
RESULT_TABLES: Mapping[str, Mapping[str, str]] = {
    "orders": {
        "order_id": "i8",
        "package_id": "i8",
        "decided_us": "i8",
        "arrives_us": "i8",  # -1: it never reached the market
        "intent": "str",  # open, close
        "order_type": "str",  # market, limit
        "reason": "str",  # entry, profit_target, days_to_expiry, max_loss, halt, end_of_period, ...
        "packages": "f8",
        "legs": "str",  # what the order was to trade when decided: "contract_id:quantity;...", 0 for shares
        "limit_price": "f8",  # net cash per package, paid +, received -
        "status": "str",  # filled, cancelled, rejected, expired
        "status_reason": "str",
    },
    "fills": {
        "fill_id": "i8",
        "order_id": "i8",
        "package_id": "i8",
        "leg": "i8",
        "ts_us": "i8",
        "contract_id": "i8",  # 0 for shares or coins
        "instrument": "str",
        "quantity": "f8",
        "price": "f8",
        "bid": "f8",
        "ask": "f8",
        "multiplier": "f8",
        "fee": "f8",
        "currency": "str",
        "grade": "str",
        "quote_age_seconds": "f8",
    },
    "trades": {
        "package_id": "i8",
        "strategy": "str",
        "underlying": "str",
        "packages": "f8",
        "entry_us": "i8",
        "exit_us": "i8",
        "entry_value": "f8",  # cash received (+) or paid (-) at entry, without fees
        "exit_value": "f8",  # cash received (+) or paid (-) afterwards: closing, settlement, dividends
        "fees": "f8",
        "pnl": "f8",
        "pnl_at_mid": "f8",
        "pnl_at_worst": "f8",
        "return_on_risk": "f8",  # pnl / risk_at_entry
        "risk_at_entry": "f8",
        "exit_reason": "str",
        "currency": "str",
    },
    "trade_legs": {
        "package_id": "i8",
        "leg": "i8",
        "contract_id": "i8",
        "instrument": "str",
        "right": "str",  # C, P, or S for shares
        "strike": "f8",
        "expiry_days": "i8",
        "quantity": "f8",
        "entry_price": "f8",
        "exit_price": "f8",
        "multiplier": "f8",
    },
    "equity": {
        "ts_us": "i8",
        "trade_days": "i8",
        "nav": "f8",
        "cash": "f8",
        "marks": "f8",
        "nav_at_mid": "f8",
        "nav_at_worst": "f8",
        "nav_usd": "f8",
        "drawdown": "f8",
        "delta": "f8",  # units of underlying
        "gamma": "f8",
        "vega_per_vol_point": "f8",
        "theta_per_day": "f8",
        "open_packages": "i8",
        "exposure": "f8",  # |delta| * spot / nav
        "oldest_mark_seconds": "f8",
        "halted": "bool",
    },
    "events": {
        "ts_us": "i8",
        "kind": "str",  # expiry, exercise, assignment, dividend, split, halt, resume, proxy_settlement, ...
        "package_id": "i8",
        "instrument": "str",
        "quantity": "f8",
        "amount": "f8",
        "note": "str",
    },
    "rejections": {
        "ts_us": "i8",
        "rule": "str",
        "value": "f8",
        "limit": "f8",
        "note": "str",
    },
}

_DTYPES = {"i8": np.int64, "f8": np.float64, "bool": np.bool_, "str": object}


def columns_from_records(table: str, records: Sequence[Mapping[str, Any]]) -> Columns:
    """Rows as typed columns of ``RESULT_TABLES[table]``.

    Raises
    ------
    ValueError
        If a row lacks a column or has one that the table doesn't know.
    """
    spec = RESULT_TABLES[table]
    for row in records:
        if row.keys() != spec.keys():
            odd = sorted(set(row) ^ set(spec))
            raise ValueError(f"{table}: row and table differ in {', '.join(odd)}")
    return {
        name: np.array([row[name] for row in records], dtype=_DTYPES[kind]) for name, kind in spec.items()
    }


@dataclass(frozen=True)
class BacktestResult:
    """One run of one study over one range.

    Attributes
    ----------
    tables
        The column tables of ``RESULT_TABLES``, every one present, rows in order of time.
    totals
        ``pnl``, ``pnl_at_mid``, ``pnl_at_worst``, ``fees``, ``nav_start``, ``nav_end`` in the base currency.
    coverage
        How many quotes the run needed, how many existed, how many were firm: ``quotes_needed``,
        ``quotes_present``, ``quotes_firm``, ``coverage`` (present / needed).
    flags
        What a reader must know before believing the numbers (``settled_by_proxy``, ``halted``, ...).
    """

    tables: Mapping[str, Columns]
    totals: Mapping[str, float]
    coverage: Mapping[str, float]
    flags: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def digest(self) -> str:
        """SHA-256 over the canonical typed rows of every table, totals, coverage and flags."""
        h = hashlib.sha256()
        for table, spec in RESULT_TABLES.items():
            columns = self.tables[table]
            for name, kind in spec.items():
                h.update(f"{table}.{name}:{kind}:{len(columns[name])};".encode())
                h.update(_canonical_bytes(columns[name], kind))
        for label, mapping in (("totals", self.totals), ("coverage", self.coverage)):
            for key in sorted(mapping):
                h.update(f"{label}.{key}".encode())
                h.update(_canonical_bytes(np.array([mapping[key]], dtype=np.float64), "f8"))
        h.update("|".join(self.flags).encode())
        return h.hexdigest()


def _canonical_bytes(column: NDArray[Any], kind: str) -> bytes:
    if kind == "str":
        return b"".join(len(b).to_bytes(4, "little") + b for b in (str(v).encode() for v in column))
    if kind == "f8":
        # one zero and one NaN, so that equal values have equal bytes
        values = np.where(np.isnan(column), np.nan, column + 0.0)
        return values.astype("<f8").tobytes()
    return column.astype("<i8").tobytes()
