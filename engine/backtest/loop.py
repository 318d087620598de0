"""The event loop: what happens at each snapshot, in the one order in which it happens."""

import math
from collections.abc import Mapping, Sequence

from engine.backtest.closeout import close_everything
from engine.backtest.contract_events import ContractEvents
from engine.backtest.corporate_events import CorporateEvents
from engine.backtest.early_exercise import EarlyExercise
from engine.backtest.equity import equity_row
from engine.backtest.expiry_events import ExpiryEvents
from engine.backtest.intake import Intake
from engine.backtest.portfolio_view import portfolio_view
from engine.backtest.recorder import Recorder
from engine.backtest.risk_checks import RiskChecks
from engine.backtest.share_events import ShareEvents
from engine.backtest.study import StudySpec
from engine.corporate_actions.events import CorporateAction
from engine.execution.desk import OrderDesk
from engine.instruments.terms import RootTerms
from engine.market.cursor import ReplayCursor, Step
from engine.market.history import ChainHistory
from engine.market.underlying import UnderlyingHistory
from engine.portfolio.book import Book, Valuation
from engine.portfolio.contracts import ContractDesk
from engine.portfolio.ledger import LedgerError
from engine.portfolio.shares import Shares
from engine.strategies.base import Strategy


class EventLoop:
    """One run over one range.

    At each snapshot, in this order: what was exercised in the night before its session; corporate actions in force
    and known (each after the expiries of the sessions before it); expiry and settlement; arrival and fills of orders
    (at the last snapshot of closing ones only); marks and the proof of the books; risk limits; the strategy's decision
    (at the last snapshot the close-out instead). With a lag of 0 snapshots the decision's orders then fill at once.
    """

    def __init__(
        self,
        study: StudySpec,
        chain: ChainHistory,
        underlying: UnderlyingHistory,
        actions: Sequence[CorporateAction],
        terms: Mapping[str, RootTerms],
        strategy: Strategy,
        securities: Mapping[str, UnderlyingHistory],
    ) -> None:
        capital, currency = study.capital.amount, study.capital.base_currency
        self._study = study
        self._strategy = strategy
        self._coin = any(t.coin_settled for t in terms.values())
        own = [a for a in actions if a.underlying == study.underlying]
        self._cursor = ReplayCursor(chain, underlying, own)
        self.recorder = Recorder(currency)
        self._shares = Shares(study.underlying, securities)
        self._book = Book(capital, currency, self._shares, int(chain.snapshot_ts_us[0]))
        self._contracts = ContractDesk(chain, self._shares)
        self._desk = OrderDesk(
            study,
            self._book,
            self._contracts,
            on_fill=self.recorder.fill,
            on_refusal=self.recorder.rejection,
            on_quote=self.recorder.quote,
            flag=self.recorder.flag,
        )
        self._corporate = CorporateEvents(
            actions,
            first_day=int(chain.snapshot_days[0]),
            contracts=ContractEvents(terms, self._book, self._contracts, self._desk, self.recorder),
            shares=ShareEvents(self._book, self._desk, self.recorder),
            flag_late=self._flag_late,
        )
        self._early = EarlyExercise(study, terms, self._book, self._corporate, self.recorder)
        self._expiry = ExpiryEvents(study, terms, underlying, chain, self._book, self.recorder)
        self._intake = Intake(study, terms, self._book, self._contracts, self._desk, self.recorder)
        self._risk = RiskChecks(
            study, terms, self._book, self._desk, self._intake, self.recorder, nav=capital
        )
        self._nav = self._peak = capital
        self._opened_in_session = False
        if study.execution.lag_snapshots == 0:
            self.recorder.flag("same_snapshot_fills")

    def run(self) -> None:
        """Replay every snapshot."""
        for step in self._cursor:
            self._one(step)

    def _one(self, step: Step) -> None:
        book = self._book
        if step.new_session:
            self._opened_in_session = False
        self._risk.start_step(step, self._nav)
        self._early.apply(step)
        self._corporate.apply(step, lambda day: self._expiry.apply(step, before_day=day))
        self._shares.refresh(step)
        if not math.isnan(step.spot):
            book.share_mark = step.spot
        self._expiry.apply(step)
        self._retire_finished(step)
        self._contracts.keep(self._followed())
        self._contracts.advance(step)
        if step.is_last:
            # what opened now would be closed in the same breath: two spreads paid for nothing
            self._desk.cancel("end_of_period", entries_only=True)
        self._desk.process(step)
        self._retire_finished(step)
        value = self._mark(step)
        self._risk.check(step, value)
        if step.is_last:
            self._expiry.write_off_pending(step)
            self._retire_finished(step)
            close_everything(
                step, book, self._desk, self._study.fees, self.recorder, self._intake.next_order_id
            )
            self._retire_finished(step)
            value = book.check(step.ts_us)
        else:
            self._decide(step, value)
            if self._study.execution.lag_snapshots == 0:
                self._desk.process(step)
                self._retire_finished(step)
                value = book.check(step.ts_us)
        self._nav = value.nav
        self._peak = max(self._peak, value.nav)
        self.recorder.equity(
            equity_row(
                step,
                book,
                value,
                peak=self._peak,
                halted=self._risk.halted,
                coin=self._coin,
            )
        )
        self._early.end_of_snapshot(step)

    def _flag_late(self) -> None:
        if self._book.packages:
            self.recorder.flag("late_corporate_action")

    def _followed(self) -> set[int]:
        held = {contract.contract_id for p in self._book.packages.values() for contract in p.open_contracts()}
        return held | self._desk.contract_ids()

    def _mark(self, step: Step) -> Valuation:
        """Count what the marks need, and prove the books: what expired is in them only if it is pending."""
        for package in self._book.packages.values():
            for contract in package.open_contracts():
                if contract.settles_us <= step.ts_us and not contract.pending:
                    raise LedgerError(
                        f"at {step.ts_us}: {contract.symbol} settled at {contract.settles_us} and is still in the "
                        "book, neither paid out nor pending"
                    )
                self.recorder.quote(contract.quote)
        return self._book.check(step.ts_us)

    def _retire_finished(self, step: Step) -> None:
        for package in list(self._book.packages.values()):
            if not package.open_legs():
                self._desk.cancel("package_closed", package_id=package.package_id)
                self._book.retire_package(package)
                self.recorder.trade(step, package, self._study.underlying)

    def _decide(self, step: Step, value: Valuation) -> None:
        pending = self._desk.pending_entries()
        taken = len(self._book.packages) + pending
        can_open = (
            not self._risk.halted
            and not self._opened_in_session
            and taken < self._study.sizing.max_open_packages
        )
        view = self._cursor.view(step)
        portfolio = portfolio_view(self._book, value, can_open=can_open, halted=self._risk.halted)
        intents = self._strategy.on_snapshot(view, portfolio)
        for refusal in self._strategy.drain_refusals():
            self.recorder.rejection(step, refusal)
        for intent in intents:
            may_open = can_open and not self._opened_in_session
            submitted = self._intake.submit(intent, step, value.nav, may_open=may_open)
            if submitted and intent.action == "open":
                self._opened_in_session = True
