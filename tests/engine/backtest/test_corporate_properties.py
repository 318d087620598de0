"""Any sequence of up to five corporate actions on any position: nothing is gained, lost or forgotten."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.corporate_actions.events import ActionKind
from engine.corporate_actions.memos import to_the_cent

FINAL = (ActionKind.MERGER, ActionKind.LIQUIDATION)
KINDS = [kind for kind in ActionKind if kind is not ActionKind.CONTRACT_ADJUSTMENT]
SPOTS = st.floats(40.0, 900.0).map(lambda x: round(x, 2))
LOTS = st.lists(
    st.tuples(st.integers(-300, 300).filter(bool).map(float), st.floats(1.0, 900.0)), min_size=0, max_size=3
)
OPTIONS = st.lists(
    st.tuples(
        st.sampled_from(["C", "P"]),
        st.integers(40, 1600).map(lambda n: n / 2),
        st.integers(-20, 20).filter(bool).map(float),
        st.floats(0.05, 90.0).map(lambda x: round(x, 2)),
    ),
    min_size=0,
    max_size=3,
)


@pytest.fixture(scope="session")
def world_module():
    import importlib.util
    import sys
    from pathlib import Path

    name = "optix_test_corporate_world"
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("corporate_world.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # its dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@st.composite
def sequences(draw):
    drawn = draw(
        st.lists(
            st.tuples(
                st.sampled_from(KINDS),
                st.booleans(),
                st.integers(1, 10),
                st.integers(1, 10),
                st.floats(0.05, 0.9),
                st.booleans(),
            ),
            min_size=1,
            max_size=5,
        )
    )
    return drawn


def written(world_module, factory, drawn, spot: float, options):
    draws = [world_module.Draw(*d) for d in drawn]
    lowest = min((strike for _, strike, _, _ in options), default=spot)
    return world_module.write_actions(draws, factory, spot, lowest)


def days_of(actions) -> list[int]:
    return sorted({a.effective_date.toordinal() - 719163 for a in actions})


COMMON = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])


@COMMON
@given(drawn=sequences(), spot=SPOTS, lots=LOTS, options=OPTIONS)
def test_value_and_cost_are_unchanged_across_each_instant_but_for_what_is_paid_out(
    factory, world_module, drawn, spot: float, lots, options
) -> None:
    # a day each, so that the day's marks are those at which its fractions were paid
    actions = written(world_module, factory, [(d[0], False, *d[2:]) for d in drawn], spot, options)
    world = world_module.World(factory, actions, lots, options, spot)
    for day in days_of(actions):
        nav, cost, realized, rows = world.nav(), world.cost(), world.realized(), len(world.event_rows())
        gross = 1e7 + sum(abs(leg.lots.cost) for leg in world.package.legs.values())
        world.on(day)
        new = world.event_rows()[rows:]
        # a fraction is sold at its own price, to the cent; all else is worth what it was
        in_lieu = [row for row in new if row["kind"] == "cash_in_lieu"]
        for row in in_lieu:
            assert row["amount"] == to_the_cent(row["amount"])
            assert 0.0 < abs(row["quantity"]) < 1.0
        gained = sum(
            row["amount"] + row["quantity"] * world.shares.mark(row["instrument"]) for row in in_lieu
        )
        assert world.nav() == pytest.approx(nav + gained, abs=1e-9 * gross)
        # what left the cost was sold: fractions, and the cash part of what ended
        proceeds = sum(
            row["amount"] for row in new if row["kind"] in ("cash_in_lieu", "merger", "liquidation")
        )
        released = proceeds - (world.realized() - realized)
        assert world.cost() == pytest.approx(cost - released, abs=1e-9 * gross)
        if not any(row["kind"] in ("cash_in_lieu", "merger", "liquidation") for row in new):
            closing = world.realized() != realized  # a distribution met an opposite holding
            assert closing or world.cost() == pytest.approx(cost, abs=1e-9 * gross)


@COMMON
@given(drawn=sequences(), spot=SPOTS, options=OPTIONS.filter(bool))
def test_exercise_is_worth_after_each_event_what_it_was_worth_before(
    factory, world_module, drawn, spot: float, options
) -> None:
    # ordinary dividends adjust no contract: exercise is worth less after them
    adjusting = [d for d in drawn if d[0] is not ActionKind.CASH_DIVIDEND]
    actions = written(world_module, factory, adjusting, spot, options)
    # one share keeps the marks of what is handed out alive
    world = world_module.World(factory, actions, [(100.0, spot)], options, spot)
    for day in days_of(actions):
        before = world.worth_if_exercised()
        world.on(day)
        events_of_day = sum(a.effective_date.toordinal() - 719163 == day for a in actions)
        assert world.worth_if_exercised() == pytest.approx(
            before, abs=events_of_day * world.slack_of_strikes() + 1e-6
        )


@COMMON
@given(drawn=sequences(), spot=SPOTS, lots=LOTS, options=OPTIONS)
def test_applying_events_in_one_go_is_applying_them_day_by_day(
    factory, world_module, drawn, spot: float, lots, options
) -> None:
    actions = written(world_module, factory, drawn, spot, options)
    if not actions:
        return
    at_once = world_module.World(factory, actions, lots, options, spot)
    daily = world_module.World(factory, actions, lots, options, spot)
    for day in days_of(actions):
        daily.on(day)
    at_once.on(days_of(actions)[-1])
    assert at_once.nav() == daily.nav()
    assert at_once.book.cash == daily.book.cash
    assert at_once.shares.marks == daily.shares.marks
    for key, leg in daily.package.legs.items():
        other = at_once.package.legs[key]
        assert list(other.lots.lots) == list(leg.lots.lots)
        assert other.lots.multiplier == leg.lots.multiplier
        if leg.contract is not None:
            assert (other.contract.strike, other.contract.root, other.contract.deliverable) == (
                leg.contract.strike,
                leg.contract.root,
                leg.contract.deliverable,
            )


@COMMON
@given(drawn=sequences(), later=sequences(), spot=SPOTS, lots=LOTS, options=OPTIONS)
def test_events_added_later_change_nothing_up_to_the_day_before_them(
    factory, world_module, drawn, later, spot: float, lots, options
) -> None:
    actions = written(world_module, factory, drawn, spot, options)
    if not actions or actions[-1].kind in FINAL:
        return
    both = written(world_module, factory, [*drawn, *[(d[0], False, *d[2:]) for d in later]], spot, options)
    assert both[: len(actions)] == actions
    world = world_module.World(factory, actions, lots, options, spot)
    more = world_module.World(factory, both, lots, options, spot)
    for day in days_of(actions):
        world.on(day)
        more.on(day)
        assert more.nav() == world.nav()
        assert more.event_rows() == world.event_rows()
