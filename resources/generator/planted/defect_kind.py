"""What a kind of defect is, and the layouts whose files can hold one."""

from dataclasses import dataclass
from typing import Literal

from resources.generator.specs import VendorLayout

Level = Literal["row", "day", "table"]
BOTH = (VendorLayout.CBOE, VendorLayout.DERIBIT)
CBOE = (VendorLayout.CBOE,)
DERIBIT = (VendorLayout.DERIBIT,)


@dataclass(frozen=True)
class DefectKind:
    """One kind.

    Attributes
    ----------
    level
        ``row``: single quotes of a file; ``day``: a whole session's file; ``table``: single quotes after the
        file has been parsed, for columns that the adapter makes and no file can hold wrong.
    smallest
        The smallest size planted; sizes run from obvious down to it.
    found_by
        Checks any of which should find it: a row check, the adapter's reason, ``grade:`` and a quality grade,
        or a check of a snapshot or session.
    also
        Checks that may fail beside it for the same cause, in the same session.
    after
        Checks that may fail for the same cause in the next session.
    least_snapshots
        Snapshots that a session must have for it.
    """

    name: str
    level: Level
    what: str
    smallest: str
    found_by: tuple[str, ...]
    layouts: tuple[VendorLayout, ...] = BOTH
    also: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    least_snapshots: int = 1
