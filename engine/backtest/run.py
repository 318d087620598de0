"""Run one study over one range of its chain."""

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.backtest.loop import EventLoop
from engine.backtest.result import BacktestResult
from engine.backtest.study import StudySpec
from engine.corporate_actions.events import CorporateAction
from engine.instruments.terms import RootTerms
from engine.market.history import ChainHistory
from engine.market.underlying import UnderlyingHistory
from engine.portfolio.book import TOLERANCE
from engine.portfolio.ledger import LedgerError
from engine.strategies.base import Strategy
from engine.strategies.registry import make_strategy

_EPOCH = dt.date(1970, 1, 1)


class NoDataError(ValueError):
    """The range has no snapshot."""


class StudyMismatchError(ValueError):
    """Study, chain and terms do not belong together."""


def run_backtest(
    study: StudySpec,
    chain: ChainHistory,
    underlying: UnderlyingHistory,
    actions: Sequence[CorporateAction],
    terms: Mapping[str, RootTerms],
    *,
    securities: Mapping[str, UnderlyingHistory] | None = None,
    start: dt.date | None = None,
    end: dt.date | None = None,
    parameters: Mapping[str, Any] | None = None,
    strategy: Strategy | None = None,
) -> BacktestResult:
    """Replay the chain from ``start`` to ``end``, both included, starting flat and ending flat.

    Parameters
    ----------
    study
        What to trade and how; its period is the range unless ``start`` or ``end`` say otherwise.
    chain, underlying
        Of the study's underlying, prices per unit as traded that day.
    actions
        Corporate actions of the underlying and of the securities that its own hand out.
    terms
        Terms of every root in the chain; a root that an action's memo makes (AAPL1) has those of the root that
        it came from.
    securities
        Daily prices of other securities that corporate actions may bring into the book, by symbol.
    parameters
        Strategy parameters that replace those of the study by name (a point of a search grid).
    strategy
        An object to run instead of the study's named strategy. It must be fresh.

    Not modelled in this cut: margin, interest on cash, cost of borrowing shares.

    Raises
    ------
    NoDataError, StudyMismatchError
        Before anything runs.
    UnsettledOptionError, ContractTermsError, UnsupportedCorporateActionError, UnpricedSecurityError, InvalidIntentError
        When the data or the strategy leave no honest way on.
    LedgerError
        If the books do not balance.
    """
    first, last = start or study.period.start, end or study.period.end
    part = chain.slice((first - _EPOCH).days, (last - _EPOCH).days)
    if part.snapshots == 0:
        held = (
            f"{_EPOCH + dt.timedelta(days=int(chain.snapshot_days[0]))} to "
            f"{_EPOCH + dt.timedelta(days=int(chain.snapshot_days[-1]))}"
            if chain.snapshots
            else "nothing"
        )
        raise NoDataError(
            f"study {study.name}: no {study.underlying} snapshot from {first} to {last}; the chain holds {held}"
        )
    terms = with_adjusted_roots(terms, actions)
    _check_terms(study, chain, terms)
    effective = {**study.strategy.parameters, **(parameters or {})}
    if strategy is None:
        strategy = make_strategy(study.strategy.name, effective)
        effective = strategy.parameters.model_dump(mode="json")
    loop = EventLoop(
        study,
        part,
        underlying,
        actions,
        {root: t for root, t in terms.items() if t.underlying == study.underlying},
        strategy,
        securities or {},
    )
    loop.run()
    result = loop.recorder.result(nav_start=study.capital.amount, parameters=effective)
    _check_totals(result, loop.recorder.trades_pnl())
    return result


def with_adjusted_roots(
    terms: Mapping[str, RootTerms], actions: Sequence[CorporateAction]
) -> dict[str, RootTerms]:
    """Terms of the roots too that memos make (AAPL1): those of the root that they come from."""
    known = dict(terms)
    for memo in (memo for action in sorted(actions) for memo in action.memos):
        if memo.moves_root and memo.new_root not in known and memo.old_root in known:
            known[memo.new_root] = replace(known[memo.old_root], root=memo.new_root)
    return known


def _check_terms(study: StudySpec, chain: ChainHistory, terms: Mapping[str, RootTerms]) -> None:
    base = study.capital.base_currency
    for root in chain.roots:
        if root not in terms:
            raise StudyMismatchError(
                f"study {study.name}: the chain has root {root}, the universe's terms only {', '.join(sorted(terms))}"
            )
        t = terms[root]
        if t.underlying != study.underlying:
            raise StudyMismatchError(
                f"study {study.name}: root {root} is of {t.underlying}, the study trades {study.underlying}"
            )
        if t.quote_currency != base or t.settlement_currency != base:
            raise StudyMismatchError(
                f"study {study.name}: capital is in {base}, but {root} is quoted in {t.quote_currency} and settles "
                f"in {t.settlement_currency}; no exchange rates are built, set capital.base_currency to that"
            )


def _check_totals(result: BacktestResult, trades_pnl: float) -> None:
    pnl, start = result.totals["pnl"], result.totals["nav_start"]
    fills = result.tables["fills"]
    gross = start + float(abs(fills["quantity"] * fills["price"] * fills["multiplier"]).sum())
    if math.isnan(pnl) or abs(pnl - trades_pnl) > TOLERANCE * gross:
        raise LedgerError(f"trades sum to {trades_pnl!r}, NAV moved by {pnl!r}")
