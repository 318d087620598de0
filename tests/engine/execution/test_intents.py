"""Intents that make no sense cannot be built."""

import pytest

from engine.execution.intents import LegIntent, OrderIntent, close_package, open_package


def test_a_leg_trades_something() -> None:
    for ratio in (0.0, float("nan")):
        with pytest.raises(ValueError, match="ratio"):
            LegIntent(1, ratio)


def test_intents_have_just_the_parts_that_their_action_needs() -> None:
    with pytest.raises(ValueError, match="0 legs"):
        open_package()
    with pytest.raises(ValueError, match="1 legs"):
        OrderIntent("close", "exit", (LegIntent(1, 1.0),), package_id=1)
    with pytest.raises(ValueError, match="names package None"):
        OrderIntent("extend", "more", (LegIntent(1, 1.0),))
    with pytest.raises(ValueError, match="two legs"):
        open_package(LegIntent(1, 1.0), LegIntent(1, -1.0))
    assert close_package(3, "exit").package_id == 3
