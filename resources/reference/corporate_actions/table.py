"""Corporate actions as rows of the lake, and back."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from engine.corporate_actions.events import ActionKind, CorporateAction
from resources.providers.quote_table import instants
from resources.reference.corporate_actions.memo_text import memo_text, parse_memo_text
from resources.reference.dated_csv import table_of
from resources.schemas import CORPORATE_ACTION_SCHEMA

_PLAIN = (
    "underlying", "effective_date", "kind", "new_shares", "old_shares", "cash_amount", "currency", "source",
    "security_value", "basis_kept", "cash_in_lieu_price",
)  # fmt: skip


def actions_table(actions: Sequence[CorporateAction]) -> pa.Table:
    """``CORPORATE_ACTION_SCHEMA``, sorted by underlying, date and the order in which a day's events apply."""
    ordered = sorted(actions)
    announced = [a.announced_at_us for a in ordered]
    columns = {
        **{name: [getattr(a, name) for a in ordered] for name in _PLAIN},
        "known_at": instants(np.array([a.known_at_us for a in ordered], dtype=np.int64)),
        "announced_at": pa.array(announced, type=pa.int64()).cast(
            CORPORATE_ACTION_SCHEMA.field("announced_at").type
        ),
        "new_security": [a.new_security or None for a in ordered],
        "memos": pa.array([[memo_text(m) for m in a.memos] for a in ordered], type=pa.list_(pa.string())),
    }
    return table_of(CORPORATE_ACTION_SCHEMA, columns)


def to_actions(events: pa.Table) -> list[CorporateAction]:
    """Rows of ``CORPORATE_ACTION_SCHEMA`` as the engine's events, in their order."""
    known = events.column("known_at").cast(pa.int64()).to_pylist()
    announced = events.column("announced_at").cast(pa.int64()).to_pylist()
    rows = events.drop_columns(["known_at", "announced_at"]).to_pylist()
    return sorted(
        CorporateAction(
            **{name: row[name] for name in _PLAIN if name != "kind"},
            kind=ActionKind(row["kind"]),
            known_at_us=known_at,
            announced_at_us=announced_at,
            new_security=row["new_security"] or "",
            memos=tuple(parse_memo_text(text) for text in row["memos"]),
        )
        for row, known_at, announced_at in zip(rows, known, announced, strict=True)
    )
