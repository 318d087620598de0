"""Double-entry ledger: every entry moves things between accounts, and nothing appears or vanishes."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

#: The account that the portfolio owns; every other one is a counterparty.
PORTFOLIO = "portfolio"

#: Below this a balance is the rounding of a sum that is zero (contracts, shares, cents, satoshi).
ZERO = 1e-9


class LedgerError(RuntimeError):
    """The books do not balance: a bug of the engine, never a property of the data."""


class Asset(NamedTuple):
    """What is held, and the currency in which it is priced: (USD, USD), (share:ACME, USD), (option:7, BTC)."""

    asset: str
    currency: str


class Posting(NamedTuple):
    account: str
    asset: Asset
    amount: float


class Entry(NamedTuple):
    ts_us: int
    description: str
    postings: tuple[Posting, ...]


class Ledger:
    """Balances by account and asset, and the entries that made them."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._balances: dict[str, dict[Asset, float]] = {}

    def post(self, ts_us: int, description: str, postings: Sequence[Posting]) -> None:
        """Book one entry.

        Raises
        ------
        LedgerError
            If the amounts of an asset do not sum to zero (to 1e-9 of what moves), or one is not finite.
        """
        sums: dict[Asset, float] = {}
        gross: dict[Asset, float] = {}
        for p in postings:
            sums[p.asset] = sums.get(p.asset, 0.0) + p.amount
            gross[p.asset] = gross.get(p.asset, 0.0) + abs(p.amount)
        for asset, total in sums.items():
            # "not <=" so that NaN and infinity fail too
            if not abs(total) <= 1e-9 * gross[asset]:
                raise LedgerError(
                    f"{description}: the entry moves {total!r} {asset.asset} from nowhere; its postings must "
                    "sum to zero in every asset"
                )
        self.entries.append(Entry(ts_us, description, tuple(postings)))
        for p in postings:
            accounts = self._balances.setdefault(p.account, {})
            balance = accounts.get(p.asset, 0.0) + p.amount
            if p.asset.asset != p.asset.currency and abs(balance) < ZERO:
                accounts.pop(p.asset, None)
            else:
                accounts[p.asset] = balance

    def balance(self, asset: Asset, account: str = PORTFOLIO) -> float:
        return self._balances.get(account, {}).get(asset, 0.0)

    def holdings(self) -> Mapping[Asset, float]:
        """What the portfolio holds; what it no longer holds is not listed."""
        return self._balances.get(PORTFOLIO, {})

    def trial_balance(self) -> dict[Asset, float]:
        """Sum over all accounts by asset; zero throughout, up to rounding."""
        totals: dict[Asset, float] = {}
        for accounts in self._balances.values():
            for asset, amount in accounts.items():
                totals[asset] = totals.get(asset, 0.0) + amount
        return totals


def transfer(counterparty: str, asset: Asset, amount: float) -> tuple[Posting, Posting]:
    """The two postings by which ``amount`` comes from ``counterparty`` to the portfolio."""
    return Posting(PORTFOLIO, asset, amount), Posting(counterparty, asset, -amount)


def is_whole(quantity: float) -> bool:
    """Whether a number of contracts or shares is whole but for rounding."""
    return abs(quantity - round(quantity)) < ZERO
