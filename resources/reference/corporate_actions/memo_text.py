"""A memo as one line of canonical JSON, the form in which the lake keeps it, and back."""

import datetime as dt
import json

from engine.corporate_actions.memos import OptionMemo
from engine.instruments.deliverable import Deliverable


def memo_text(memo: OptionMemo) -> str:
    """Every field, sorted by name; the deliverable in its own text form."""
    return json.dumps(
        {
            "contracts": memo.contracts,
            "deliverable": None if memo.deliverable is None else str(memo.deliverable),
            "expires_on": None if memo.expires_on is None else memo.expires_on.isoformat(),
            "multiplier": memo.multiplier,
            "new_root": memo.new_root,
            "number": memo.number,
            "old_root": memo.old_root,
            "strike_divisor": memo.strike_divisor,
            "strike_grid": memo.strike_grid,
            "strike_reduction": memo.strike_reduction,
        },
        sort_keys=True,
        allow_nan=False,
    )


def parse_memo_text(text: str) -> OptionMemo:
    """Inverse of :func:`memo_text`."""
    fields = json.loads(text)
    if fields["deliverable"] is not None:
        fields["deliverable"] = Deliverable.parse(fields["deliverable"])
    if fields["expires_on"] is not None:
        fields["expires_on"] = dt.date.fromisoformat(fields["expires_on"])
    return OptionMemo(**fields)
