"""Every universe and study that ships validates, and they fit together."""

from pathlib import Path

import pytest
import yaml

from engine.backtest.study import StudySpec
from engine.strategies.registry import make_strategy
from resources.generator.demo_markets import DEMO_MARKETS
from resources.providers.registry import provider_formats
from resources.universe import UniverseSpec

ROOT = Path(__file__).parents[3]
FOLDERS = (ROOT / "optix_pipeline", ROOT / "examples")


def load(kind, model):
    found = {}
    for folder in FOLDERS:
        for path in sorted((folder / kind).glob("*.yaml")):
            found[path] = model.model_validate(yaml.safe_load(path.read_text()))
    return found


UNIVERSES = load("universes", UniverseSpec)
STUDIES = load("studies", StudySpec)


def test_all_that_should_ship_does():
    assert sorted(u.name for u in UNIVERSES.values()) == [
        "btc_2021_06", "cboe_2026_07", "cboe_intraday_2026_08", "crwd_split_2026", "demo_coin", "demo_index",
        "demo_stock", "deribit_btc_2021_02", "deribit_btc_2026", "historicaloptiondata_spx",
        "ivolatility_aapl_2014", "ivolatility_spx_2011", "lean_aapl_2014", "lean_aapl_chains_2014", "lean_spx_2021",
        "lean_spx_minutes_2021", "paperbroker_2017", "yahoo_aapl_2025_11",
    ]  # fmt: skip
    assert len(STUDIES) == 7


@pytest.mark.parametrize("path", [*UNIVERSES, *STUDIES], ids=lambda p: p.stem)
def test_a_file_is_named_as_what_it_holds(path):
    assert (UNIVERSES.get(path) or STUDIES[path]).name == path.stem


@pytest.mark.parametrize("universe", UNIVERSES.values(), ids=lambda u: u.name)
def test_universes_name_a_format_that_exists_and_a_place_for_it(universe):
    assert universe.provider.format in provider_formats()
    assert universe.provider.path.startswith(("${data}/", "${generated}/"))


@pytest.mark.parametrize("study", STUDIES.values(), ids=lambda s: s.name)
def test_studies_fit_their_universe(study):
    universe = next(u for u in UNIVERSES.values() if u.name == study.universe)
    underlying = universe.underlying(study.underlying)
    assert universe.start <= study.period.start and study.period.end <= universe.end
    assert study.capital.base_currency == universe.settlement_currency
    assert study.annualization == (365 if universe.calendar == "24/7" else 252)
    roots = study.strategy.parameters.get("roots") or []
    assert set(roots) <= {r.root for r in underlying.roots}


@pytest.mark.parametrize("study", STUDIES.values(), ids=lambda s: s.name)
def test_strategies_take_their_parameters_and_every_value_of_the_grid(study):
    make_strategy(study.strategy.name, study.strategy.parameters)
    for key, options in (study.walk_forward.grid if study.walk_forward else {}).items():
        for value in options:
            make_strategy(study.strategy.name, {**study.strategy.parameters, key: value})


@pytest.mark.parametrize("market", DEMO_MARKETS, ids=lambda m: m.name)
def test_the_universe_of_a_demo_market_states_the_terms_it_was_generated_with(market):
    universe = next(u for u in UNIVERSES.values() if u.name == market.name)
    stated = universe.root_terms()
    assert universe.start == market.default_start and universe.calendar == market.calendar
    assert set(stated) == {t.root for t in market.roots}
    for terms in market.roots:
        for field in (
            "style",
            "settlement_time",
            "settlement_type",
            "multiplier",
            "coin_settled",
            "quote_currency",
        ):
            assert getattr(stated[terms.root], field) == getattr(terms, field), field
        if not terms.coin_settled:
            assert stated[terms.root].trading_close == terms.trading_close
