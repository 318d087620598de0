"""Change every raw file after t, build all layers anew in an empty lake: nothing up to t may differ by a bit."""

import csv
import dataclasses
import datetime as dt
import gzip
import io
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from assets import adjusted_quotes
from assets.adjustment import adjust_days
from assets.chain_history import StudyInputs, load_inputs, months_between
from assets.chain_month import compact_month
from assets.corporate_actions import ActionsInForce, build_month, slice_path
from assets.day_status import read_status
from assets.option_chain import enrich_days
from assets.rates import rate_days
from assets.underlying_prices import price_days, universe_calendar
from assets.validation import validate_days
from assets.volatility_surface import fit_days
from engine.backtest.lookahead import LookAheadError, assert_same_up_to
from engine.backtest.result import BacktestResult
from engine.backtest.run import run_backtest
from engine.backtest.study import StudySpec
from engine.execution.intents import LegIntent, close_package, open_package
from engine.strategies.base import Strategy, StrategyParameters
from optix_pipeline.yaml_specs import load_spec
from resources.generator.demo_markets import DEMO_COIN, DEMO_STOCK
from resources.generator.market import build_market
from resources.generator.writer import UniverseWriter
from resources.lake import Lake, open_lake
from resources.raw_store import RawStore
from resources.reference.corporate_actions.table import to_actions
from resources.reference.rates.source import RatesSource
from resources.sources import SourcesResource
from resources.universe import UniverseSpec

SHIPPED = Path(adjusted_quotes.__file__).parents[1] / "optix_pipeline"
START, END = dt.date(2025, 8, 4), dt.date(2025, 9, 30)
#: after a dividend, before the repeated payload; the last session before the split; a week after it
STOCK_DAYS = (dt.date(2025, 8, 19), dt.date(2025, 9, 12), dt.date(2025, 9, 22))
#: the session before the one whose file is missing; a Saturday
COIN_DAYS = (dt.date(2025, 8, 11), dt.date(2025, 8, 30))
STUDIES = {
    "stock_covered_call": {"days_to_expiry": 18, "call_delta": 0.3},
    "stock_cash_secured_put": {"days_to_expiry": 25, "put_delta": 0.25, "profit_target": 0.4},
    "stock_iron_condor": {"days_to_expiry": 25, "short_delta": 0.2, "wing_delta": 0.08, "exit_days_to_expiry": 9},
    "coin_short_strangle": {"days_to_expiry": 12, "short_delta": 0.15, "exit_days_to_expiry": 3},
}  # fmt: skip
OF = {"demo_stock": [s for s in STUDIES if s.startswith("stock")], "demo_coin": ["coin_short_strangle"]}
SIZES = ("bid_size", "ask_size", "volume", "open_interest")


@dataclass(frozen=True)
class World:
    """One universe built from files to compacted months."""

    universe: UniverseSpec
    lake: Lake

    def layers(self, asset: str, until: dt.date) -> dict[str, str]:
        """Digest of the rows of each session of a layer."""
        days = universe_calendar(self.universe, END).sessions()
        statuses = [read_status(self.lake, self.universe, asset, d) for d in days if d <= until]
        return {f"{s.trade_date} {n}": u.digest for s in statuses for n, u in s.underlyings.items()}

    def study(self, name: str) -> StudySpec:
        shipped = "stock_cash_secured_put" if name == "stock_iron_condor" else name
        study = load_spec(SHIPPED / "studies" / f"{shipped}.yaml", StudySpec)
        strategy = {"name": name.split("_", 1)[1], "parameters": STUDIES[name]}
        period = {"start": START, "end": END}
        return StudySpec.model_validate(
            {**study.model_dump(), "strategy": strategy, "period": period, "walk_forward": None}
        )

    def inputs(self, name: str) -> StudyInputs:
        return load_inputs(self.study(name), self.universe, self.lake)

    def run(self, name: str, strategy: Callable[[StudyInputs], Strategy] | None = None) -> BacktestResult:
        inputs, terms = self.inputs(name), self.universe.root_terms()
        own = strategy(inputs) if strategy else None
        return run_backtest(
            self.study(name), inputs.chain, inputs.underlying, inputs.actions, terms, strategy=own
        )


