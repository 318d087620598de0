"""What a release does to quarantined rows: a fix by a rule, then judged again.

A release never edits data by hand. It names rows by universe, underlying, range of sessions and reasons, and a
rule that every machine applies in the same way, so that a rebuild from the raw payloads gives the same quotes.
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from resources.data_quality.columns import Bools
from resources.data_quality.contract_keys import contract_codes
from resources.data_quality.row_rules import ROW_RULES, apply_row_rules
from resources.data_quality.row_verdict import RowVerdict
from resources.schemas import QUOTE_SCHEMA, SORT_KEYS
from resources.universe import QualitySpec

#: Rules that judge a market, which a person may overrule. The others keep the data contract: a row that breaks
#: one of them is no quote, and only a fix can make it one.
ACCEPTABLE = frozenset({"crossed", "absurd_price", "known_too_late"})
_FIXABLE = tuple(
    field.name for field in QUOTE_SCHEMA if pa.types.is_floating(field.type) and field.nullable
) + ("strike",)
_SCALE = re.compile(r"^scale:(?P<columns>[a-z_,]+)=(?P<factor>[0-9.e+-]+)$")
_NULL = re.compile(r"^null:(?P<columns>[a-z_,]+)$")


class ReleaseError(ValueError):
    """A release that cannot be made: what was asked, the rule, and the way out."""


@dataclass(frozen=True)
class RowFix:
    """A rule that turns a row that failed into one that may pass.

    Attributes
    ----------
    text
        As written: ``accept``, ``swap_bid_ask``, ``null:<columns>``, ``scale:<columns>=<factor>``.
    """

    text: str

    def __post_init__(self) -> None:
        if self.text in ("accept", "swap_bid_ask"):
            return
        if not (_NULL.match(self.text) or _SCALE.match(self.text)):
            raise ReleaseError(
                f"fix {self.text!r} is unknown; there are accept, swap_bid_ask, null:COLUMNS, scale:COLUMNS=FACTOR"
            )
        for name in self.columns:
            if name not in _FIXABLE:
                raise ReleaseError(
                    f"fix {self.text!r}: {name} cannot be changed; there are {', '.join(_FIXABLE)}"
                )
        if "strike" in self.columns and self.text.startswith("null:"):
            raise ReleaseError(f"fix {self.text!r}: a quote without a strike is none")
        if self.text.startswith("scale:") and not (np.isfinite(self.factor) and self.factor > 0):
            raise ReleaseError(f"fix {self.text!r}: the factor must be a number above 0")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it changes."""
        found = _NULL.match(self.text) or _SCALE.match(self.text)
        if found is None:
            return ("bid", "ask", "bid_size", "ask_size") if self.text == "swap_bid_ask" else ()
        return tuple(found["columns"].split(","))

    @property
    def factor(self) -> float:
        """What a ``scale`` multiplies with; NaN for the other rules."""
        found = _SCALE.match(self.text)
        try:
            return float(found["factor"]) if found else float("nan")
        except ValueError:
            return float("nan")

    def apply(self, quotes: pa.Table, rows: Bools) -> pa.Table:
        """The table with the rule applied to some rows."""
        if self.text == "accept" or not rows.any():
            return quotes
        mask = pa.array(rows)
        source = {"bid": "ask", "ask": "bid", "bid_size": "ask_size", "ask_size": "bid_size"}
        changed = quotes
        for name in self.columns:
            before = quotes.column(name)
            if self.text == "swap_bid_ask":
                new = quotes.column(source[name])
            elif self.text.startswith("null:"):
                new = pa.nulls(quotes.num_rows, before.type)
            else:
                new = pc.multiply(before, self.factor)
            at = quotes.schema.get_field_index(name)
            changed = changed.set_column(at, quotes.schema.field(at), pc.if_else(mask, new, before))
        return changed


@dataclass(frozen=True)
class RowRelease:
    """The part of a release that concerns rows of one underlying's session."""

    release_id: str
    reasons: tuple[str, ...]
    fix: RowFix

    def __post_init__(self) -> None:
        unknown = [reason for reason in self.reasons if reason not in ROW_RULES]
        if unknown:
            raise ReleaseError(
                f"{', '.join(unknown)} is no reason of a row that a fix can answer; there are {', '.join(ROW_RULES)}"
            )
        kept = [reason for reason in self.reasons if reason not in ACCEPTABLE]
        if self.fix.text == "accept" and kept:
            raise ReleaseError(
                f"{', '.join(kept)} cannot be accepted: such a row is no quote; give a fix instead "
                f"(acceptable are {', '.join(sorted(ACCEPTABLE))})"
            )


