"""The end of the period: everything is closed at the last snapshot, by a stated rule."""

import math

from engine.backtest.recorder import Recorder
from engine.backtest.study import FeeSpec
from engine.execution.desk import LegFill, OrderDesk
from engine.execution.fees import option_fee, share_fee
from engine.execution.fill_model import LegPrice, Refusal
from engine.execution.orders import Order
from engine.market.cursor import Step
from engine.portfolio.book import Book
from engine.portfolio.package import Leg

STALE_MARK = "stale_mark"


def close_everything(
    step: Step, book: Book, desk: OrderDesk, fees: FeeSpec, recorder: Recorder, first_order_id: int
) -> None:
    """Close every package with one market order each against this snapshot's quotes, without lag.

    A leg that the study's execution cannot fill here is closed at the worst side of its last mark (a long at
    the last bid, a short at the last ask), and the run is flagged ``closed_on_stale_mark``. Working orders are
    cancelled first.
    """
    desk.cancel("end_of_period")
    for order_id, package in enumerate(list(book.packages.values()), start=first_order_id):
        order = Order(
            order_id=order_id,
            package_id=package.package_id,
            action="close",
            order_type="market",
            reason="end_of_period",
            packages=package.packages,
            decided_us=step.decision_us,
            earliest_index=step.index,
            time_in_force=1,
            arrives_us=step.ts_us,
            attempts=1,
        )
        order.note_legs(package.closing_quantities())
        recorder.order(order)
        stale = False
        for contract_id, leg in package.legs.items():
            if not leg.lots.lots:
                continue
            fill = desk.price_one(order, contract_id, -leg.quantity, step)
            if isinstance(fill, Refusal):
                recorder.rejection(step, fill)
                recorder.flag("closed_on_stale_mark")
                stale = True
                fill = _at_last_mark(order, leg, book, fees, step)
            desk.book_fill(order, package, fill, step)
        order.finish("filled", "closed_on_stale_mark" if stale else "")
        package.exit_reason = order.reason


def _at_last_mark(order: Order, leg: Leg, book: Book, fees: FeeSpec, step: Step) -> LegFill:
    contract, quantity = leg.contract, -leg.quantity
    if contract is None:
        mark = book.shares.mark(leg.instrument)
        return LegFill(
            order,
            leg.index,
            None,
            leg.instrument,
            quantity,
            LegPrice(mark, mark, mark),
            math.nan,
            math.nan,
            1.0,
            share_fee(fees, quantity),
            STALE_MARK,
            math.nan,
        )
    worst = contract.mark_ask if quantity > 0 else contract.mark_bid
    return LegFill(
        order,
        leg.index,
        contract,
        contract.symbol,
        quantity,
        LegPrice(worst, contract.mark_mid, worst),
        contract.mark_bid,
        contract.mark_ask,
        contract.multiplier,
        option_fee(fees, quantity, worst, contract.multiplier),
        STALE_MARK,
        (step.ts_us - contract.mark_ts_us) / 1e6,
    )
