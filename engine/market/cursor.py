"""Replay: the snapshots of a history one after the other, and the view that each decision gets."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.corporate_actions.events import CorporateAction
from engine.market.history import ChainHistory
from engine.market.underlying import UnderlyingHistory
from engine.market.view import MarketView, snapshot_quotes


@dataclass(frozen=True, slots=True)
class Step:
    """One snapshot of the replay: rows ``first_row:end_row`` of the chain."""

    index: int
    ts_us: int
    decision_us: int
    trade_day: int
    first_row: int
    end_row: int
    spot: float
    new_session: bool
    is_last: bool


class ReplayCursor:
    """Walks a chain forward. The engine works on the chain itself; strategies get ``view`` only."""

    def __init__(
        self, chain: ChainHistory, underlying: UnderlyingHistory, actions: Sequence[CorporateAction]
    ) -> None:
        self._chain = chain
        self._underlying = underlying
        self._actions = tuple(actions)
        self._known_underlying: UnderlyingHistory | None = None

    def __iter__(self) -> Iterator[Step]:
        chain = self._chain
        days = chain.snapshot_days.tolist()
        ts, decisions = chain.snapshot_ts_us.tolist(), chain.decision_us.tolist()
        offsets, spots = chain.offsets.tolist(), chain.spot.tolist()
        for k in range(chain.snapshots):
            yield Step(
                index=k,
                ts_us=ts[k],
                decision_us=decisions[k],
                trade_day=days[k],
                first_row=offsets[k],
                end_row=offsets[k + 1],
                spot=spots[k],
                new_session=k == 0 or days[k] != days[k - 1],
                is_last=k == chain.snapshots - 1,
            )

    def view(self, step: Step) -> MarketView:
        """What is known at the step's decision."""
        known_rows = int((self._underlying.known_at_us <= step.decision_us).sum())
        if self._known_underlying is None or len(self._known_underlying.days) != known_rows:
            self._known_underlying = self._underlying.known_at(step.decision_us)
        return MarketView(
            ts_us=step.ts_us,
            decision_us=step.decision_us,
            trade_day=step.trade_day,
            spot=step.spot,
            quotes=snapshot_quotes(self._chain, step.index),
            underlying=self._known_underlying,
            actions=tuple(a for a in self._actions if a.known_at_us <= step.decision_us),
        )
