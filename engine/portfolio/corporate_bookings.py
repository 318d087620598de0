"""Entries by which corporate actions change a package's legs: nothing is gained or lost but what is paid out."""

import math

from engine.corporate_actions.memos import to_the_cent
from engine.portfolio.book import Book
from engine.portfolio.ledger import ZERO, Posting, transfer
from engine.portfolio.lots import Lot
from engine.portfolio.package import Leg, Package

_ACCOUNT = "corporate_actions"


def convert_leg(
    book: Book, ts_us: int, package: Package, leg: Leg, quantity_factor: float, multiplier: float
) -> None:
    """``quantity_factor`` contracts (or shares) for one, of ``multiplier`` units each, at the same total cost."""
    before = leg.quantity
    leg.lots.convert(quantity_factor, multiplier)
    book.ledger.post(
        ts_us,
        f"conversion of package {package.package_id}: {leg.instrument}",
        transfer(_ACCOUNT, book.asset(leg), leg.quantity - before),
    )


def receive_shares(
    book: Book, ts_us: int, package: Package, security: str, lots: list[Lot], *, what: str
) -> Leg:
    """Shares come (or, to a short, are owed) at the cost that their lots bring; an opposite holding closes."""
    leg = book.share_leg(package, security)
    book.ledger.post(
        ts_us,
        f"{what} of package {package.package_id}: {security}",
        transfer(_ACCOUNT, book.asset(leg), sum(lot.quantity for lot in lots)),
    )
    leg.lots.take(lots)
    return leg


def give_up_shares(
    book: Book, ts_us: int, package: Package, leg: Leg, price: float, cash: float, *, what: str
) -> None:
    """A share leg ends: it goes at ``price`` per share, ``cash`` comes."""
    _pay_out(book, ts_us, package, leg, leg.quantity, price, cash, what)


def pay_fraction(book: Book, ts_us: int, package: Package, leg: Leg, price: float) -> tuple[float, float]:
    """Cash in lieu of the fraction of a share in a leg, to the cent: (fraction, cash), both signed.

    A short owes the cash. Returns zeros, and books nothing, where there is no fraction.
    """
    quantity = leg.quantity
    # float noise around a whole number is no fraction
    whole = float(round(quantity)) if abs(quantity - round(quantity)) < ZERO else math.trunc(quantity)
    fraction = quantity - whole
    if abs(fraction) < ZERO:
        return 0.0, 0.0
    cash = math.copysign(to_the_cent(abs(fraction) * price), fraction)
    _pay_out(book, ts_us, package, leg, fraction, cash / fraction, cash, "cash in lieu")
    return fraction, cash


def _pay_out(
    book: Book, ts_us: int, package: Package, leg: Leg, quantity: float, price: float, cash: float, what: str
) -> None:
    postings: list[Posting] = [*transfer(_ACCOUNT, book.asset(leg), -quantity)]
    if cash:
        postings += transfer(_ACCOUNT, book.cash_asset, cash)
    book.ledger.post(ts_us, f"{what} of package {package.package_id}: {leg.instrument}", postings)
    leg.lots.apply(-quantity, price)
    book.add_flow(package, cash)