def build(name: str, files: Path, lake_folder: Path, sources_type: type[SourcesResource]) -> World:
    """Every layer of a universe, through the functions that the assets call."""
    spec = load_spec(SHIPPED / "universes" / f"{name}.yaml", UniverseSpec)
    universe = spec.model_copy(update={"start": START, "end": END})
    lake = open_lake(str(lake_folder))
    sources = sources_type(generated_folder=str(files))
    calendar = universe_calendar(universe, END)
    days = [d for d in calendar.sessions() if START <= d <= END]
    provider = sources.provider(universe)
    sources.harvest(universe, RawStore(lake, name, "raw_quotes"), days)
    months = months_between(START, END)
    if universe.corporate_actions is not None:
        store = RawStore(lake, name, "corporate_actions")
        record, source = sources.harvest_actions(universe, store)
        for month in months:
            parsed = source.parse(store.load(record))
            build_month(universe, lake, parsed, month, {record.path: record.digest})
    price_days(universe, lake, provider, days, calendar)
    if universe.rates is not None:
        rate_days(universe, lake, sources, days)
    validate_days(universe, lake, provider, days, calendar, lambda results: None)
    adjust_days(universe, lake, lambda: provider, days)
    enrich_days(universe, lake, days)
    fit_days(universe, lake, days)
    for month in months:
        compact_month(universe, lake, month, days)
    return World(universe, lake)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The markets' files, and a home for the caches that no other run shares."""
    folder = tmp_path_factory.mktemp("look_ahead")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPTIX_HOME", str(folder))
        for spec in (DEMO_STOCK, DEMO_COIN):
            UniverseWriter(build_market(replace(spec, end=END)), folder / "files" / spec.name, START).write(
                lambda a, b: None
            )
        yield folder


@pytest.fixture(scope="module")
def base(home: Path) -> dict[str, World]:
    return {name: build(name, home / "files", home / "base" / name, SourcesResource) for name in OF}


def instant(world: World, day: dt.date) -> int:
    """When the day's decision is made: t."""
    chain = world.inputs(OF[world.universe.name][0]).chain
    at = np.flatnonzero(chain.snapshot_days == (day - dt.date(1970, 1, 1)).days)
    return int(chain.decision_us[at[-1]])


