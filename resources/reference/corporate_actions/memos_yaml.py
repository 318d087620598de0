"""``memos_yaml``: corporate actions with the clearing house's memos, as a person writes them down.

A mapping with one list, ``events``. Each event says what happens to the share; under ``memos`` stands, as the clearing
house printed it, what happens to each option root. Nothing in a memo is derived from the event's ratio.
"""

import datetime as dt
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from engine.corporate_actions.events import ActionKind, CorporateAction
from engine.corporate_actions.memos import OptionMemo
from engine.instruments.deliverable import Deliverable
from resources.providers.payload_text import UnreadablePayloadError, unpacked
from resources.reference.corporate_actions.event_rules import InvalidActionsError, checked_action, instant_us
from resources.reference.corporate_actions.format import ActionsContext, ActionsFormat
from resources.reference.corporate_actions.table import actions_table
from resources.reference.files import one_file
from resources.reference.parsed import ParsedReference, parsed_reference
from resources.yaml_text import SpecError, parse_spec

NAME = "memos_yaml"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class MemoRecord(_Strict):
    """One memo: how the contracts of one root are adjusted. What is left out stays as it was."""

    number: str = ""
    #: root before and after; both left out: every root of the underlying keeps its symbol
    old_root: str = ""
    new_root: str = ""
    #: contracts that one becomes (the memo's contract multiplier)
    contracts: float = Field(default=1.0, gt=0)
    strike_divisor: float = Field(default=1.0, gt=0)
    strike_reduction: float = Field(default=0.0, ge=0)
    strike_grid: float = Field(default=0.01, gt=0)
    multiplier: float | None = Field(default=None, gt=0)
    #: one item a line: "12 USO", "cash in lieu of 0.5 USO", "USD 2.36", "USD 3.10 in lieu of 0.5 XYZ"
    deliverable: tuple[str, ...] = ()
    #: the date to which the expiry of every contract is brought forward
    expires_on: dt.date | None = None

    @model_validator(mode="after")
    def _usable(self) -> "MemoRecord":
        self.memo()
        return self

    def memo(self) -> OptionMemo:
        """The engine's form."""
        return OptionMemo(
            old_root=self.old_root,
            new_root=self.new_root,
            contracts=self.contracts,
            strike_divisor=self.strike_divisor,
            strike_reduction=self.strike_reduction,
            strike_grid=self.strike_grid,
            multiplier=self.multiplier,
            deliverable=Deliverable.parse(" + ".join(self.deliverable)) if self.deliverable else None,
            expires_on=self.expires_on,
            number=self.number,
        )


class Consideration(_Strict):
    """What a share becomes or gets."""

    new_shares: float = 1.0
    old_shares: float = 1.0
    cash_amount: float = 0.0
    new_security: str = ""
    #: price of one unit of new_security at the effective time
    security_value: float | None = None

    def text(self) -> str:
        """In a few words, for the record's source."""
        stock = (
            f"{self.new_shares:g} {self.new_security} for {self.old_shares:g}" if self.new_security else ""
        )
        cash = f"{self.cash_amount:g} a share" if self.cash_amount else ""
        return " and ".join(part for part in (stock, cash) if part)


class Election(Consideration):
    """One of the choices that holders had in a merger."""

    name: str
    #: what who chose nothing got; contracts and shares held follow it
    default: bool = False


class EventRecord(Consideration):
    """One event."""

    underlying: str
    effective_date: dt.date
    kind: ActionKind
    #: of the amounts; the universe's where it is left out
    currency: str = ""
    #: ISO 8601 with offset, or a date (the end of that day)
    announced_at: str = ""
    #: from when it may be used; announced_at where it is left out
    known_at: str = ""
    #: share of the cost that stays with the old security, as the issuer states it
    basis_kept: float | None = None
    #: price of a whole share at which fractions are paid out
    cash_in_lieu_price: float | None = None
    elections: tuple[Election, ...] = ()
    #: every event of that underlying and date in the universe's other source is left out for this one
    replaces_day: bool = False
    source: str = ""
    memos: tuple[MemoRecord, ...] = ()

    @model_validator(mode="after")
    def _usable(self) -> "EventRecord":
        self.action("XXX")
        return self

    def action(self, currency: str) -> CorporateAction:
        """The engine's form; ``currency`` where the record names none."""
        if not self.known_at and not self.announced_at:
            raise ValueError(
                "neither known_at nor announced_at is given; without them it could be used too early"
            )
        terms, chosen = self._terms()
        announced = (
            instant_us(self.announced_at, "announced_at", whole_day=True) if self.announced_at else None
        )
        known = instant_us(self.known_at, "known_at", whole_day=True) if self.known_at else announced
        return checked_action(
            underlying=self.underlying,
            effective_date=self.effective_date,
            kind=self.kind,
            new_shares=terms.new_shares,
            old_shares=terms.old_shares,
            cash_amount=terms.cash_amount,
            currency=self.currency or currency,
            known_at_us=known,
            source="; ".join(part for part in (self.source, chosen) if part),
            announced_at_us=announced,
            new_security=terms.new_security,
            security_value=terms.security_value,
            basis_kept=self.basis_kept,
            cash_in_lieu_price=self.cash_in_lieu_price,
            memos=tuple(memo.memo() for memo in self.memos),
        )

    def _terms(self) -> tuple[Consideration, str]:
        if not self.elections:
            return self, ""
        if self.kind is not ActionKind.MERGER:
            raise ValueError(f"a {self.kind} has no elections; only a merger has")
        if self.new_security or self.cash_amount:
            raise ValueError("what holders get stands in the elections; take it out of the event")
        defaults = [e for e in self.elections if e.default]
        if len(defaults) != 1:
            raise ValueError(
                f"{len(defaults)} elections have default: true; exactly one must, it is what applies"
            )
        others = ", ".join(f"{e.name}: {e.text()}" for e in self.elections if not e.default)
        return defaults[0], f"default election {defaults[0].name}; others {others}"


