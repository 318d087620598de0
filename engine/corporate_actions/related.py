"""Which other securities the corporate actions of an underlying can bring into a book."""

from collections.abc import Sequence

from engine.corporate_actions.events import ActionKind, CorporateAction


def related_securities(actions: Sequence[CorporateAction], underlying: str) -> frozenset[str]:
    """What the underlying's events hand out or its adjusted contracts deliver, and what comes of that in turn.

    A new symbol of the same security is no other security.
    """
    found = {underlying}
    while True:
        own = [a for a in actions if a.underlying in found]
        handed_out = {
            a.new_security for a in own if a.new_security and a.kind is not ActionKind.SYMBOL_CHANGE
        }
        delivered = {
            security
            for a in own
            for memo in a.memos
            if memo.deliverable is not None
            for security in memo.deliverable.securities
        }
        new_names = {a.new_security for a in own if a.kind is ActionKind.SYMBOL_CHANGE}
        more = found | handed_out | (delivered - new_names)
        if more == found:
            return frozenset(found - {underlying})
        found = more
