"""A market to generate, described in one YAML file: what it leaves out is as in the demo market of its kind."""

import dataclasses
import datetime as dt
from typing import Annotated, Any, Literal, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator

from engine.calendars import TradingCalendar
from engine.simulation.activity import ActivityParameters
from engine.simulation.path import PathParameters
from engine.simulation.spreads import SpreadParameters
from resources.generator.demo_markets import DEMO_COIN, DEMO_INDEX, DEMO_STOCK
from resources.generator.planted.contract_count import scaled_tiers, tiers_for
from resources.generator.planted.defect_catalogue import checked_kind
from resources.generator.specs import (
    CashDividend,
    ExpirySchedule,
    MarketSpec,
    ShareSplit,
    SmileDynamics,
    VendorLayout,
)

_Parameters = TypeVar(
    "_Parameters", PathParameters, SmileDynamics, ExpirySchedule, SpreadParameters, ActivityParameters
)
MarketKind = Literal["index", "stock", "coin"]
DEMO_OF_KIND: dict[str, MarketSpec] = {"index": DEMO_INDEX, "stock": DEMO_STOCK, "coin": DEMO_COIN}
DEFAULT_SYMBOL = {"index": "GNX", "stock": "GNS", "coin": "GNC"}
#: simulated before the first session that is written: open interest and last trades fill up
WARM_UP = dt.timedelta(days=60)
#: of a generated stock, a year's dividends as a share of the start price, if none are named
DIVIDEND_PER_YEAR = 0.008


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _overrides(name: str, of: type) -> type[BaseModel]:
    """A model with the fields of a dataclass, each of which may be left out."""
    hints = get_type_hints(of)
    fields: dict[str, Any] = {f.name: (hints[f.name] | None, None) for f in dataclasses.fields(of)}
    return create_model(name, __base__=_Strict, **fields)


PathFields = _overrides("PathFields", PathParameters)
SmileFields = _overrides("SmileFields", SmileDynamics)
ScheduleFields = _overrides("ScheduleFields", ExpirySchedule)
SpreadFields = _overrides("SpreadFields", SpreadParameters)
ActivityFields = _overrides("ActivityFields", ActivityParameters)


class StrikeFields(_Strict):
    """How the strikes of the kind's demo market are changed: factors on their distance and their reach."""

    step: float = Field(default=1.0, gt=0, le=10)
    reach: float = Field(default=1.0, gt=0, le=2)


class DividendFields(_Strict):
    ex_date: dt.date
    amount: float = Field(gt=0)
    announced: dt.date


class SplitFields(_Strict):
    effective_date: dt.date
    new_shares: int = Field(ge=1)
    old_shares: int = Field(ge=1)
    announced: dt.date


class JumpFields(_Strict):
    date: dt.date
    log_size: float = Field(gt=-1, lt=1)


DefectKindName = Annotated[str, Field(min_length=1)]


