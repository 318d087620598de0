"""What one option contract delivers: shares of one or several securities, cash, cash in lieu of a fraction."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

_SHARES = re.compile(r"^(?P<quantity>[0-9.]+(?:e[+-]?\d+)?) (?P<security>\S+)$")
_CASH = re.compile(r"^(?P<currency>[A-Z]{3,5}) (?P<amount>[0-9.]+(?:e[+-]?\d+)?)$")
_IN_LIEU = re.compile(
    r"^(?:(?P<currency>[A-Z]{3,5}) (?P<amount>[0-9.]+(?:e[+-]?\d+)?)|cash) in lieu of "
    r"(?P<quantity>[0-9.]+(?:e[+-]?\d+)?) (?P<security>\S+)$"
)
_CASH_VALUE = "cash value of "


class DeliverableError(ValueError):
    """A deliverable that cannot be read, or cannot be valued."""


class ItemKind(StrEnum):
    SHARES = "shares"
    CASH = "cash"
    CASH_IN_LIEU = "cash_in_lieu"


@dataclass(frozen=True, slots=True, order=True)
class DeliverableItem:
    """One line of a deliverable, per contract.

    Attributes
    ----------
    security
        What is delivered: a symbol; for ``CASH`` the currency.
    quantity
        Shares; the amount for ``CASH``; the fraction of a share for ``CASH_IN_LIEU``.
    cash
        For ``CASH_IN_LIEU`` the amount per contract once it is fixed; None until then, when the item is worth
        the fraction of the share's price.
    currency
        Of ``cash``.
    """

    kind: ItemKind
    security: str
    quantity: float
    cash: float | None = None
    currency: str = ""

    def __post_init__(self) -> None:
        bad_cash = self.cash is not None and (
            self.kind is not ItemKind.CASH_IN_LIEU
            or not math.isfinite(self.cash)
            or self.cash < 0
            or not self.currency
        )
        if not self.security or not math.isfinite(self.quantity) or self.quantity <= 0 or bad_cash:
            raise DeliverableError(
                f"deliverable item {self.kind} {self.security!r} {self.quantity!r} {self.cash!r}: it needs a name, a "
                "positive quantity, and a fixed amount with its currency only for cash in lieu"
            )

    def value(self, prices: Mapping[str, float]) -> float:
        """Worth per contract at these prices per share.

        Raises
        ------
        DeliverableError
            A security has no price.
        """
        if self.kind is ItemKind.CASH:
            return self.quantity
        if self.cash is not None:
            return self.cash
        price = prices.get(self.security, math.nan)
        if math.isnan(price):
            raise DeliverableError(
                f"{self.security} is delivered ({self}) and has no price; add its prices to the universe, or close "
                "the option before"
            )
        return self.quantity * price

    def __str__(self) -> str:
        if self.kind is ItemKind.CASH:
            return f"{self.security} {self.quantity:.10g}"
        if self.kind is ItemKind.SHARES:
            return f"{self.quantity:.10g} {self.security}"
        paid = "cash" if self.cash is None else f"{self.currency} {self.cash:.10g}"
        return f"{paid} in lieu of {self.quantity:.10g} {self.security}"


@dataclass(frozen=True, slots=True, order=True)
class Deliverable:
    """The list of what one contract delivers.

    ``cash_settled`` contracts pay the value of the list instead of handing it over. The text form is read back by
    :meth:`parse`: ``"100 AAPL"``, ``"12 USO + cash in lieu of 0.5 USO"``, ``"100 SHLD + 30 LE + USD 2.36"``,
    ``"cash value of 100 SPX"``.
    """

    items: tuple[DeliverableItem, ...]
    cash_settled: bool = False

    @classmethod
    def of_shares(cls, security: str, quantity: float, *, cash_settled: bool = False) -> Self:
        """The standard deliverable: ``quantity`` units of one security."""
        return cls((DeliverableItem(ItemKind.SHARES, security, quantity),), cash_settled)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form.

        Raises
        ------
        DeliverableError
            Naming the part that is none.
        """
        cash_settled = text.startswith(_CASH_VALUE)
        parts = text.removeprefix(_CASH_VALUE).split(" + ")
        return cls(tuple(_item(part.strip(), text) for part in parts), cash_settled)

    def __str__(self) -> str:
        return (_CASH_VALUE if self.cash_settled else "") + " + ".join(str(item) for item in self.items)

    def shares_of(self, security: str) -> float:
        """Whole-item shares of a security per contract, cash in lieu left out."""
        return sum(i.quantity for i in self.items if i.kind is ItemKind.SHARES and i.security == security)

    @property
    def securities(self) -> tuple[str, ...]:
        """Every security whose price the value needs, in order, each once."""
        open_items = (i for i in self.items if i.kind is not ItemKind.CASH and i.cash is None)
        return tuple(dict.fromkeys(i.security for i in open_items))

    def value(self, prices: Mapping[str, float]) -> float:
        """Worth of the whole list per contract, in the currency of the prices."""
        return math.fsum(item.value(prices) for item in self.items)

    def renamed(self, old: str, new: str) -> Self:
        """With one security under another name."""
        items = tuple(
            DeliverableItem(i.kind, new, i.quantity, i.cash, i.currency)
            if i.kind is not ItemKind.CASH and i.security == old
            else i
            for i in self.items
        )
        return type(self)(items, self.cash_settled)


def _item(part: str, whole: str) -> DeliverableItem:
    # cash before shares: "USD 2.36" begins with letters, "100 SHLD" with a number
    if found := _IN_LIEU.match(part):
        amount = found["amount"]
        return DeliverableItem(
            ItemKind.CASH_IN_LIEU,
            found["security"],
            float(found["quantity"]),
            None if amount is None else float(amount),
            found["currency"] or "",
        )
    if found := _CASH.match(part):
        return DeliverableItem(ItemKind.CASH, found["currency"], float(found["amount"]))
    if found := _SHARES.match(part):
        return DeliverableItem(ItemKind.SHARES, found["security"], float(found["quantity"]))
    raise DeliverableError(
        f"deliverable {whole!r}: {part!r} is none of '100 XYZ', 'USD 2.36', 'cash in lieu of 0.5 XYZ', "
        "'USD 3.10 in lieu of 0.5 XYZ'; join the parts with ' + '"
    )