def spoiled_future(home: Path, name: str, day: dt.date, t_us: int) -> Path:
    """A copy of the files in which everything of after t is another."""
    rng = np.random.default_rng(day.toordinal())
    files = home / f"after_{day}"
    shutil.rmtree(files, ignore_errors=True)
    shutil.copytree(home / "files" / name, files / name)
    for path in sorted(files.rglob("*.csv*")):
        text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
        rows = list(csv.DictReader(io.StringIO(text)))
        columns = text.splitlines()[0].split(",")
        kind = path.name if path.parent == files / name else path.parent.name
        if path.suffix == ".gz":
            if path.name[:10] <= day.isoformat():
                continue
            rows = [changed(row, rng) for row in rows if rng.random() > 0.15] + strange_strikes(rows, rng)
        elif kind == "actions.csv":
            rows = spoiled_actions(rows, day, t_us)
        elif kind != "planted_defects.csv":
            # an observation of the day itself is published the morning after
            first = day + dt.timedelta(days=kind != "rates")
            when = "session_date" if "session_date" in columns else "date"
            rows = [changed(r, rng) if r[when] >= first.isoformat() else r for r in rows]
        out = io.StringIO()
        writer = csv.DictWriter(out, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        data = out.getvalue().encode()
        path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    after = sorted(p for p in files.rglob("*.csv.gz") if p.name[:10] > day.isoformat())
    after[3].unlink()
    return files


def changed(row: dict[str, str], rng: np.random.Generator) -> dict[str, str]:
    """Every price and every size of a row times a number of its own; one quote in fifty is crossed."""
    prices = ("bid", "ask", "last_trade_price", "mark_price", "forward_price", "index_price", "current_price",
              "close", "open", "high", "low", "value", "delivery_price", "settlement_price")  # fmt: skip
    by = {
        n: f for names, f in ((prices, rng.uniform(0.6, 1.6)), (SIZES, rng.uniform(0.3, 3.0))) for n in names
    }
    if rng.random() < 0.02:
        by["ask"] = by["bid"] / 2
    return {**row, **{n: f"{float(row[n]) * f:.4f}" for n, f in by.items() if row.get(n)}}


def strange_strikes(rows: list[dict[str, str]], rng: np.random.Generator) -> list[dict[str, str]]:
    """New listings: a few rows again under strikes that nobody had."""
    added = []
    for k in rng.choice(len(rows), 5, replace=False).tolist():
        strike = float(rows[k]["strike"]) + 0.25
        row = {**rows[k], "strike": f"{strike:.3f}"}
        if "option" in row:
            row["option"] = f"{row['option'][:-8]}{round(strike * 1000):08d}"
        added.append(row)
    return added


def spoiled_actions(rows: list[dict[str, str]], day: dt.date, t_us: int) -> list[dict[str, str]]:
    """Without what became known after t, and with events that did: to come, and in force already."""
    kept = [r for r in rows if dt.datetime.fromisoformat(r["known_at"]).timestamp() * 1e6 <= t_us]
    for offset, kind, new, cash, hours in (
        (-3, "cash_dividend", 1, 2.5, 1),
        (-2, "split", 3, 0, 0.01),
        (4, "cash_dividend", 1, 1.5, 0.01),
        (7, "split", 2, 0, 30),
    ):
        known = dt.datetime.fromtimestamp(t_us / 1e6, dt.UTC) + dt.timedelta(hours=hours)
        effective = (day + dt.timedelta(days=offset)).isoformat()
        kept.append(
            dict(underlying="ACME", effective_date=effective, kind=kind, new_shares=str(new), old_shares="1",
                 cash_amount=str(cash), currency="USD", known_at=known.isoformat(), source="test")
        )  # fmt: skip
    return kept


def assert_same_layers(own: World, other: World, day: dt.date) -> None:
    """Every quote, rate, forward and volatility of the sessions up to t, whether or not a study traded on it."""
    reference = ["rates"] if own.universe.rates else []
    priced = ("adjusted_quotes", "option_chain", "volatility_surface")
    for asset in ("validated_quotes", "underlying_prices", *reference, *priced):
        before, after = own.layers(asset, day), other.layers(asset, day)
        differ = [session for session in before if before[session] != after[session]]
        if differ or len(before) != len(after):
            raise LookAheadError(f"changing the files of after {day} changed the past: {asset} of {differ}")


CASES = [("demo_stock", d) for d in STOCK_DAYS] + [("demo_coin", d) for d in COIN_DAYS]


@pytest.mark.parametrize(("name", "day"), CASES, ids=[f"{n} {d}" for n, d in CASES])
def test_changing_every_raw_file_after_t_changes_nothing_up_to_t(base, home, tmp_path, name, day) -> None:
    t_us = instant(base[name], day)
    other = build(name, spoiled_future(home, name, day, t_us), tmp_path / "lake", SourcesResource)
    assert_same_layers(base[name], other, day)
    for study in OF[name]:
        before, after = base[name].run(study), other.run(study)
        assert (before.tables["orders"]["decided_us"] <= t_us).any(), "nothing was decided: nothing is proven"
        assert_same_up_to(before, after, t_us, what=f"changing the files of {study}")
        assert before.digest() != after.digest(), "the change did not reach the run"


def test_the_covered_call_of_this_test_crosses_the_split_with_an_open_call(base) -> None:
    events = base["demo_stock"].run("stock_covered_call").tables["events"]
    assert "split" in events["kind"].tolist()


class Prophet(Strategy):
    """Buys the call whose offer will have risen most by tomorrow, and sells it then."""

    name = "prophet"

    def __init__(self, inputs: StudyInputs) -> None:
        super().__init__(StrategyParameters())
        self.chain = inputs.chain

    def on_snapshot(self, view, portfolio):
        chain, columns = self.chain, self.chain.columns
        k = int(np.searchsorted(chain.snapshot_ts_us, view.ts_us))
        rows = np.arange(chain.offsets[k], chain.offsets[k + 1])
        later = chain.next_row[rows] - chain.row_base
        rows, later = rows[later >= 0], later[later >= 0]
        if not portfolio.can_open or not len(rows):
            return [close_package(p.package_id, "exit") for p in portfolio.packages if not p.busy]
        best = int(np.nanargmax(columns["ask"][later] - columns["ask"][rows]))
        return [open_package(LegIntent(int(columns["contract_id"][rows[best]]), 1.0))]


class LateRates(RatesSource):
    """Takes the curve of the next session."""

    def rates_as_of(self, trade_date, parts=None):
        return super().rates_as_of(self.calendar.next(trade_date), parts)


class LeakingSources(SourcesResource):
    def rates(self, universe: UniverseSpec) -> RatesSource | None:
        honest = super().rates(universe)
        return honest and LateRates(honest.universe, honest.spec, honest.path, honest.format)


def test_a_strategy_that_sees_tomorrow_fails_this_test(base, home, tmp_path) -> None:
    honest, study = base["demo_stock"], "stock_covered_call"
    before = honest.run(study, Prophet)
    orders = before.tables["orders"]
    bought = orders["decided_us"][orders["intent"] == "open"]
    t_us = int(bought[len(bought) // 2])
    day = dt.datetime.fromtimestamp(t_us / 1e6, dt.UTC).date()
    other = build(
        "demo_stock", spoiled_future(home, "demo_stock", day, t_us), tmp_path / "lake", SourcesResource
    )
    with pytest.raises(LookAheadError, match="changed the past: orders"):
        assert_same_up_to(before, other.run(study, Prophet), t_us)


def leaking(base: World, home: Path, tmp_path: Path, sources: type[SourcesResource]) -> tuple[World, World]:
    """The two sides of the test above at one instant, both with a leak in their layers."""
    name, day = base.universe.name, STOCK_DAYS[1]
    files = spoiled_future(home, name, day, instant(base, day))
    return build(name, home / "files", tmp_path / "own", sources), build(
        name, files, tmp_path / "other", sources
    )


def test_a_layer_that_takes_the_rates_of_tomorrow_fails_this_test(base, home, tmp_path) -> None:
    own, other = leaking(base["demo_stock"], home, tmp_path, LeakingSources)
    with pytest.raises(LookAheadError, match=rf"rates of \['{STOCK_DAYS[1]} USD'\]"):
        assert_same_layers(own, other, STOCK_DAYS[1])


def test_a_layer_that_takes_events_before_they_are_known_fails_this_test(
    base, home, tmp_path, monkeypatch
) -> None:
    def prescient(self, day):
        events = to_actions(self._lake.read_table(slice_path(self._universe, day.replace(day=1))))
        return [dataclasses.replace(a, known_at_us=0) for a in events], {}

    monkeypatch.setattr(ActionsInForce, "on", prescient)
    own, other = leaking(base["demo_stock"], home, tmp_path, SourcesResource)
    with pytest.raises(LookAheadError, match=r"changed the past: (validated|adjusted)_quotes of"):
        assert_same_layers(own, other, STOCK_DAYS[1])
