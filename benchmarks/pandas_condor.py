"""The peer of the backtest benchmark: an iron condor written for one purpose, with pandas groupby.

The same rules as the study that it is compared with: entry nearest to 45 days at 16 and 5 delta, decision on one
snapshot and fill on the next at mid plus a fraction of the half spread (one-sided quotes at their only side), exit at
half the credit or 21 days, marked daily at mid. No ledger, no limits, no records of what was passed over.
"""

from typing import Any

import numpy as np
import pandas as pd

DAYS, EXIT_DAYS, TOLERANCE_DAYS = 45, 21, 15
SHORT, WING, TOLERANCE = 0.16, 0.05, 0.10
PROFIT_TARGET, SLIPPAGE, FEE = 0.5, 0.75, 1.15
FILLABLE = (0, 1, 2)  # firm, one-sided, wide


def condors(chain: pd.DataFrame) -> pd.DataFrame:
    """Entry, exit and net profit of every condor that was closed by a rule, in dollars of one package."""
    trades: list[dict[str, Any]] = []
    position: dict[str, Any] | None = None
    order: list[tuple[int, float]] | None = None  # legs to open at the next snapshot
    closing = False
    marks: dict[int, float] = {}
    for ts, day in chain.groupby("ts_us", sort=True):
        legs = position["legs"] if position else (order or [])
        rows = day[day.contract_id.isin([c for c, _ in legs])].set_index("contract_id") if legs else None
        if rows is not None:
            for contract, row in rows.iterrows():
                mid = _mark(row)
                if mid is not None:
                    marks[int(contract)] = mid
        if order is not None:
            cash = _fill(rows, order, closing=False)
            if cash is not None:
                position = {"legs": order, "entry_us": ts, "credit": cash, "expiry": rows.expiry_days.iloc[0]}
            order = None
        elif position and closing:
            cash = _fill(rows, [(c, -q) for c, q in position["legs"]], closing=True)
            if cash is not None:
                fees = 2 * FEE * len(position["legs"])
                trades.append(
                    {"entry_us": position["entry_us"], "exit_us": ts, "pnl": position["credit"] + cash - fees}
                )
                position = None
            closing = False
        today = int(day.trade_days.iloc[0])
        if position:
            value = sum(q * 100.0 * marks[c] for c, q in position["legs"])
            profit = position["credit"] + value
            credit = position["credit"]
            closing = (credit > 0 and profit >= PROFIT_TARGET * credit - 1e-9 * credit) or (
                position["expiry"] - today <= EXIT_DAYS
            )
        else:
            order = _entry(day, today)
    return pd.DataFrame(trades)


def _mark(row: pd.Series) -> float | None:
    if np.isnan(row.ask) or row.bid > row.ask:
        return None
    return row.ask / 2.0 if np.isnan(row.bid) else (row.bid + row.ask) / 2.0


def _fill(rows: pd.DataFrame, legs: list[tuple[int, float]], *, closing: bool) -> float | None:
    """Cash received for all legs, None where one cannot fill; a long leg without a bid is given up at 0."""
    cash = 0.0
    for contract, quantity in legs:
        if contract not in rows.index:
            return None
        row = rows.loc[contract]
        if row.grade not in FILLABLE:
            return None
        touch = row.ask if quantity > 0 else row.bid
        if np.isnan(touch):
            if quantity > 0 or not closing:
                return None
            price = 0.0
        elif np.isnan(row.bid) or np.isnan(row.ask):
            price = touch
        else:
            half = SLIPPAGE * (row.ask - row.bid) / 2.0
            price = max((row.bid + row.ask) / 2.0 + (half if quantity > 0 else -half), 0.0)
        cash -= quantity * 100.0 * price
    return cash


def _entry(day: pd.DataFrame, today: int) -> list[tuple[int, float]] | None:
    days = day.expiry_days.unique() - today
    days = days[days > EXIT_DAYS]
    if not len(days):
        return None
    wanted = days[np.argmin(np.abs(days - DAYS))]
    if abs(wanted - DAYS) > TOLERANCE_DAYS:
        return None
    expiry = day[(day.expiry_days == today + wanted) & (day.ask > day.bid) & (day.grade < 4)]
    found = []
    for right, sign in ((1, -1.0), (0, 1.0)):
        side = expiry[(expiry.right == right) & expiry.delta.notna()]
        pair = [_nearest(side, delta, sign) for delta in (SHORT, WING)]
        if any(p is None for p in pair) or sign * (pair[1].strike - pair[0].strike) <= 0:
            return None
        found.append(pair)
    (short_put, wing_put), (short_call, wing_call) = found
    mid = {id(p): (p.bid + p.ask) / 2.0 for pair in found for p in pair}
    credit = mid[id(short_put)] + mid[id(short_call)] - mid[id(wing_put)] - mid[id(wing_call)]
    if short_put.strike >= short_call.strike or credit <= 0:
        return None
    legs = ((wing_put, 1.0), (short_put, -1.0), (short_call, -1.0), (wing_call, 1.0))
    return [(int(p.contract_id), q) for p, q in legs]


def _nearest(side: pd.DataFrame, delta: float, sign: float) -> Any:
    """The row nearest in absolute delta; ties: further out of the money."""
    if side.empty:
        return None
    distance = (side.delta.abs() - delta).abs().round(12)
    keys = pd.DataFrame({"distance": distance, "outward": -sign * side.strike, "id": side.contract_id})
    best = keys.sort_values(["distance", "outward", "id"]).index[0]
    # as a tuple, not a Series: that would make floats of the contract ids
    return next(side.loc[[best]].itertuples()) if distance.loc[best] <= TOLERANCE else None