class MarketFile(_Strict):
    """Everything that may be said about a generated market."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{1,47}$")
    kind: MarketKind
    symbol: str | None = Field(default=None, pattern=r"^[A-Z]{1,5}$")
    seed: int = Field(default=1, ge=0)
    start: dt.date
    end: dt.date
    #: quotes a session to aim at; None: as many as the kind's strikes give
    contracts: int | None = Field(default=None, ge=100, le=20_000)
    snapshots: int = Field(default=1, ge=1, le=24)
    strikes: StrikeFields = StrikeFields()
    path: PathFields | None = None  # type: ignore[valid-type]
    smile: SmileFields | None = None  # type: ignore[valid-type]
    schedule: ScheduleFields | None = None  # type: ignore[valid-type]
    spreads: SpreadFields | None = None  # type: ignore[valid-type]
    activity: ActivityFields | None = None  # type: ignore[valid-type]
    dividend_yield: float | None = None
    dividends: tuple[DividendFields, ...] | None = None
    split: SplitFields | None = None
    jumps: tuple[JumpFields, ...] = ()
    defects: Literal["all", "none"] | dict[DefectKindName, Annotated[int, Field(ge=0)]] = "all"

    @model_validator(mode="after")
    def _consistent(self) -> "MarketFile":
        if self.end <= self.start:
            raise ValueError(f"end {self.end} is not after start {self.start}")
        if self.kind == "coin" and (self.dividends or self.split):
            raise ValueError("a coin pays no dividends and does not split; remove dividends and split")
        if self.kind == "index" and (self.dividends or self.split):
            raise ValueError("an index has dividend_yield, no dividends and no split; remove them")
        if self.kind != "coin" and self.snapshots > 1:
            raise ValueError(f"the layout of a {self.kind} holds one snapshot a session; set snapshots: 1")
        if isinstance(self.defects, dict):
            for kind in self.defects:
                checked_kind(kind, self.layout, self.snapshots)
        return self

    @property
    def layout(self) -> VendorLayout:
        return DEMO_OF_KIND[self.kind].layout


def market_spec(file: MarketFile) -> MarketSpec:
    """The market that a file describes.

    Raises
    ------
    ValueError
        If parameters contradict each other, a date is no session, or the contracts cannot be reached.
    """
    base = DEMO_OF_KIND[file.kind]
    symbol = file.symbol or DEFAULT_SYMBOL[file.kind]
    simulated_from = file.start - WARM_UP
    calendar = TradingCalendar.for_code(base.calendar, simulated_from, file.end)
    sessions = [d for d in calendar.sessions() if d >= file.start]
    if not sessions:
        raise ValueError(
            f"{base.calendar} has no session from {file.start} to {file.end}; choose other dates"
        )
    known = set(sessions)
    for what, day in (
        *(("jumps", j.date) for j in file.jumps),
        *((("split", file.split.effective_date),) if file.split else ()),
    ):
        if day not in known:
            raise ValueError(
                f"{what}: {day} is no session of {base.calendar} from {file.start} to {file.end}"
            )
    path = _changed(base.path, file.path)
    split = ShareSplit(**file.split.model_dump()) if file.split else None
    spec = dataclasses.replace(
        base,
        name=file.name,
        symbol=symbol,
        roots=tuple(
            dataclasses.replace(
                t,
                root=t.root.replace(base.symbol, symbol),
                underlying=symbol,
                **({"quote_currency": symbol, "settlement_currency": symbol} if t.coin_settled else {}),
            )
            for t in base.roots
        ),
        default_start=file.start,
        simulated_from=simulated_from,
        end=file.end,
        seed=file.seed,
        path=path,
        smile=_changed(base.smile, file.smile),
        schedule=_changed(base.schedule, file.schedule),
        spreads=_changed(base.spreads, file.spreads),
        activity=_changed(base.activity, file.activity),
        tiers=scaled_tiers(base.tiers, file.strikes.step, file.strikes.reach),
        dividend_yield=base.dividend_yield if file.dividend_yield is None else file.dividend_yield,
        dividends=_dividends(file, path, split),
        split=split,
        jumps=tuple((j.date, j.log_size) for j in file.jumps),
        defects=(),
        early_exercise=file.kind == "stock",
    )
    return (
        spec if file.contracts is None else dataclasses.replace(spec, tiers=tiers_for(spec, file.contracts))
    )


def _changed(of: _Parameters, fields: BaseModel | None) -> _Parameters:
    given = {} if fields is None else fields.model_dump(exclude_none=True)
    return dataclasses.replace(of, **given)


def _dividends(file: MarketFile, path: PathParameters, split: ShareSplit | None) -> tuple[CashDividend, ...]:
    """As named, or four a year of a stock; those after the end too, since forwards look ahead."""
    if file.dividends is not None:
        return tuple(CashDividend(**d.model_dump()) for d in file.dividends)
    if file.kind != "stock":
        return ()
    quarter = path.start_price * DIVIDEND_PER_YEAR / 4.0
    paid = []
    for year in range(file.start.year - 1, file.end.year + 2):
        for month, day in ((2, 8), (5, 9), (8, 8), (11, 7)):
            ex_date = dt.date(year, month, day)
            # an ex-date on a weekend would never come; move it to the Monday
            ex_date += dt.timedelta(days={5: 2, 6: 1}.get(ex_date.weekday(), 0))
            shares = split.new_shares / split.old_shares if split and ex_date >= split.effective_date else 1.0
            paid.append(CashDividend(ex_date, round(quarter / shares, 2), ex_date - dt.timedelta(days=24)))
    return tuple(d for d in paid if d.amount > 0.0)
