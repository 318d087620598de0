"""The strategies by name, as studies write them."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from engine.strategies.base import Strategy, StrategyParameters
from engine.strategies.cash_secured_put import CashSecuredPut
from engine.strategies.covered_call import CoveredCall
from engine.strategies.iron_condor import IronCondor
from engine.strategies.short_strangle import ShortStrangle

_STRATEGIES: Mapping[str, type[Strategy]] = {
    cls.name: cls for cls in (CashSecuredPut, CoveredCall, IronCondor, ShortStrangle)
}


class UnknownStrategyError(ValueError):
    """No strategy has that name."""


class StrategyParameterError(ValueError):
    """A parameter is unknown, missing or out of range."""


def strategy_names() -> tuple[str, ...]:
    return tuple(sorted(_STRATEGIES))


def _strategy_class(name: str) -> type[Strategy]:
    try:
        return _STRATEGIES[name]
    except KeyError:
        raise UnknownStrategyError(
            f"no strategy is called {name!r}; known are {', '.join(strategy_names())}"
        ) from None


def validate_parameters(name: str, parameters: Mapping[str, Any]) -> StrategyParameters:
    """The parameters as the strategy's own model, defaults filled in.

    Raises
    ------
    UnknownStrategyError, StrategyParameterError
        The latter names the strategy and every field that is wrong.
    """
    model = _strategy_class(name).Parameters
    try:
        return model.model_validate(dict(parameters))
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(p) for p in e['loc']) or 'parameters'}: {e['msg']}" for e in error.errors()
        )
        raise StrategyParameterError(
            f"{name}: {problems}; it takes {', '.join(sorted(model.model_fields))}"
        ) from error


def make_strategy(name: str, parameters: Mapping[str, Any]) -> Strategy:
    """A fresh strategy with validated parameters."""
    return _strategy_class(name)(validate_parameters(name, parameters))
