"""The study's limits at work: exits that they force, and the halt."""

from collections.abc import Mapping

from engine.backtest.intake import Intake
from engine.backtest.recorder import Recorder
from engine.backtest.study import StudySpec
from engine.calendars import TradingCalendar
from engine.execution.desk import OrderDesk
from engine.execution.fill_model import Refusal
from engine.execution.intents import close_package
from engine.instruments.terms import RootTerms
from engine.market.cursor import Step
from engine.portfolio.book import Book, Valuation
from engine.risk.forced_exit import must_exit_now
from engine.risk.limits import DailyLossHalt, reaches


class RiskChecks:
    """Forces exits by market orders: after a halt, at the per-trade limit, and before an expiry that the study
    must not reach. A forced exit that cannot fill is asked for again at the next snapshot."""

    def __init__(
        self,
        study: StudySpec,
        terms: Mapping[str, RootTerms],
        book: Book,
        desk: OrderDesk,
        intake: Intake,
        recorder: Recorder,
        *,
        nav: float,
    ) -> None:
        self._study = study
        self._terms = terms
        self._book = book
        self._desk = desk
        self._intake = intake
        self._recorder = recorder
        period = study.period
        self._calendars = (
            {
                t.calendar: TradingCalendar.for_code(t.calendar, period.start, period.end)
                for t in terms.values()
            }
            if study.settlement.exit_before_expiry_days
            else {}
        )
        self._halt = DailyLossHalt(study.risk, nav)
        #: packages that a halt found open and that are not closed yet; a resume does not spare them
        self._liquidating: set[int] = set()
        self._snapshots_this_session = 0
        #: snapshots of the last whole session; 1 until one has passed
        self._snapshots_per_session = 1

    @property
    def halted(self) -> bool:
        return self._halt.halted

    def start_step(self, step: Step, nav: float) -> None:
        """Count sessions; ``nav`` is that of the snapshot before."""
        if step.new_session:
            if self._snapshots_this_session:
                self._snapshots_per_session = self._snapshots_this_session
            self._snapshots_this_session = 0
            if self._halt.start_session(nav):
                self._recorder.event(step, "resume", amount=nav)
        self._snapshots_this_session += 1

    def check(self, step: Step, value: Valuation) -> None:
        """Apply the limits to this snapshot's NAV. Nothing is forced at the last one: it closes everything."""
        if self._halt.check(value.nav):
            limit = self._study.risk.max_daily_loss
            assert limit is not None
            loss = self._halt.session_loss(value.nav)
            base = value.nav + loss
            self._recorder.event(
                step,
                "halt",
                amount=-loss,
                note=f"the session lost {loss / base:.6g} of its start, limit {limit:g}",
            )
            self._recorder.rejection(step, Refusal("max_daily_loss", loss / base, limit, "entries halted"))
            self._recorder.flag("halted")
            self._desk.cancel("halt", entries_only=True)
            self._liquidating |= self._book.packages.keys()
        if step.is_last:
            return
        for package in self._book.packages.values():
            if package.closing or not package.closing_quantities():
                continue
            reason = (
                "halt" if package.package_id in self._liquidating else self._reason(step, package.package_id)
            )
            if reason is not None:
                if package.extending:
                    self._desk.cancel(reason, entries_only=True, package_id=package.package_id)
                self._intake.close(step, close_package(package.package_id, reason))

    def _reason(self, step: Step, package_id: int) -> str | None:
        study, package = self._study, self._book.packages[package_id]
        limit = study.risk.max_loss_per_trade
        if limit is not None:
            loss = -package.pnl_from_lots(self._book.shares.marks)
            if reaches(loss, limit, package.nav_at_entry):
                self._recorder.rejection(
                    step,
                    Refusal(
                        "max_loss_per_trade",
                        loss / package.nav_at_entry,
                        limit,
                        f"package {package_id} is closed",
                    ),
                )
                return "max_loss"
        before = study.settlement.exit_before_expiry_days
        for contract in package.open_contracts() if before else ():
            if contract.pending:
                continue
            if must_exit_now(
                step.trade_day,
                contract.expiry_days,
                exit_before_days=before,
                lag_snapshots=study.execution.lag_snapshots,
                snapshots_per_session=self._snapshots_per_session,
                calendar=self._calendars[self._terms[contract.root].calendar],
            ):
                return "exit_before_expiry"
        return None
