"""What a corporate action does to shares that the run holds or owes, and to orders for them."""

import math
from collections.abc import Iterator

from engine.backtest.contract_events import UnsupportedCorporateActionError
from engine.backtest.recorder import Recorder
from engine.corporate_actions.events import (
    CASH_PAYMENTS,
    DISTRIBUTIONS,
    SHARE_BASIS,
    ActionKind,
    CorporateAction,
)
from engine.execution.desk import OrderDesk
from engine.market.cursor import Step
from engine.portfolio.book import Book
from engine.portfolio.corporate_bookings import convert_leg, give_up_shares, pay_fraction, receive_shares
from engine.portfolio.ledger import is_whole
from engine.portfolio.package import Leg, Package
from engine.portfolio.shares import UnpricedSecurityError


class ShareEvents:
    """Books an event on every share leg of its security; a short owes what a holder gets.

    Fractions of shares that an event makes out of whole ones are paid in cash to the cent, package by package (a
    broker would do it once for the account: a simplification); holdings that were fractional before stay so.
    """

    def __init__(self, book: Book, desk: OrderDesk, recorder: Recorder) -> None:
        self._book = book
        self._desk = desk
        self._recorder = recorder

    def apply(self, action: CorporateAction, step: Step) -> None:
        security = self._book.shares.name(action.underlying)
        if action.kind in SHARE_BASIS:
            self._change_basis(action, security, step)
        elif action.kind in CASH_PAYMENTS:
            self._pay(action, security, step)
        elif action.kind in DISTRIBUTIONS:
            self._distribute(action, security, step)
        elif action.kind in (ActionKind.MERGER, ActionKind.LIQUIDATION):
            self._end(action, security, step)
        elif action.kind is ActionKind.SYMBOL_CHANGE:
            self._book.shares.rename(action.underlying, action.new_security)
            for package, leg in self._legs(security):
                self._event(step, package, leg.instrument, leg.quantity, 0.0, action)

    def _legs(self, security: str) -> Iterator[tuple[Package, Leg]]:
        for package in self._book.packages.values():
            for leg in package.open_legs():
                if leg.contract is None and leg.instrument == security:
                    yield package, leg

    def _change_basis(self, action: CorporateAction, security: str, step: Step) -> None:
        book, ratio = self._book, action.share_ratio
        book.shares.scale(security, 1.0 / ratio)
        self._desk.convert(book.shares.key(security), ratio)
        for package, leg in self._legs(security):
            before = leg.quantity
            convert_leg(book, step.ts_us, package, leg, ratio, 1.0)
            self._event(step, package, security, leg.quantity - before, 0.0, action)
            if is_whole(before):
                self._pay_fraction(action, package, leg, step)

    def _pay(self, action: CorporateAction, security: str, step: Step) -> None:
        book = self._book
        legs = list(self._legs(security))
        if legs:
            self._check_currency(action)
        mark = book.shares.mark(security)
        if legs and mark <= action.cash_amount:
            raise UnsupportedCorporateActionError(
                f"{action} pays more than the share is worth ({mark:g}); check its amount and unit in the source of "
                "corporate actions"
            )
        for package, leg in legs:
            shares = leg.quantity
            amount = shares * action.cash_amount
            book.pay_dividend(step.ts_us, package, amount)
            self._event(step, package, security, shares, amount, action)
        if not math.isnan(mark):
            book.shares.marks[security] = mark - action.cash_amount
        self._desk.reduce_buy_limits(book.shares.key(security), action.cash_amount)

    def _distribute(self, action: CorporateAction, security: str, step: Step) -> None:
        book, ratio = self._book, action.share_ratio
        legs = list(self._legs(security))
        child = book.shares.name(action.new_security)
        if not legs:
            self._note_price(child, action)
            return
        child_mark = book.shares.begin(child, action.security_value, step, what=str(action))
        parent_mark = book.shares.mark(security) - ratio * child_mark
        if not parent_mark > 0 and action.basis_kept is None:
            raise UnpricedSecurityError(
                f"{action}: {security} at {book.shares.mark(security):g} less {ratio:g} x {child_mark:g} leaves no "
                "value by which to divide the cost; state basis_kept and security_value in the record of the event"
            )
        kept = action.basis_kept
        if kept is None:
            kept = parent_mark / (parent_mark + ratio * child_mark)
        for package, leg in legs:
            was_whole = is_whole(leg.quantity)
            lots = leg.lots.give_basis(1.0 - kept, ratio)
            received = receive_shares(book, step.ts_us, package, child, lots, what=action.kind.value)
            self._event(step, package, child, sum(lot.quantity for lot in lots), 0.0, action)
            if was_whole:
                self._pay_fraction(action, package, received, step)
        if not math.isnan(parent_mark):
            book.shares.marks[security] = parent_mark

    def _end(self, action: CorporateAction, security: str, step: Step) -> None:
        """The share goes for cash, for shares of another, or for both."""
        book, cash = self._book, action.cash_amount
        legs = list(self._legs(security))
        self._desk.cancel_orders_for(book.shares.key(security), action.kind.value)
        paid_in_stock = bool(action.new_security)
        if legs and cash:
            self._check_currency(action)
        if not paid_in_stock:
            passed_on, ratio, child, child_mark = 0.0, 0.0, "", 0.0
        elif not legs:
            self._note_price(book.shares.name(action.new_security), action)
            return
        else:
            ratio, child = action.share_ratio, book.shares.name(action.new_security)
            child_mark = book.shares.begin(child, action.security_value, step, what=str(action))
            value = ratio * child_mark
            passed_on = value / (value + cash) if action.basis_kept is None else action.basis_kept
        for package, leg in legs:
            quantity = leg.quantity
            if paid_in_stock:
                lots = leg.lots.give_basis(passed_on, ratio)
                received = receive_shares(book, step.ts_us, package, child, lots, what=action.kind.value)
                self._event(step, package, child, sum(lot.quantity for lot in lots), 0.0, action)
            give_up_shares(book, step.ts_us, package, leg, cash, quantity * cash, what=action.kind.value)
            self._event(step, package, security, -quantity, quantity * cash, action)
            if not package.exit_reason:
                package.exit_reason = action.kind.value
            if paid_in_stock and is_whole(quantity):
                self._pay_fraction(action, package, received, step)
        book.shares.marks[security] = cash + ratio * child_mark

    def _note_price(self, security: str, action: CorporateAction) -> None:
        """No share is held, but an option may deliver the new security later."""
        if action.security_value is not None:
            self._book.shares.marks[security] = action.security_value

    def _pay_fraction(self, action: CorporateAction, package: Package, leg: Leg, step: Step) -> None:
        price = action.cash_in_lieu_price
        if price is None:
            price = self._book.shares.mark(leg.instrument)
        if math.isnan(price):
            if is_whole(leg.quantity):
                return
            raise UnpricedSecurityError(
                f"{action} leaves a fraction of a share of {leg.instrument}, which has no price; state "
                "cash_in_lieu_price in the record of the event"
            )
        fraction, cash = pay_fraction(self._book, step.ts_us, package, leg, price)
        if fraction:
            self._event(
                step, package, leg.instrument, -fraction, cash, action, kind="cash_in_lieu", price=price
            )

    def _check_currency(self, action: CorporateAction) -> None:
        if action.currency != self._book.currency:
            raise UnsupportedCorporateActionError(
                f"{action.underlying} pays {action.cash_amount:g} {action.currency} a share on "
                f"{action.effective_date}, the study's cash is {self._book.currency}; no exchange rates are built"
            )

    def _event(
        self,
        step: Step,
        package: Package,
        instrument: str,
        quantity: float,
        amount: float,
        action: CorporateAction,
        *,
        kind: str = "",
        price: float | None = None,
    ) -> None:
        note = f"{action.describe()}, ex {action.effective_date}"
        if price is not None:
            note += f", {price:.10g} for a whole share"
        plain = "dividend" if action.kind is ActionKind.CASH_DIVIDEND else action.kind.value
        self._recorder.event(
            step,
            kind or plain,
            package_id=package.package_id,
            instrument=instrument,
            quantity=quantity,
            amount=amount,
            note=note,
        )
