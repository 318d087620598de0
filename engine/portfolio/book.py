"""The book: ledger, packages and marks together, and the proof that they say the same."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.execution.delivery import Delivery
from engine.execution.fill_model import LegPrice
from engine.portfolio.contracts import ContractState
from engine.portfolio.ledger import Asset, Ledger, LedgerError, Posting, transfer
from engine.portfolio.package import Leg, Package
from engine.portfolio.shares import Shares

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
    """Positions of one run in one base currency: options of one underlying, and shares."""

    def __init__(self, capital: float, currency: str, shares: Shares, start_us: int) -> None:
        self.capital = capital
        self.currency = currency
        self.shares = shares
        self.ledger = Ledger()
        self.cash_asset = Asset(currency, currency)
        self.packages: dict[int, Package] = {}
        self._closed_pnl = 0.0
        self._closed_flow_mid = 0.0
        self._closed_flow_worst = 0.0
        self._gross = abs(capital)
        self.ledger.post(start_us, "capital", transfer("capital", self.cash_asset, capital))

    @property
    def cash(self) -> float:
        return self.ledger.balance(self.cash_asset)

    @property
    def underlying(self) -> str:
        return self.shares.underlying

    @property
    def share_mark(self) -> float:
        """Price of one share or coin of the underlying in the base currency at its last known snapshot."""
        return self.shares.mark(self.underlying)

    @share_mark.setter
    def share_mark(self, price: float) -> None:
        self.shares.marks[self.underlying] = price

    def asset(self, leg: Leg) -> Asset:
        kind, name = (
            ("share", leg.instrument) if leg.contract is None else ("option", str(leg.contract.contract_id))
        )
        return Asset(f"{kind}:{name}", self.currency)

    def share_leg(self, package: Package, security: str) -> Leg:
        """The package's leg of a security, made if it has none yet."""
        return package.leg(self.shares.key(security), security, None)

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
        security: str | None = None,
    ) -> Leg:
        """Book one fill: the instrument against cash with the market, the fee with the venue.

        ``security`` names the shares where ``contract`` is None; None: the underlying.
        """
        if contract is None:
            leg = self.share_leg(package, security or self.underlying)
        else:
            leg = package.leg(contract.contract_id, contract.symbol, contract)
        units = quantity * leg.lots.multiplier
        cash = -units * price.modelled
        postings: list[Posting] = [
            *transfer("market", self.asset(leg), quantity),
            *transfer("market", self.cash_asset, cash),
        ]
        if fee:
            postings += transfer("fees", self.cash_asset, -fee)
        self.ledger.post(ts_us, f"fill of package {package.package_id}: {leg.instrument}", postings)
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
        self._retire(ts_us, package, leg, quantity, value, cash, fee, ())
        return cash

    def deliver(
        self, ts_us: int, package: Package, leg: Leg, quantity: float, delivery: Delivery, fee: float
    ) -> float:
        """``quantity`` contracts of a leg are exercised (+) or assigned (-): they go, what they deliver comes.

        Returns the cash that moved.
        """
        cash = quantity * delivery.cash
        postings: list[Posting] = []
        arriving = [
            (self.share_leg(package, part.security), quantity * part.quantity, part.price)
            for part in delivery.shares
        ]
        for share_leg, shares, _ in arriving:
            postings += transfer("settlement", self.asset(share_leg), shares)
        self._retire(ts_us, package, leg, quantity, delivery.option_price, cash, fee, postings)
        for share_leg, shares, price in arriving:
            share_leg.lots.apply(shares, price)
        return cash

    def _retire(
        self,
        ts_us: int,
        package: Package,
        leg: Leg,
        quantity: float,
        price: float,
        cash: float,
        fee: float,
        more: Sequence[Posting],
    ) -> None:
        postings: list[Posting] = [
            *transfer("settlement", self.asset(leg), -quantity),
            *transfer("settlement", self.cash_asset, cash),
            *more,
        ]
        if fee:
            postings += transfer("fees", self.cash_asset, -fee)
        self.ledger.post(ts_us, f"settlement of package {package.package_id}: {leg.instrument}", postings)
        leg.lots.apply(-quantity, price)
        self.add_flow(package, cash)
        package.fees += fee

    def pay_dividend(self, ts_us: int, package: Package, amount: float) -> None:
        self.ledger.post(
            ts_us,
            f"dividend of package {package.package_id}",
            transfer("dividends", self.cash_asset, amount),
        )
        self.add_flow(package, amount)
        package.dividends += amount

    def add_flow(self, package: Package, cash: float) -> None:
        """Cash that comes alike however the trades were filled: settlement, dividends, corporate actions."""
        package.later_value += cash
        package.flow_mid += cash
        package.flow_worst += cash
        self._gross += abs(cash)

    def retire_package(self, package: Package) -> None:
        """Take a package without open legs off the book."""
        del self.packages[package.package_id]
        self._closed_pnl += package.realized_from_lots()
        self._closed_flow_mid += package.flow_mid - package.fees
        self._closed_flow_worst += package.flow_worst - package.fees

    def valuation(self) -> Valuation:
        packages = self.packages.values()
        shares = self.shares.marks
        marks = sum(p.marks(shares) for p in packages)
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
                + sum(p.flow_worst - p.fees + p.marks(shares, worst=True) for p in packages)
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
                marks[asset] = leg.mark(self.shares.marks) * leg.lots.multiplier
        held = self.ledger.holdings()
        for asset in lots.keys() | {a for a in held if a != self.cash_asset}:
            a, b = lots.get(asset, 0.0), held.get(asset, 0.0)
            if not abs(a - b) <= TOLERANCE * max(1.0, abs(a), abs(b)):
                raise LedgerError(f"at {ts_us}: lots hold {a!r} of {asset.asset}, the ledger {b!r}")
        from_ledger = self.cash + sum(held.get(a, 0.0) * mark for a, mark in marks.items())
        from_lots = (
            self.capital
            + self._closed_pnl
            + sum(p.pnl_from_lots(self.shares.marks) for p in self.packages.values())
        )
        if not abs(from_ledger - from_lots) <= TOLERANCE * max(self._gross, abs(from_ledger)):
            raise LedgerError(
                f"at {ts_us}: cash and marks are {from_ledger!r}, capital and the profit of lots {from_lots!r}"
            )
        value = self.valuation()
        if not abs(value.nav - from_ledger) <= TOLERANCE * max(self._gross, abs(from_ledger)):
            raise LedgerError(f"at {ts_us}: NAV is {value.nav!r}, cash and marks are {from_ledger!r}")
        return value