@dataclass(frozen=True)
class ReleasedRows:
    """The verdict after the releases, and how many rows each of them let through.

    ``quotes`` is the table that was judged, with the fixes in the rows that they saved.
    """

    quotes: pa.Table
    verdict: RowVerdict
    released: dict[str, int]


def judge_with_releases(
    quotes: pa.Table,
    trade_date: dt.date,
    spec: QualitySpec,
    releases: Sequence[RowRelease],
    **known: float | None,
) -> ReleasedRows:
    """The row rules, after the releases have been applied.

    A release concerns the quarantined rows all of whose reasons it names. Its fix changes them and they are
    judged again; an accepted row passes in spite of the reasons named, and of no other. What still fails stays in
    quarantine with the values that were received, and a row that was clean stays so. Of several releases for one
    row the first by its id counts.

    Parameters
    ----------
    quotes
        Rows of one underlying and session as parsed.
    known
        Further arguments of ``apply_row_rules``.
    """
    verdict = apply_row_rules(quotes, trade_date, spec, **known)
    ordered = sorted(releases, key=lambda release: release.release_id)
    if verdict.bad is None or not ordered:
        return ReleasedRows(quotes, verdict, {release.release_id: 0 for release in ordered})
    changed = quotes
    owner = np.full(quotes.num_rows, -1)
    for number, release in enumerate(ordered):
        rows = verdict.bad & ~_any_other(verdict, release.reasons, spec, quotes.num_rows) & (owner < 0)
        owner[rows] = number
        changed = release.fix.apply(changed, rows)
    again = apply_row_rules(changed, trade_date, spec, **known)
    # a mended row may have become a clean row's double: the clean one keeps its place, whichever came first
    code = contract_codes([changed], with_ts=True)[0]
    double = np.isin(code, code[~verdict.bad])
    passes = ~verdict.bad
    released: dict[str, int] = {}
    for number, release in enumerate(ordered):
        accepted = release.reasons if release.fix.text == "accept" else ()
        let_through = (owner == number) & ~double & ~_any_other(again, accepted, spec, quotes.num_rows)
        passes |= let_through
        released[release.release_id] = int(let_through.sum())
    saved = pa.array(passes)
    kept = pa.table(
        [pc.if_else(saved, changed.column(name), quotes.column(name)) for name in quotes.column_names],
        schema=quotes.schema,
    )
    bad = ~passes
    mended = replace(
        verdict,
        clean=in_total_order(kept.filter(saved)).cast(QUOTE_SCHEMA),
        quarantined=verdict.quarantined.filter(pa.array(~passes[verdict.bad])),
        failures=verdict.failures | {rule: int((mask & bad).sum()) for rule, mask in verdict.flags.items()},
        flags={rule: mask & ~((owner >= 0) & passes) for rule, mask in verdict.flags.items()},
        counts=again.counts,
        bad=bad if bad.any() else None,
    )
    return ReleasedRows(kept, mended, released)


def in_total_order(quotes: pa.Table) -> pa.Table:
    """Sorted as every layer is: a fixed strike may belong elsewhere."""
    plain = pa.table(
        {
            key: column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
            for key in (*SORT_KEYS, "root", "symbol")
            for column in (quotes.column(key),)
        }
    )
    order = np.asarray(pc.sort_indices(plain, sort_keys=[(name, "ascending") for name in plain.column_names]))
    return quotes if np.array_equal(order, np.arange(len(order))) else quotes.take(pa.array(order))


def _any_other(verdict: RowVerdict, reasons: Sequence[str], spec: QualitySpec, rows: int) -> Bools:
    """Which of the rows break an acting rule beside the ones named."""
    found = np.zeros(rows, dtype=bool)
    for rule, mask in verdict.flags.items():
        if rule not in reasons and spec.severity(rule) == "critical":
            found |= mask
    return found
