"""From a strategy's intents to orders: limits, sizing, and the price of limit orders."""

import math
from collections.abc import Mapping

from engine.backtest.recorder import Recorder
from engine.backtest.study import StudySpec
from engine.execution.desk import OrderDesk
from engine.execution.fill_model import Refusal
from engine.execution.intents import SHARES, OrderIntent
from engine.execution.orders import Order
from engine.instruments.terms import RootTerms
from engine.market.cursor import Step
from engine.portfolio.book import Book
from engine.portfolio.contracts import ContractDesk
from engine.risk.max_loss import PayoffLeg, max_loss
from engine.risk.sizing import COIN_CONTRACTS, WHOLE_CONTRACTS, packages_for_entry


class InvalidIntentError(ValueError):
    """A strategy asked for something that cannot be: a bug of the strategy."""


class Intake:
    """Makes orders; numbers them and the packages from 1."""

    def __init__(
        self,
        study: StudySpec,
        terms: Mapping[str, RootTerms],
        book: Book,
        contracts: ContractDesk,
        desk: OrderDesk,
        recorder: Recorder,
    ) -> None:
        self._study = study
        self._terms = terms
        self._book = book
        self._contracts = contracts
        self._desk = desk
        self._recorder = recorder
        self.next_order_id = 1
        self._next_package_id = 1

    def submit(self, intent: OrderIntent, step: Step, nav: float, *, may_open: bool) -> bool:
        """Turn one intent of the strategy into a working order; False, with the reason recorded, if refused."""
        limit = self._study.execution.order_type == "limit" or intent.limit_price is not None
        if intent.action == "close":
            return self.close(step, intent, limit=limit)
        if intent.action == "extend":
            return self._extend(step, intent, limit=limit)
        if not may_open:
            return self._refuse(
                step, "may_not_open", math.nan, math.nan, "halted, or max_open_packages reached"
            )
        return self._open(step, intent, nav, limit=limit)

    def close(self, step: Step, intent: OrderIntent, *, limit: bool = False) -> bool:
        """A closing order for a whole package; forced exits use it with ``limit`` False."""
        assert intent.package_id is not None
        package = self._book.packages.get(intent.package_id)
        if package is None:
            raise InvalidIntentError(f"package {intent.package_id} is not open; it cannot be closed")
        if not package.closing_quantities():
            return self._refuse(
                step, "pending_settlement", math.nan, math.nan, f"package {package.package_id}"
            )
        if package.closing:
            return self._refuse(step, "already_closing", math.nan, math.nan, f"package {package.package_id}")
        order = self._order(step, intent, package.package_id, package.packages, limit=limit)
        quantities = package.closing_quantities()
        order.note_legs(quantities)
        if limit and not self._set_limit(order, intent, quantities, step):
            return False
        package.closing = True
        return self._send(order)

    def _extend(self, step: Step, intent: OrderIntent, *, limit: bool) -> bool:
        package = self._book.packages.get(intent.package_id or 0)
        if package is None:
            raise InvalidIntentError(f"package {intent.package_id} is not open; it cannot be extended")
        if package.closing or package.extending:
            return self._refuse(step, "already_busy", math.nan, math.nan, f"package {package.package_id}")
        order = self._order(step, intent, package.package_id, package.packages, limit=limit)
        order.quantities = self._quantities(intent, package.packages, step)
        order.note_legs(order.quantities)
        if limit and not self._set_limit(order, intent, order.quantities, step):
            return False
        package.extending = True
        return self._send(order)

    def _open(self, step: Step, intent: OrderIntent, nav: float, *, limit: bool) -> bool:
        per_package = self._quantities(intent, 1.0, step)
        legs: list[PayoffLeg] = []
        coin = False
        for contract_id, quantity in per_package.items():
            if contract_id == SHARES:
                if math.isnan(step.spot):
                    return self._refuse(step, "no_spot", math.nan, math.nan, "shares cannot be sized")
                legs.append(PayoffLeg(None, 0.0, quantity, 1.0, step.spot))
                continue
            c = self._contracts.find(contract_id, step)
            mid = math.nan if c.quote is None else c.quote.mid
            if math.isnan(mid):
                return self._refuse(step, "no_price", math.nan, math.nan, f"{c.symbol}: no mid to size by")
            coin = coin or self._terms[c.root].coin_settled
            legs.append(PayoffLeg(c.right, c.strike, quantity, c.multiplier, mid))
        sizing = self._study.sizing
        loss, _ = max_loss(legs, step.spot, stress_move=sizing.stress_move, coin_settled=coin)
        unit = COIN_CONTRACTS if coin else WHOLE_CONTRACTS
        packages = packages_for_entry(sizing, nav, loss, contract_step=unit)
        if packages <= 0:
            budget = (sizing.risk_fraction or 0.0) * nav
            return self._refuse(step, "sizing", loss, budget, f"loss of one package against {budget:g}")
        secured = intent.cash_secured_per_package * packages
        reserved = sum(p.cash_secured for p in self._book.packages.values())
        free = self._book.cash - reserved - sum(order.cash_secured for order in self._desk.working)
        if secured > free:
            return self._refuse(step, "cash_secured", secured, free, "cash to secure against free cash")
        order = self._order(step, intent, self._next_package_id, packages, limit=limit)
        order.quantities = {c: q * packages for c, q in per_package.items()}
        order.note_legs(order.quantities)
        order.risk_per_package = loss
        order.cash_secured = secured
        if limit and not self._set_limit(order, intent, order.quantities, step):
            return False
        self._next_package_id += 1
        return self._send(order)

    def _quantities(self, intent: OrderIntent, packages: float, step: Step) -> dict[int, float]:
        for leg in intent.legs:
            if leg.contract_id != SHARES:
                self._contracts.find(leg.contract_id, step)
        return {leg.contract_id: leg.ratio * packages for leg in intent.legs}

    def _order(
        self, step: Step, intent: OrderIntent, package_id: int, packages: float, *, limit: bool
    ) -> Order:
        execution = self._study.execution
        return Order(
            order_id=self.next_order_id,
            package_id=package_id,
            action=intent.action,
            order_type="limit" if limit else "market",
            reason=intent.reason,
            packages=packages,
            decided_us=step.decision_us,
            earliest_index=step.index + execution.lag_snapshots,
            time_in_force=execution.limit_time_in_force_snapshots,
        )

    def _set_limit(self, order: Order, intent: OrderIntent, quantities: dict[int, float], step: Step) -> bool:
        """Limit: the intent's own, else what the modelled execution would pay at the decision's quotes."""
        if intent.limit_price is not None:
            order.limit_cash = intent.limit_price * order.packages
            return True
        net = 0.0
        for contract_id, quantity in quantities.items():
            priced = self._desk.price_one(order, contract_id, quantity, step)
            if isinstance(priced, Refusal):
                note = f"no limit price can be set: {priced.rule}, {priced.note}"
                return self._refuse(step, "limit_unpriced", priced.value, priced.limit, note)
            net += quantity * priced.multiplier * priced.price.modelled
        order.limit_cash = net
        return True

    def _send(self, order: Order) -> bool:
        self.next_order_id += 1
        self._recorder.order(order)
        self._desk.submit(order)
        return True

    def _refuse(self, step: Step, rule: str, value: float, limit: float, note: str) -> bool:
        self._recorder.rejection(step, Refusal(rule, value, limit, note))
        return False
