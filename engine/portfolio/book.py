"""The book: ledger, packages and marks together, and the proof that they say the same."""

import math
from dataclasses import dataclass

from engine.execution.fill_model import LegPrice
from engine.execution.intents import SHARES
from engine.portfolio.contracts import ContractState
from engine.portfolio.ledger import Asset, Ledger, LedgerError, Posting, transfer
from engine.portfolio.package import Leg, Package

#: Relative tolerance of every identity that is checked.
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Valuation:
    """NAV three ways, in the base currency.

    ``nav`` is ledger cash (modelled fills) plus marks at mid; ``nav_at_mid`` the same trades filled at mid and
    marked at mid; ``nav_at_worst`` filled at the worst side and marked where they could be closed at once
    (long at bid, short at ask). Fees are in all three.
    """

    nav: float
    cash: float
    marks: float
    nav_at_mid: float
    nav_at_worst: float


class Book:
    """Positions of one run in one base currency and one underlying."""

    def __init__(self, capital: float, currency: str, underlying: str, start_us: int) -> None:
        self.capital = capital
        self.currency = currency
        self.underlying = underlying
        self.ledger = Ledger()
        self.cash_asset = Asset(currency, currency)
        self.share_asset = Asset(f"share:{underlying}", currency)
        self.packages: dict[int, Package] = {}
        #: price of one share or coin in the base currency at its last known snapshot
        self.share_mark = math.nan
        self._closed_pnl = 0.0
        self._closed_flow_mid = 0.0
        self._closed_flow_worst = 0.0
        self._gross = abs(capital)
        self.ledger.post(start_us, "capital", transfer("capital", self.cash_asset, capital))

    @property
    def cash(self) -> float:
        return self.ledger.balance(self.cash_asset)

    def option_asset(self, contract_id: int) -> Asset:
        return Asset(f"option:{contract_id}", self.currency)

    def asset(self, leg: Leg) -> Asset:
        return self.share_asset if leg.contract is None else self.option_asset(leg.contract.contract_id)

    def trade(
        self,
        ts_us: int,
        package: Package,
        contract: ContractState | None,
        quantity: float,
        price: LegPrice,
        fee: float,
        *,
        entry: bool,
    ) -> Leg:
        """Book one fill: the instrument against cash with the market, the fee with the venue."""
        contract_id, instrument = (
            (SHARES, self.underlying) if contract is None else (contract.contract_id, contract.symbol)
        )
        leg = package.leg(contract_id, instrument, contract)
        units = quantity * leg.lots.multiplier
        cash = -units * price.modelled
        postings: list[Posting] = [
            *transfer("market", self.asset(leg), quantity),
            *transfer("market", self.cash_asset, cash),
        ]
        if fee:
            postings += transfer("fees", self.cash_asset, -fee)
        self.ledger.post(ts_us, f"fill of package {package.package_id}: {instrument}", postings)
        leg.lots.apply(quantity, price.modelled)
        if entry:
            package.entry_value += cash
        else:
            package.later_value += cash
        package.flow_mid -= units * price.mid
        package.flow_worst -= units * price.worst
        package.fees += fee
        self._gross += abs(cash)
        return leg

    def settle_in_cash(self, ts_us: int, package: Package, leg: Leg, value: float, fee: float) -> float:
        """An option ends: it goes, ``value`` per unit of underlying comes. Returns the cash that moved."""
        quantity = leg.quantity
        cash = quantity * leg.lots.multiplier * value
        self._retire(ts_us, package, leg, value, cash, fee, ())
        return cash

    def deliver(
        self, ts_us: int, package: Package, leg: Leg, shares: float, strike: float, fee: float
    ) -> float:
        """An option is exercised or assigned: it goes at 0, ``shares`` come at the strike. Returns the cash."""
        cash = -shares * strike
        share_leg = package.leg(SHARES, self.underlying, None)
        self._retire(ts_us, package, leg, 0.0, cash, fee, transfer("settlement", self.share_asset, shares))
        share_leg.lots.apply(shares, strike)
        return cash

    def _retire(
        self,
        ts_us: int,
        package: Package,
        leg: Leg,
        price: float,
        cash: float,
        fee: float,
        more: tuple[Posting, ...],
    ) -> None:
        quantity = leg.quantity
        postings: list[Posting] = [
            *transfer("settlement", self.asset(leg), -quantity),
            *transfer("settlement", self.cash_asset, cash),
            *more,
        ]
        if fee:
            postings += transfer("fees", self.cash_asset, -fee)
        self.ledger.post(ts_us, f"settlement of package {package.package_id}: {leg.instrument}", postings)
        leg.lots.apply(-quantity, price)
        self._add_flow(package, cash)
        package.fees += fee

    def pay_dividend(self, ts_us: int, package: Package, amount: float) -> None:
        self.ledger.post(
            ts_us,
            f"dividend of package {package.package_id}",
            transfer("dividends", self.cash_asset, amount),
        )
        self._add_flow(package, amount)
        package.dividends += amount

    def _add_flow(self, package: Package, cash: float) -> None:
        package.later_value += cash
        package.flow_mid += cash
        package.flow_worst += cash
        self._gross += abs(cash)

    def split_leg(self, ts_us: int, package: Package, leg: Leg, ratio: float) -> None:
        before = leg.quantity
        leg.lots.split(ratio)
        self.ledger.post(
            ts_us,
            f"split of package {package.package_id}: {leg.instrument}",
            transfer("corporate_actions", self.asset(leg), leg.quantity - before),
        )

    def retire_package(self, package: Package) -> None:
        """Take a package without open legs off the book."""
        del self.packages[package.package_id]
        self._closed_pnl += package.realized_from_lots()
        self._closed_flow_mid += package.flow_mid - package.fees
        self._closed_flow_worst += package.flow_worst - package.fees

    def valuation(self) -> Valuation:
        packages = self.packages.values()
        marks = sum(p.marks(self.share_mark) for p in packages)
        return Valuation(
            nav=self.cash + marks,
            cash=self.cash,
            marks=marks,
            nav_at_mid=self.capital
            + self._closed_flow_mid
            + marks
            + sum(p.flow_mid - p.fees for p in packages),
            nav_at_worst=(
                self.capital
                + self._closed_flow_worst
                + sum(p.flow_worst - p.fees + p.marks(self.share_mark, worst=True) for p in packages)
            ),
        )

    def check(self, ts_us: int) -> Valuation:
        """Value the book and prove it.

        Every holding of the ledger equals the sum of its lots; cash plus ledger holdings at their marks equals
        the capital plus the profit of all lots.

        Raises
        ------
        LedgerError
            Naming the identity that fails and both sides.
        """
        lots: dict[Asset, float] = {}
        marks: dict[Asset, float] = {}
        for package in self.packages.values():
            for leg in package.open_legs():
                asset = self.asset(leg)
                lots[asset] = lots.get(asset, 0.0) + leg.quantity
                marks[asset] = (
                    self.share_mark if leg.contract is None else leg.contract.mark_mid * leg.lots.multiplier
                )
        held = self.ledger.holdings()
        for asset in lots.keys() | {a for a in held if a != self.cash_asset}:
            a, b = lots.get(asset, 0.0), held.get(asset, 0.0)
            if not abs(a - b) <= TOLERANCE * max(1.0, abs(a), abs(b)):
                raise LedgerError(f"at {ts_us}: lots hold {a!r} of {asset.asset}, the ledger {b!r}")
        from_ledger = self.cash + sum(held.get(a, 0.0) * mark for a, mark in marks.items())
        from_lots = (
            self.capital
            + self._closed_pnl
            + sum(p.pnl_from_lots(self.share_mark) for p in self.packages.values())
        )
        if not abs(from_ledger - from_lots) <= TOLERANCE * max(self._gross, abs(from_ledger)):
            raise LedgerError(
                f"at {ts_us}: cash and marks are {from_ledger!r}, capital and the profit of lots {from_lots!r}"
            )
        value = self.valuation()
        if not abs(value.nav - from_ledger) <= TOLERANCE * max(self._gross, abs(from_ledger)):
            raise LedgerError(f"at {ts_us}: NAV is {value.nav!r}, cash and marks are {from_ledger!r}")
        return value
