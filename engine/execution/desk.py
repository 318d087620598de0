"""The order desk: holds working orders, and fills whole packages or nothing."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from engine.backtest.study import StudySpec
from engine.execution.fees import option_fee, share_fee
from engine.execution.fill_model import LegPrice, Quote, Refusal, price_leg
from engine.execution.intents import SHARES, is_contract
from engine.execution.orders import NEVER, Order
from engine.instruments.terms import QuoteGrade
from engine.market.cursor import Step
from engine.portfolio.book import Book
from engine.portfolio.contracts import ContractDesk, ContractState
from engine.portfolio.ledger import is_whole
from engine.portfolio.package import Package

#: Shares and coins trade at the snapshot's spot: the chain carries no book for the underlying. This leaves
#: out its spread (a cent or so on the names that have listed options), which the study can charge as
#: ``fees.per_share``. Securities that a corporate action handed out trade at their last known close.
SPOT_GRADE = "spot"


@dataclass(frozen=True, slots=True)
class LegFill:
    """One leg of a filled order, as the fills table wants it."""

    order: Order
    leg: int
    contract: ContractState | None
    instrument: str
    quantity: float
    price: LegPrice
    bid: float
    ask: float
    multiplier: float
    fee: float
    grade: str
    quote_age_seconds: float


class OrderDesk:
    """Working orders of one run."""

    def __init__(
        self,
        study: StudySpec,
        book: Book,
        contracts: ContractDesk,
        *,
        on_fill: Callable[[Step, LegFill], None],
        on_refusal: Callable[[Step, Refusal], None],
        on_quote: Callable[[Quote | None], None],
        flag: Callable[[str], None],
    ) -> None:
        self._study = study
        self._book = book
        self._contracts = contracts
        self._on_fill = on_fill
        self._on_refusal = on_refusal
        self._on_quote = on_quote
        self._flag = flag
        self.working: list[Order] = []

    def submit(self, order: Order) -> None:
        self.working.append(order)

    def contract_ids(self) -> set[int]:
        return {c for order in self.working for c in order.quantities if is_contract(c)}

    def pending_entries(self) -> int:
        return sum(order.action == "open" for order in self.working)

    def cancel(self, reason: str, *, entries_only: bool = False, package_id: int | None = None) -> None:
        for order in self.working:
            if entries_only and order.action == "close":
                continue
            if package_id is not None and order.package_id != package_id:
                continue
            self._finish(order, "cancelled", reason)
        self._drop_finished()

    def convert(self, key: int, factor: float) -> None:
        """``factor`` contracts or shares for one: quantities grow, cash limits of a package stay.

        An order for whole numbers that would become one for fractions is taken off.
        """
        for order in self.working:
            if key not in order.quantities or factor == 1.0:
                continue
            before = order.quantities[key]
            after = before * factor
            if is_whole(before) and not is_whole(after):
                self._finish(order, "cancelled", "corporate_action")
            order.quantities = {**order.quantities, key: after}
        self._drop_finished()

    def reduce_buy_limits(self, key: int, cash: float) -> None:
        """A limit order that buys shares pays less by the dividend from the ex-date on; selling ones stay.

        FINRA rule 5330 for orders that rest over an ex-date.
        """
        for order in self.working:
            shares = order.quantities.get(key, 0.0)
            if order.limit_cash is not None and shares > 0:
                order.limit_cash -= shares * cash

    def cancel_orders_for(self, key: int, reason: str) -> None:
        """Cancel what opens or extends a package by this contract or security."""
        for order in self.working:
            if key in order.quantities:
                self._finish(order, "cancelled", reason)
        self._drop_finished()

    def process(self, step: Step) -> None:
        """Let every order that has arrived by this snapshot try to fill, oldest first."""
        lag = self._study.execution.lag_snapshots
        for order in self.working:
            # with a lag the order cannot trade before its decision was made, however late the feed was
            if step.index < order.earliest_index or (lag > 0 and step.ts_us < order.decided_us):
                continue
            if order.attempted_index == step.index:  # without lag the desk is asked twice a snapshot
                continue
            order.attempted_index = step.index
            if order.arrives_us == NEVER:
                order.arrives_us = step.ts_us
            self._attempt(order, step)
        self._drop_finished()

    def _attempt(self, order: Order, step: Step) -> None:
        package = self._book.packages.get(order.package_id)
        if order.action != "open" and package is None:
            self._finish(order, "cancelled", "package_closed")
            return
        quantities = order.quantities
        if order.action == "close":
            assert package is not None
            quantities = package.closing_quantities()
        if not quantities:
            self._finish(order, "cancelled", "nothing_to_trade")
            return
        expired = [c for c in quantities if is_contract(c) and self._contracts[c].settles_us <= step.ts_us]
        if expired:
            symbol = self._contracts[expired[0]].symbol
            self._on_refusal(step, Refusal("expired_contract", math.nan, math.nan, symbol))
            self._finish(order, "rejected", "expired_contract")
            return
        order.attempts += 1
        fills, refusals = self._price(order, quantities, step)
        if not refusals:
            refusals = self._afford(order, fills)
        if not refusals:
            self._fill(order, package, fills, step)
            return
        for refusal in refusals:
            self._on_refusal(step, refusal)
        if order.attempts >= order.time_in_force:
            self._finish(order, "expired", refusals[0].rule)

    def _price(
        self, order: Order, quantities: dict[int, float], step: Step
    ) -> tuple[list[LegFill], list[Refusal]]:
        fills: list[LegFill] = []
        refusals: list[Refusal] = []
        for contract_id, quantity in quantities.items():
            result = self.price_one(order, contract_id, quantity, step)
            if isinstance(result, Refusal):
                refusals.append(result)
            else:
                fills.append(result)
        return fills, refusals

    def price_one(self, order: Order, contract_id: int, quantity: float, step: Step) -> LegFill | Refusal:
        """Price one leg at this snapshot, nothing booked."""
        study = self._study
        if not is_contract(contract_id):
            return self._price_shares(order, contract_id, quantity, step)
        contract = self._contracts[contract_id]
        quote = contract.quote
        self._on_quote(quote)
        if quote is None:
            return Refusal("no_quote", math.nan, math.nan, f"{contract.symbol}: not in the snapshot")
        priced = price_leg(
            quote, quantity, study.execution, symbol=contract.symbol, closing=order.action == "close"
        )
        if isinstance(priced, Refusal):
            return priced
        return LegFill(
            order,
            0,
            contract,
            contract.symbol,
            quantity,
            priced,
            quote.bid,
            quote.ask,
            contract.multiplier,
            option_fee(study.fees, quantity, priced.modelled, contract.multiplier),
            QuoteGrade(quote.actual_grade).name.lower(),
            quote.age_seconds,
        )

    def _price_shares(self, order: Order, key: int, quantity: float, step: Step) -> LegFill | Refusal:
        """The underlying at the snapshot's spot, any other security at its last known price."""
        security = self._book.shares.security(key)
        price = step.spot if key == SHARES else self._book.shares.mark(security)
        if math.isnan(price):
            what = "the snapshot has no spot" if key == SHARES else "no price is known"
            return Refusal("no_spot", math.nan, math.nan, f"{security}: {what}")
        fee = share_fee(self._study.fees, quantity)
        at = LegPrice(price, price, price)
        return LegFill(order, 0, None, security, quantity, at, price, price, 1.0, fee, SPOT_GRADE, 0.0)

    def _afford(self, order: Order, fills: list[LegFill]) -> list[Refusal]:
        """Limit price, and cash for what is bought: the book lends nothing."""
        net = sum(f.quantity * f.multiplier * f.price.modelled for f in fills)
        if order.limit_cash is not None and net > order.limit_cash + 1e-9 * max(1.0, abs(net)):
            return [Refusal("limit_price", net, order.limit_cash, f"order {order.order_id}: net cash to pay")]
        cost = net + sum(f.fee for f in fills)
        if order.action != "close" and cost > 0:
            free = self._book.cash - sum(p.cash_secured for p in self._book.packages.values())
            if cost > free + 1e-9 * abs(cost):
                return [Refusal("cash", cost, free, f"order {order.order_id}: more than the free cash")]
        return []

    def _fill(self, order: Order, package: Package | None, fills: list[LegFill], step: Step) -> None:
        if package is None:
            package = Package(
                package_id=order.package_id,
                strategy=self._study.strategy.name,
                packages=order.packages,
                entry_us=step.ts_us,
                entry_day=step.trade_day,
                nav_at_entry=self._book.valuation().nav,
                risk_at_entry=order.risk_per_package * order.packages,
                cash_secured=order.cash_secured,
            )
            self._book.packages[order.package_id] = package
        for fill in fills:
            self.book_fill(order, package, fill, step)
        order.finish("filled")
        package.extending = False
        if order.action == "close":
            package.closing = False
            package.exit_reason = order.reason

    def book_fill(self, order: Order, package: Package, fill: LegFill, step: Step) -> None:
        """Book one priced leg and report it."""
        if fill.contract is None:
            self._book.shares.marks[fill.instrument] = fill.price.modelled
        elif math.isnan(fill.contract.mark_mid):
            # filled on a quote that gives no mark (bid only, or known later): one's own price is known
            fill.contract.mark_mid = fill.contract.mark_bid = fill.contract.mark_ask = fill.price.modelled
            fill.contract.mark_ts_us = step.ts_us
        if fill.price.abandoned:
            self._flag("abandoned_legs")
        if self._study.execution.max_size_fraction is not None and fill.contract is not None:
            quote = fill.contract.quote
            if quote is not None and math.isnan(quote.ask_size if fill.quantity > 0 else quote.bid_size):
                self._flag("size_cap_not_applied")
        leg = self._book.trade(
            step.ts_us,
            package,
            fill.contract,
            fill.quantity,
            fill.price,
            fill.fee,
            entry=order.action == "open",
            security=fill.instrument,
        )
        self._on_fill(step, replace(fill, leg=leg.index))

    def _finish(self, order: Order, status: str, reason: str) -> None:
        order.finish(status, reason)
        package = self._book.packages.get(order.package_id)
        if package is not None:
            if order.action == "close":
                package.closing = False
            elif order.action == "extend":
                package.extending = False

    def _drop_finished(self) -> None:
        self.working = [order for order in self.working if order.status == "working"]
