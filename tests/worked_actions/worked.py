"""An example sent through the engine: the position before and after, by what the book then says."""

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from engine.calendars import days_of_date
from engine.execution.delivery import Delivery, plan_delivery, unit_value
from engine.instruments.terms import Right
from tests.worked_actions.examples import Example

_BACKTEST = Path(__file__).parents[1] / "engine" / "backtest"


def _module(name: str, file: str) -> ModuleType:
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, _BACKTEST / file)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


@dataclass(frozen=True)
class OptionRow:
    root: str
    right: str
    strike: float
    contracts: float
    multiplier: float
    deliverable: str
    value: float


@dataclass(frozen=True)
class ShareRow:
    security: str
    shares: float
    cost: float
    value: float


@dataclass(frozen=True)
class Position:
    """Options, shares, and cash since before the event."""

    options: tuple[OptionRow, ...]
    shares: tuple[ShareRow, ...]
    cash: float

    @property
    def value(self) -> float:
        return self.cash + sum(o.value for o in self.options) + sum(s.value for s in self.shares)


@dataclass(frozen=True)
class Worked:
    """What the engine made of an example."""

    before: Position
    after: Position
    notes: tuple[str, ...]
    unit_price: float | None
    delivery: Delivery | None


def work(example: Example) -> Worked:
    """Hold the position, meet the event, exercise one contract of the first option afterwards."""
    factory = _module("optix_worked_factory", "market_factory.py")
    world_module = _module("optix_worked_world", "corporate_world.py")
    lots = [] if example.shares is None else [example.shares]
    day = days_of_date(example.action.effective_date)
    world = world_module.World(
        factory,
        [example.action],
        lots,
        list(example.options),
        example.spot,
        underlying=example.action.underlying,
        root=example.root,
        first_day=day - 1,
    )
    start = world.book.cash
    before = _position(world, start)
    world.on(day)
    after = _position(world, start)
    notes = tuple(dict.fromkeys(f"{row['kind']}: {row['note']}" for row in world.event_rows()))
    return Worked(before, after, notes, *_exercised(world, example))


def _position(world: Any, start: float) -> Position:
    world.nav()  # proves the book
    options, shares = [], []
    for leg in world.package.open_legs():
        units = leg.quantity * leg.lots.multiplier
        if leg.contract is None:
            shares.append(
                ShareRow(leg.instrument, leg.quantity, leg.lots.cost, units * leg.mark(world.shares.marks))
            )
            continue
        c = leg.contract
        text = "" if c.deliverable is None else str(c.deliverable)
        if text == f"{c.multiplier:g} {world.shares.underlying}":
            text = ""
        options.append(
            OptionRow(c.root, c.right.value, c.strike, leg.quantity, c.multiplier, text, units * c.mark_mid)
        )
    return Position(tuple(options), tuple(shares), world.book.cash - start)


def _exercised(world: Any, example: Example) -> tuple[float | None, Delivery | None]:
    if example.exercise is None:
        return None, None
    contract = world.contracts.states()[0]
    prices = dict(example.exercise.prices)
    delivered, name = contract.delivered(world.shares.underlying), world.shares.name
    price_of = lambda security: prices.get(security, float("nan"))  # noqa: E731
    return (
        unit_value(delivered, contract.multiplier, lambda s: price_of(name(s))),
        plan_delivery(Right(contract.right), contract.strike, contract.multiplier, delivered, price_of, name),
    )
