"""Row-level expectations: run only over the rows of snapshots whose profile shows defects, to name them."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from resources.data_quality.catalogue import CATALOGUE
from resources.data_quality.checks import Check
from resources.data_quality.gx_run import profile_frame, validate
from resources.data_quality.row_verdict import RowVerdict
from resources.data_quality.session_gaps import contract_names

#: rows looked at of one underlying's session; the quarantine holds them all
MAX_ROWS = 200


@dataclass(frozen=True)
class SuspectRow:
    """A row that breaks a rule: where it is, what it says, and which rules it breaks."""

    trade_date: dt.date
    underlying: str
    snapshot_id: int | None
    contract: str
    bid: float | None
    ask: float | None
    spot: float | None
    rules: frozenset[str]


def suspect_rows(
    quotes: pa.Table, verdict: RowVerdict, trade_date: dt.date, underlying: str
) -> list[SuspectRow]:
    """The first rows of a session that break a row rule, in their order."""
    broken = {rule: mask for rule, mask in verdict.flags.items() if mask.any()}
    if not broken:
        return []
    rows = np.flatnonzero(np.any(list(broken.values()), axis=0))[:MAX_ROWS]
    values = quotes.take(pa.array(rows)).select(["snapshot_id", "bid", "ask", "spot"]).to_pylist()
    names = contract_names(quotes, rows, MAX_ROWS)
    return [
        SuspectRow(
            trade_date,
            underlying,
            value["snapshot_id"],
            name,
            value["bid"],
            value["ask"],
            value["spot"],
            frozenset(rule for rule, mask in broken.items() if mask[row]),
        )
        for row, name, value in zip(rows.tolist(), names, values, strict=True)
    ]


def name_rows(suspects: Sequence[SuspectRow]) -> dict[str, list[SuspectRow]]:
    """By rule, the rows that fail its expectation; empty where there are no suspects.

    Raises
    ------
    DataQualityError
        If Great Expectations could not judge.
    """
    rules = [rule for rule in CATALOGUE if any(rule in s.rules for s in suspects)]
    if not rules:
        return {}
    suite = tuple(Check(rule, "warning", "is_false", _breaks(rule), str) for rule in rules)
    frame = profile_frame(
        [{"trade_date": s.trade_date, "part": "whole", "rules": s.rules} for s in suspects], suite
    )
    failed = validate(frame, suite, "quote_rows").failed
    return {rule: [suspects[i] for i in sorted(failed[rule])] for rule in rules}


def _breaks(rule: str) -> Any:
    return lambda row: rule in row["rules"]
