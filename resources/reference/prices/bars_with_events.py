"""Formats whose daily bars carry dividend and split on the row of the ex-date: bars for one use, events for another."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from resources.reference.corporate_actions.bar_actions import actions_of_bars
from resources.reference.corporate_actions.format import ActionsContext, ActionsFormat
from resources.reference.corporate_actions.table import actions_table
from resources.reference.dated_csv import DatedRows
from resources.reference.files import one_file
from resources.reference.parsed import ParsedReference
from resources.reference.prices.bars import (
    NOT_A_SESSION,
    PriceContext,
    PriceFormat,
    bar_table,
    not_a_session,
    usable_bars,
)


@dataclass(frozen=True)
class BarsWithEvents:
    """One such format.

    Attributes
    ----------
    columns
        From open, high, low, close, volume to the format's own names.
    dividend, ratio
        Columns of the amount per share (0 where none) and of new shares per old one (1 where none).
    read
        Bytes and name of a file to its dated rows, with symbols.
    """

    name: str
    columns: Mapping[str, str]
    dividend: str
    ratio: str
    read: Callable[[bytes, str], DatedRows]

    def bars(self, payload: bytes, name: str, context: PriceContext) -> ParsedReference:
        """The bars of one file; a row with an impossible event is no bar either."""
        dated = self._rows(payload, name)
        dated = usable_bars(dated, self.columns, context.calendar)
        return dated.result(bar_table(dated, self.columns, context))

    def actions(self, payload: bytes, name: str, context: ActionsContext) -> ParsedReference:
        """The splits and dividends of one file. A row whose prices are wrong still has its event."""
        dated = self._rows(payload, name)
        dated = dated.without({NOT_A_SESSION: not_a_session(dated.days, context.calendar)})
        paid, ratio = dated.column(self.dividend), dated.column(self.ratio)
        found = actions_of_bars(
            dated.symbols or [], dated.days, paid, ratio, context.calendar, context.currency, self.name
        )
        return dated.result(actions_table(found))

    def _rows(self, payload: bytes, name: str) -> DatedRows:
        dated = self.read(payload, name)
        paid, ratio = dated.column(self.dividend), dated.column(self.ratio)
        return dated.without(
            {
                "not_a_dividend": paid < 0,
                "not_a_split": ratio <= 0,
            }
        )

    @property
    def price_format(self) -> PriceFormat:
        return PriceFormat(self.name, self.bars, many_symbols=True)

    @property
    def actions_format(self) -> ActionsFormat:
        return ActionsFormat(self.name, one_file, "no file", self.actions)
