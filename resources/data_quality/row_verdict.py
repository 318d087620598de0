"""What the row rules made of a session's quotes, and what the next session is compared with."""

from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from resources.data_quality.chain_shape import ChainShape, Reference, chain_shape
from resources.data_quality.columns import Bools, from_row
from resources.data_quality.quote_counts import QuoteCounts


@dataclass(frozen=True)
class RowVerdict:
    """What the row rules made of a table.

    Attributes
    ----------
    clean
        Rows that passed, in ``QUOTE_SCHEMA`` and in the order given.
    quarantined
        The others, in ``QUARANTINE_SCHEMA``, values as received, with every reason that applies.
    failures
        Rows per rule of ``ROW_RULES``; a row counts once under each rule that it breaks, whether or not the
        universe keeps such rows. A rule that is off counts nothing.
    counts
        The counters of every snapshot.
    bad
        Where a row of the table given was quarantined; None where none was.
    flags
        By rule, the rows that break it; empty where none breaks any.
    """

    clean: pa.Table
    quarantined: pa.Table
    failures: dict[str, int]
    counts: QuoteCounts
    bad: Bools | None
    flags: dict[str, Bools]

    @cached_property
    def shape(self) -> ChainShape | None:
        """The ladders of the clean quotes, made when first asked for."""
        return chain_shape(self.clean)

    def reference(self, quotes: pa.Table) -> Reference:
        """What the next session is compared with: the last snapshot of ``quotes``, the table that was judged."""
        if self.bad is None and len(self.counts.starts) == 1:
            return Reference(quotes, self.shape)
        return Reference(from_row(quotes, int(self.counts.starts[-1])) if quotes.num_rows else quotes)
