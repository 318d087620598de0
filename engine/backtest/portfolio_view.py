"""The book as a strategy may see it: values, no handles."""

from collections.abc import Mapping

from engine.execution.intents import SHARES
from engine.portfolio.book import Book, Valuation
from engine.portfolio.package import Package
from engine.portfolio.view import OptionLegView, PackageView, PortfolioView


def portfolio_view(book: Book, value: Valuation, *, can_open: bool, halted: bool) -> PortfolioView:
    """Immutable copy of what the strategy needs to decide."""
    return PortfolioView(
        nav=value.nav,
        cash=value.cash,
        packages=tuple(_package_view(p, book.shares.marks) for p in book.packages.values()),
        can_open=can_open,
        halted=halted,
    )


def _package_view(package: Package, share_marks: Mapping[str, float]) -> PackageView:
    options = tuple(
        OptionLegView(
            contract_id=leg.contract.contract_id,
            root=leg.contract.root,
            right=leg.contract.right,
            strike=leg.contract.strike,
            multiplier=leg.contract.multiplier,
            expiry_days=leg.contract.expiry_days,
            quantity=leg.quantity,
            mark=leg.contract.mark_mid,
        )
        for leg in package.open_legs()
        if leg.contract is not None
    )
    shares = package.legs.get(SHARES)
    return PackageView(
        package_id=package.package_id,
        packages=package.packages,
        entry_us=package.entry_us,
        entry_day=package.entry_day,
        entry_value=package.entry_value,
        profit_before_fees=package.flow + package.marks(share_marks),
        options=options,
        shares=0.0 if shares is None else shares.quantity,
        other_securities=tuple(
            (leg.instrument, leg.quantity)
            for key, leg in package.legs.items()
            if leg.contract is None and key != SHARES and leg.lots.lots
        ),
        # with nothing but options that wait for their settlement price there is nothing to trade
        busy=package.closing or package.extending or not package.closing_quantities(),
    )
