"""What counts as complete: every layer there, all of the newest harvest, and the month compacted of them."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml

from assets.chain_month import day_entry
from assets.day_status import DayStatus, Status, UnderlyingStatus, read_status, write_status
from assets.session_survey import SessionState, survey_sessions
from resources.lake.errors import LakeFormatError
from resources.lake.lake import Lake
from resources.lake.layout import receipt_path, status_path
from resources.lake.opening import open_lake
from resources.raw_store import RawPart, RawStore
from resources.universe import UniverseSpec

DAY, NEXT = dt.date(2025, 8, 5), dt.date(2025, 8, 6)
LAYERS = (
    "underlying_prices",
    "rates",
    "validated_quotes",
    "quarantined_quotes",
    "adjusted_quotes",
    "superseded_quotes",
    "option_chain",
    "volatility_surface",
)


@pytest.fixture
def universe() -> UniverseSpec:
    import optix_pipeline

    path = Path(optix_pipeline.__file__).parent / "universes" / "demo_stock.yaml"
    return UniverseSpec.model_validate(yaml.safe_load(path.read_text()))


class Built:
    """A lake in which sessions are put as a finished run leaves them; tests then take away or change a part."""

    def __init__(self, lake: Lake, universe: UniverseSpec) -> None:
        self.lake, self.universe = lake, universe
        file = {"path": "p", "sha256": "0", "digest": "0"}
        self.month: dict[str, Any] = {
            "month": "2025-08-01",
            "chain": file,
            "underlying_prices": file,
            "days": {},
            "not_materialized": [],
            "inputs": {},
        }

    def harvest(self, dataset: str, day: dt.date, payload: str, kind: str = "quotes") -> dict[str, str]:
        parts = [RawPart.whole(kind, None, "a.csv", "here", payload.encode())] if payload else []
        store = RawStore(self.lake, self.universe.name, dataset)
        record = store.put(day.isoformat(), parts, received_at=dt.datetime.now(dt.UTC))
        return {record.path: record.digest}

    def status(self, asset: str, day: dt.date, inputs: dict[str, str], **by_symbol: Status) -> DayStatus:
        underlyings = {s: UnderlyingStatus(status, rows=7) for s, status in by_symbol.items()}
        found = DayStatus(day, underlyings, inputs)
        write_status(self.lake, self.universe, asset, found)
        return found

    def session(
        self, day: dt.date, payload: str = "quotes", kind: str = "quotes", **by_symbol: Status
    ) -> None:
        quotes, rates = self.harvest("raw_quotes", day, payload, kind), self.harvest("rates", day, "rates")
        for asset in LAYERS:
            with_rates = asset in ("option_chain", "volatility_surface")
            inputs = rates if asset == "rates" else quotes | (rates if with_rates else {})
            found = self.status(asset, day, inputs, **(by_symbol or {"ACME": "ok"}))
        self.month["days"][day.isoformat()] = day_entry(found)
        self.month["inputs"] |= quotes | rates
        self.compact()

    def compact(self) -> None:
        self.lake.write_json(status_path(self.universe.name, "corporate_actions", "2025-08-01"), {})
        self.lake.write_json(status_path(self.universe.name, "chain_month", "2025-08-01"), self.month)

    def look(self, day: dt.date = DAY) -> SessionState:
        (state,) = survey_sessions(self.universe, self.lake, [day])
        return state


@pytest.fixture
def built(tmp_path: Path, universe: UniverseSpec) -> Built:
    return Built(open_lake(str(tmp_path)), universe)


def test_a_session_that_was_never_built(built: Built) -> None:
    state = built.look()
    assert state == SessionState(DAY, state.unfinished)
    assert state.unfinished == "demo_stock/option_chain has no partition 2025-08-05"


def test_a_finished_session_is_complete_and_compacted(built: Built) -> None:
    built.session(DAY)
    assert built.look() == SessionState(DAY, verdict="ok", rows=7, received=True, compacted=True)


@pytest.mark.parametrize(
    ("by_symbol", "verdict", "rows"),
    [
        ({"A": "ok", "B": "ok"}, "ok", 14),
        ({"A": "ok", "B": "blocked"}, "partly", 14),
        ({"A": "ok", "B": "absent"}, "partly", 14),
        ({"A": "blocked", "B": "absent"}, "blocked", 14),
        ({"A": "absent", "B": "absent"}, "absent", 14),
    ],
)
def test_the_verdict_of_a_session_is_that_of_its_underlyings(
    built: Built, by_symbol: dict[str, Status], verdict: str, rows: int
) -> None:
    built.session(DAY, **by_symbol)
    state = built.look()
    assert (state.verdict, state.rows, state.unfinished) == (verdict, rows, "")


def test_a_gap_on_record_is_no_payload(built: Built) -> None:
    built.session(DAY, payload="", ACME="absent")
    assert (built.look().received, built.look().verdict) == (False, "absent")


def test_prices_without_quotes_are_no_payload_of_the_session(built: Built) -> None:
    built.session(DAY, kind="underlying_prices", ACME="absent")
    assert built.look().received is False
    built.lake.delete(status_path("demo_stock", "option_chain", f"{DAY}"))
    assert built.look().received is False


@pytest.mark.parametrize("layer", LAYERS)
def test_without_one_of_its_layers_a_session_is_open(built: Built, layer: str) -> None:
    built.session(DAY)
    built.lake.delete(status_path("demo_stock", layer, f"{DAY}"))
    state = built.look()
    assert state.unfinished == f"demo_stock/{layer} has no partition 2025-08-05"
    assert (state.verdict, state.compacted, state.received) == (None, False, True)


def test_a_session_that_was_compared_with_a_payload_harvested_again_is_open(built: Built) -> None:
    built.session(DAY)
    built.session(NEXT)
    before = built.harvest("raw_quotes", DAY, "quotes")
    for asset in ("validated_quotes", "option_chain", "volatility_surface"):
        mine = read_status(built.lake, built.universe, asset, NEXT).inputs
        built.status(asset, NEXT, mine | before, ACME="ok")
    assert built.look(NEXT).unfinished == ""
    built.harvest("raw_quotes", DAY, "the right quotes")
    state = built.look(NEXT)
    assert state.unfinished == "it was judged against the payload of 2025-08-05, which was harvested again"
    assert (state.restated, state.verdict) == (False, None)


@pytest.mark.parametrize("at_once", [1, 16])
def test_the_layers_that_are_not_read_are_listed_once_where_each_look_is_a_request(
    built: Built, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    days = [dt.date(2025, 8, n) for n in range(4, 30)]
    for day in days:
        built.session(day)
    built.lake.delete(status_path("demo_stock", "adjusted_quotes", f"{DAY}"))
    built.lake.delete(status_path("demo_stock", "quarantined_quotes", f"{NEXT}"))
    asked: list[str] = []
    listed: list[str] = []
    exists, files = type(built.lake).exists, type(built.lake).files
    monkeypatch.setattr(type(built.lake), "requests_at_once", at_once)
    monkeypatch.setattr(
        type(built.lake), "exists", lambda lake, path: asked.append(path) or exists(lake, path)
    )
    monkeypatch.setattr(
        type(built.lake), "files", lambda lake, prefix="": listed.append(prefix) or files(lake, prefix)
    )
    states = survey_sessions(built.universe, built.lake, days)
    assert {s.day for s in states if s.unfinished} == {DAY, NEXT}
    looks = [p for p in asked if p.startswith("demo_stock/adjusted_quotes/")]
    # the one that lacks another layer is not asked about
    assert len(looks) == (len(days) - 1 if at_once == 1 else 0)
    assert listed.count("demo_stock/adjusted_quotes") == (0 if at_once == 1 else 1)


def test_a_layer_that_is_not_read_and_was_archived_is_not_missed(built: Built) -> None:
    built.session(DAY)
    for asset in ("adjusted_quotes", "superseded_quotes", "quarantined_quotes"):
        built.lake.delete(status_path("demo_stock", asset, f"{DAY}"))
        built.lake.write_json(receipt_path("demo_stock", asset, f"{DAY}"), {})
    assert built.look().unfinished == ""


@pytest.mark.parametrize("asset", ["option_chain", "validated_quotes", "rates", "chain_month"])
@pytest.mark.parametrize("content", [b"", b'{"x": 1}', b"[]", b'{"trade_date": 3}'])
def test_a_status_that_is_none_is_named_with_the_way_out(built: Built, asset: str, content: bytes) -> None:
    built.session(DAY)
    path = status_path("demo_stock", asset, "2025-08-01" if asset == "chain_month" else f"{DAY}")
    built.lake.write_bytes(path, content)
    with pytest.raises(LakeFormatError, match="run: optix lake repair demo_stock") as refused:
        built.look()
    assert f"{built.lake.uri}/{path} is no " in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_payload_harvested_again_opens_its_session(built: Built) -> None:
    built.session(DAY)
    built.session(NEXT)
    built.harvest("raw_quotes", DAY, "other quotes")
    assert built.look().restated and "harvested again" in built.look().unfinished
    assert built.look(NEXT).unfinished == ""


def test_layers_of_which_some_were_rebuilt_after_a_restatement_are_open(built: Built) -> None:
    """Killed between two layers: the first ones go back to the new payload, the last still to the old."""
    built.session(DAY)
    newer = built.harvest("raw_quotes", DAY, "other quotes")
    built.status("underlying_prices", DAY, newer, ACME="ok")
    built.status("validated_quotes", DAY, newer, ACME="ok")
    assert built.look().unfinished == "its layers go back to different harvests"
    built.status("underlying_prices", DAY, {}, ACME="ok")
    assert built.look().restated


def test_rates_harvested_again_open_the_session(built: Built) -> None:
    built.session(DAY)
    newer = built.harvest("rates", DAY, "other rates")
    assert built.look().unfinished == "its rates were harvested again"
    built.status("rates", DAY, newer, USD="ok")
    assert built.look().unfinished == "its layers go back to different harvests"


def test_a_universe_without_rates_needs_none(built: Built) -> None:
    built.session(DAY)
    built.lake.delete(status_path("demo_stock", "rates", f"{DAY}"))
    built.universe = built.universe.model_copy(update={"rates": None})
    assert built.look().unfinished == ""


def test_a_harvest_record_that_is_gone_opens_the_session(built: Built) -> None:
    built.session(DAY)
    (path,) = built.lake.list("demo_stock/raw_quotes/_records")
    built.lake.delete(path)
    assert built.look().unfinished == "its harvest record is gone, its layers are of an older one"


@pytest.mark.parametrize("change", ["no month", "no actions", "not in it", "other rows", "other inputs"])
def test_a_month_that_does_not_hold_the_session_as_it_is_has_to_be_compacted(
    built: Built, change: str
) -> None:
    built.session(DAY)
    built.session(NEXT)
    if change == "no month":
        built.lake.delete(status_path("demo_stock", "chain_month", "2025-08-01"))
    elif change == "no actions":
        built.lake.delete(status_path("demo_stock", "corporate_actions", "2025-08-01"))
    elif change == "not in it":
        del built.month["days"][f"{DAY}"]
        built.compact()
    elif change == "other rows":
        built.month["days"][f"{DAY}"]["ACME"]["digest"] = "0" * 64
        built.compact()
    else:
        built.month["inputs"] = {}
        built.compact()
    state = built.look()
    assert (state.unfinished, state.compacted) == ("", False)


def test_states_come_in_the_order_of_the_days_asked_for(built: Built) -> None:
    built.session(NEXT)
    found = survey_sessions(built.universe, built.lake, [DAY, NEXT])
    assert [(s.day, bool(s.unfinished)) for s in found] == [(DAY, True), (NEXT, False)]