class MemoFile(_Strict):
    """The whole file."""

    events: tuple[EventRecord, ...]

    @model_validator(mode="after")
    def _each_once(self) -> "MemoFile":
        seen: dict[tuple[str, dt.date, ActionKind], int] = {}
        for number, event in enumerate(self.events, start=1):
            key = (event.underlying, event.effective_date, event.kind)
            if key in seen:
                raise ValueError(
                    f"events {seen[key]} and {number} are both a {event.kind} of {event.underlying} on "
                    f"{event.effective_date}; join them into one"
                )
            seen[key] = number
        return self


def read_memo_file(payload: bytes, name: str) -> MemoFile:
    """The records of a file.

    Raises
    ------
    InvalidActionsError
        A line for every broken rule: file, line, field, rule.
    """
    try:
        return parse_spec(unpacked(payload, name).decode(), name, MemoFile)
    except (SpecError, UnreadablePayloadError, UnicodeDecodeError) as error:
        raise InvalidActionsError(str(error)) from error


def parse(payload: bytes, name: str, context: ActionsContext) -> ParsedReference:
    """The events of a file, which is written by hand: one fault refuses it as a whole, nothing is set aside.

    Raises
    ------
    InvalidActionsError
        If the file has an error anywhere: no event is better than a wrong one.
    """
    actions = [event.action(context.currency) for event in read_memo_file(payload, name).events]
    return parsed_reference(NAME, name, len(actions), actions_table(actions), [])


def event_record(action: CorporateAction) -> dict[str, Any]:
    """An event as the file's fields, nothing in it that has its default."""
    record = EventRecord(
        **{
            name: getattr(action, name)
            for name in (
                "underlying", "effective_date", "kind", "new_shares", "old_shares", "cash_amount", "currency",
                "new_security", "security_value", "basis_kept", "cash_in_lieu_price", "source",
            )
        },
        announced_at="" if action.announced_at_us is None else _instant_text(action.announced_at_us),
        known_at=_instant_text(action.known_at_us),
        memos=tuple(_memo_record(memo) for memo in action.memos),
    )  # fmt: skip
    found: dict[str, Any] = record.model_dump(mode="json", exclude_defaults=True)
    # what an event is comes first; the rest in the order of its fields
    head = ("underlying", "effective_date", "kind")
    return {name: found[name] for name in (*head, *(n for n in found if n not in head))}


def _memo_record(memo: OptionMemo) -> MemoRecord:
    return MemoRecord(
        number=memo.number,
        old_root=memo.old_root,
        new_root=memo.new_root,
        contracts=memo.contracts,
        strike_divisor=memo.strike_divisor,
        strike_reduction=memo.strike_reduction,
        strike_grid=memo.strike_grid,
        multiplier=memo.multiplier,
        deliverable=() if memo.deliverable is None else tuple(str(item) for item in memo.deliverable.items),
        expires_on=memo.expires_on,
    )


def _instant_text(us: int) -> str:
    instant = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=us)
    return instant.isoformat().replace("+00:00", "Z")


def file_text(records: list[dict[str, Any]], *, head: str = "") -> str:
    """The YAML of a file of these records."""
    import yaml

    body = yaml.safe_dump({"events": records}, sort_keys=False, allow_unicode=True, width=110)
    return head + body


FORMAT = ActionsFormat(name=NAME, files=one_file, expected="no file", parse=parse)
