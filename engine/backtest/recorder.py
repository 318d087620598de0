"""Collects the rows of a run as it goes, and turns them into the result."""

import math
from collections.abc import Mapping
from typing import Any

from engine.backtest.result import BacktestResult, columns_from_records
from engine.execution.desk import LegFill
from engine.execution.fill_model import Quote, Refusal
from engine.execution.orders import Order
from engine.instruments.terms import QuoteGrade
from engine.market.cursor import Step
from engine.portfolio.package import Leg, Package

Row = dict[str, Any]


class Recorder:
    """Tables of one run. Every look of the engine at an option's quote (to mark it, to fill it) counts for
    coverage: it was needed; it was present if a row gave it a usable price; it was firm if graded so."""

    def __init__(self, currency: str) -> None:
        self._currency = currency
        self._orders: list[Order] = []
        self._fills: list[Row] = []
        self._trades: list[Row] = []
        self._trade_legs: list[Row] = []
        self._equity: list[Row] = []
        self._events: list[Row] = []
        self._rejections: list[Row] = []
        self._flags: set[str] = set()
        self._needed = self._present = self._firm = 0

    def order(self, order: Order) -> None:
        self._orders.append(order)

    def flag(self, flag: str) -> None:
        self._flags.add(flag)

    def quote(self, quote: Quote | None) -> None:
        """One quote was needed; ``quote`` is what was there."""
        self._needed += 1
        if quote is None:
            return
        grade = quote.actual_grade
        self._present += grade not in (QuoteGrade.NO_QUOTE, QuoteGrade.CROSSED)
        self._firm += grade is QuoteGrade.FIRM

    def fill(self, step: Step, fill: LegFill) -> None:
        self._fills.append(
            {
                "fill_id": len(self._fills) + 1,
                "order_id": fill.order.order_id,
                "package_id": fill.order.package_id,
                "leg": fill.leg,
                "ts_us": step.ts_us,
                "contract_id": 0 if fill.contract is None else fill.contract.contract_id,
                "instrument": fill.instrument,
                "quantity": fill.quantity,
                "price": fill.price.modelled,
                "bid": fill.bid,
                "ask": fill.ask,
                "multiplier": fill.multiplier,
                "fee": fill.fee,
                "currency": self._currency,
                "grade": fill.grade,
                "quote_age_seconds": fill.quote_age_seconds,
            }
        )

    def rejection(self, step: Step, refusal: Refusal) -> None:
        self._rejections.append(
            {
                "ts_us": step.ts_us,
                "rule": refusal.rule,
                "value": refusal.value,
                "limit": refusal.limit,
                "note": refusal.note,
            }
        )

    def event(
        self,
        step: Step,
        kind: str,
        *,
        package_id: int = 0,
        instrument: str = "",
        quantity: float = math.nan,
        amount: float = math.nan,
        note: str = "",
    ) -> None:
        self._events.append(
            {
                "ts_us": step.ts_us,
                "kind": kind,
                "package_id": package_id,
                "instrument": instrument,
                "quantity": quantity,
                "amount": amount,
                "note": note,
            }
        )

    def equity(self, row: Row) -> None:
        self._equity.append(row)

    def trade(self, step: Step, package: Package, underlying: str) -> None:
        """A package is over."""
        pnl = package.flow - package.fees
        self._trades.append(
            {
                "package_id": package.package_id,
                "strategy": package.strategy,
                "underlying": underlying,
                "packages": package.packages,
                "entry_us": package.entry_us,
                "exit_us": step.ts_us,
                "entry_value": package.entry_value,
                "exit_value": package.later_value,
                "fees": package.fees,
                "pnl": pnl,
                "pnl_at_mid": package.flow_mid - package.fees,
                "pnl_at_worst": package.flow_worst - package.fees,
                "return_on_risk": package.return_on_risk(pnl),
                "risk_at_entry": package.risk_at_entry,
                "exit_reason": package.exit_reason,
                "currency": self._currency,
            }
        )
        for leg in package.legs.values():
            self._trade_legs.append(_leg_row(package, leg))

    def result(self, *, nav_start: float, parameters: Mapping[str, Any]) -> BacktestResult:
        """All tables, totals, coverage and flags."""
        orders = [_order_row(order) for order in self._orders]
        last = self._equity[-1]
        tables = {
            "orders": orders,
            "fills": self._fills,
            "trades": self._trades,
            "trade_legs": self._trade_legs,
            "equity": self._equity,
            "events": self._events,
            "rejections": self._rejections,
        }
        return BacktestResult(
            tables={name: columns_from_records(name, rows) for name, rows in tables.items()},
            totals={
                "pnl": last["nav"] - nav_start,
                "pnl_at_mid": last["nav_at_mid"] - nav_start,
                "pnl_at_worst": last["nav_at_worst"] - nav_start,
                "fees": math.fsum(trade["fees"] for trade in self._trades),
                "nav_start": nav_start,
                "nav_end": last["nav"],
            },
            coverage={
                "quotes_needed": float(self._needed),
                "quotes_present": float(self._present),
                "quotes_firm": float(self._firm),
                "coverage": self._present / self._needed if self._needed else math.nan,
            },
            flags=tuple(sorted(self._flags)),
            parameters=dict(parameters),
        )

    def trades_pnl(self) -> float:
        return math.fsum(trade["pnl"] for trade in self._trades)


def _order_row(order: Order) -> Row:
    return {
        "order_id": order.order_id,
        "package_id": order.package_id,
        "decided_us": order.decided_us,
        "arrives_us": order.arrives_us,
        "intent": order.intent,
        "order_type": order.order_type,
        "reason": order.reason,
        "packages": order.packages,
        "legs": order.decided_legs,
        "limit_price": (
            math.nan if order.limit_cash is None or not order.packages else order.limit_cash / order.packages
        ),
        "status": order.status,
        "status_reason": order.status_reason,
    }


def _leg_row(package: Package, leg: Leg) -> Row:
    contract, lots = leg.contract, leg.lots
    return {
        "package_id": package.package_id,
        "leg": leg.index,
        "contract_id": 0 if contract is None else contract.contract_id,
        "instrument": leg.instrument if contract is None else contract.symbol,
        "right": "S" if contract is None else contract.right.value,
        "strike": math.nan if contract is None else contract.strike,
        "expiry_days": 0 if contract is None else contract.expiry_days,
        "quantity": lots.opened_signed,
        "entry_price": lots.average_entry,
        "exit_price": lots.average_exit,
        "multiplier": lots.multiplier,
    }
