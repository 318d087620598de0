"""Splits and dividends of Polygon: what a trader knew, and when."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from resources.lake import open_lake
from resources.network.errors import NetworkError
from resources.providers.payload_text import UnreadablePayloadError
from resources.providers.registry import SettingsError
from resources.raw_store import RawStore
from resources.reference.corporate_actions import polygon_service
from resources.reference.corporate_actions.event_rules import InvalidActionsError
from resources.reference.corporate_actions.polygon_service import PolygonActionsSource
from resources.reference.registry import ACTION_FORMATS, check_actions, make_actions
from resources.schemas import CORPORATE_ACTION_SCHEMA
from resources.universe import UniverseSpec

SPLIT = {
    "id": "E1",
    "ticker": "AAPL",
    "execution_date": "2020-08-31",
    "split_from": 1,
    "split_to": 4,
    "adjustment_type": "forward_split",
    "historical_adjustment_factor": 0.25,
}
DIVIDEND = {
    "id": "E2",
    "ticker": "AAPL",
    "cash_amount": 0.26,
    "currency": "USD",
    "declaration_date": "2026-04-30",
    "ex_dividend_date": "2026-05-11",
    "record_date": "2026-05-11",
    "pay_date": "2026-05-14",
    "frequency": 4,
    "distribution_type": "recurring",
    "historical_adjustment_factor": 0.99,
    "split_adjusted_cash_amount": 0.26,
}
SPECIAL = {
    **DIVIDEND,
    "id": "E3",
    "cash_amount": 1.5,
    "declaration_date": None,
    "distribution_type": "special",
}
OLD = {**DIVIDEND, "id": "E0", "ex_dividend_date": "2012-08-09", "declaration_date": "2012-07-24"}


def aapl(url: str, **settings: Any) -> UniverseSpec:
    def listed(symbol: str, kind: str) -> dict[str, Any]:
        return {"symbol": symbol, "kind": kind, "roots": [{"root": symbol}]}

    return UniverseSpec.model_validate(
        {
            "name": "aapl_live",
            "description": "test",
            "provider": {"format": "polygon_snapshot", "mode": "snapshot_only"},
            "corporate_actions": {
                "format": "polygon_actions",
                "settings": {
                    "base_url": url,
                    "api_key_variable": "TEST_KEY",
                    "network": {"attempts": 1},
                    **settings,
                },
            },
            "calendar": "XNYS",
            "timezone": "America/New_York",
            "start": "2026-01-02",
            "quote_currency": "USD",
            "settlement_currency": "USD",
            "underlyings": [listed("AAPL", "stock"), listed("SPX", "index")],
        }
    )


@pytest.fixture
def source(replay, replay_module, tmp_path, monkeypatch):
    monkeypatch.setenv("OPTIX_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TEST_KEY", "k")
    monkeypatch.setattr(polygon_service, "_recent", {})

    def build(splits: list[Any], dividends: list[Any], **settings: Any) -> PolygonActionsSource:
        for path, rows in (("splits", splits), ("dividends", dividends)):
            body = {"status": "OK", "request_id": f"r{len(replay.asked)}", "results": rows}
            replay.on(f"/stocks/v1/{path}", replay_module.Reply(body))
            replay.on(f"/v3/reference/{path}", replay_module.Reply(body))
        found = make_actions(aapl(replay.url, **settings), Path())
        assert isinstance(found, PolygonActionsSource)
        return found

    return build


def new_york(text: str) -> dt.datetime:
    from zoneinfo import ZoneInfo

    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("America/New_York"))


def test_an_event_is_known_after_its_declaration_or_on_its_day(source, replay):
    actions = source([SPLIT], [DIVIDEND, OLD])
    table = actions.parse(actions.fetch()).table
    assert table.schema.equals(CORPORATE_ACTION_SCHEMA)
    split, dividend = table.to_pylist()
    assert (split["kind"], split["new_shares"], split["old_shares"]) == ("split", 4.0, 1.0)
    assert split["known_at"] == new_york("2020-08-31T09:30")
    assert (dividend["kind"], dividend["cash_amount"]) == ("cash_dividend", 0.26)
    assert (dividend["effective_date"], dividend["known_at"]) == (
        dt.date(2026, 5, 11),
        new_york("2026-05-01"),
    )
    # the index was not asked about, and dividends before the universe begins touch nothing of it
    assert {asked.query["ticker"] for asked in replay.asked} == {"AAPL"}


def test_dividends_of_one_day_and_kind_are_one_event(source):
    second = {**SPECIAL, "id": "E4", "cash_amount": 0.5, "declaration_date": "2026-04-30"}
    actions = source([], [DIVIDEND, SPECIAL, DIVIDEND, second])
    ordinary, special = actions.parse(actions.fetch()).table.to_pylist()
    assert (ordinary["kind"], ordinary["cash_amount"]) == ("cash_dividend", 0.26)
    assert ordinary["announced_at"] == ordinary["known_at"] == new_york("2026-05-01T00:00")
    assert (special["kind"], special["cash_amount"]) == ("special_dividend", pytest.approx(2.0))
    assert special["known_at"] == new_york("2026-05-11T09:30")  # one of them has no declaration date


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({**DIVIDEND, "distribution_type": "irregular"}, "cash_dividend"),
        ({**SPLIT, "split_from": 20, "split_to": 21, "adjustment_type": "stock_dividend"}, "stock_dividend"),
        *(
            ({**{k: v for k, v in DIVIDEND.items() if k != "distribution_type"}, "dividend_type": told}, kind)
            for told, kind in (
                ("CD", "cash_dividend"),
                ("SC", "special_dividend"),
                ("LT", "capital_gain"),
                ("ST", "capital_gain"),
            )
        ),
    ],
)
def test_the_service_tells_what_kind_of_event_it_is(source, row, kind: str) -> None:
    actions = source([row], []) if "split_to" in row else source([], [row])
    assert actions.parse(actions.fetch()).table["kind"].to_pylist() == [kind]


def test_the_older_endpoints_are_a_setting(source, replay):
    older = {k: v for k, v in DIVIDEND.items() if k not in ("currency", "distribution_type")}
    actions = source([SPLIT], [{**older, "dividend_type": "CD"}], endpoints="reference_v3")
    assert actions.parse(actions.fetch()).table.num_rows == 2
    assert {asked.path for asked in replay.asked} == {"/v3/reference/splits", "/v3/reference/dividends"}


@pytest.mark.parametrize(
    ("split", "fault"),
    [
        ({"split_to": 0}, "AAPL 2020-08-31: no_ratio"),
        ({"split_from": 4}, "AAPL 2020-08-31: no_ratio"),
        ({"split_to": True}, "AAPL 2020-08-31: no_ratio"),
        ({"execution_date": "soon"}, "untyped:execution_date"),
        ({"execution_date": "2020-08-30"}, "no_session"),
    ],
)
def test_a_wrong_event_is_no_event_at_all(source, split, fault):
    actions = source([{**SPLIT, **split}], [DIVIDEND])
    parts = actions.fetch()
    with pytest.raises(InvalidActionsError, match=fault):
        actions.parse(parts)


def test_two_different_splits_of_a_day_contradict_each_other(source):
    actions = source([SPLIT, {**SPLIT, "id": "E9", "split_to": 5}], [])
    parts = actions.fetch()
    with pytest.raises(InvalidActionsError, match="2 events of its underlyings"):
        actions.parse(parts)


def test_the_same_events_again_are_the_same_harvest(source, tmp_path, monkeypatch):
    store = RawStore(open_lake(str(tmp_path / "lake")), "aapl_live", "corporate_actions")
    now = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
    first_source = source([SPLIT], [DIVIDEND])
    first = store.put("all", first_source.fetch(), received_at=now)
    first_source.stored()
    monkeypatch.setattr(polygon_service, "_recent", {})
    changed = {**SPLIT, "historical_adjustment_factor": 0.125}  # what a later split makes of it
    again = store.put("all", source([changed], [DIVIDEND]).fetch(), received_at=now)
    assert (first.new, again.new) == (True, False)


def test_months_made_one_by_one_ask_once(source, replay):
    source([SPLIT], [DIVIDEND]).fetch()
    asked = len(replay.asked)
    make_actions(aapl(replay.url), Path()).fetch()
    assert len(replay.asked) == asked


def test_what_arrived_before_a_failure_is_not_asked_for_again(source, replay, replay_module):
    actions = source([SPLIT], [DIVIDEND])
    good = replay.scripts["/stocks/v1/dividends"]
    replay.on("/stocks/v1/dividends", replay_module.Reply({}, status=500))
    with pytest.raises(NetworkError):
        actions.fetch()
    replay.scripts["/stocks/v1/dividends"] = good
    assert len(actions.fetch()) == 2
    assert replay.count("/stocks/v1/splits") == 1


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"settings": {"endpoint": "x"}}, "corporate_actions.settings.endpoint: unknown setting"),
        ({"path": "saved"}, r"corporate_actions\.settings\.base_url: unknown setting"),
        ({"format": "actions_csv", "settings": {}}, r"corporate_actions\.path: actions_csv reads files"),
        ({"format": "actions_csv", "path": "x", "settings": {"a": 1}}, "corporate_actions.settings.a"),
    ],
)
def test_what_a_format_cannot_use_is_refused_with_its_place(change, place):
    spec = aapl("https://example.com").model_dump()
    spec["corporate_actions"] |= change
    with pytest.raises(SettingsError, match=place):
        check_actions(UniverseSpec.model_validate(spec))


def test_saved_answers_are_read_like_those_of_the_service(tmp_path):
    rows = [SPLIT, DIVIDEND, SPECIAL, {**DIVIDEND, "ticker": "OTHER", "cash_amount": 0}, SPLIT, 7]
    (tmp_path / "a.json").write_text(json.dumps({"status": "OK", "results": rows}))
    spec = aapl("https://example.com").model_dump()
    spec["corporate_actions"] = {"format": "polygon_actions", "path": str(tmp_path)}
    saved = make_actions(UniverseSpec.model_validate(spec), tmp_path)
    with pytest.raises(InvalidActionsError, match="repeated_row"):
        saved.parse(saved.fetch())
    (tmp_path / "a.json").write_text(json.dumps({"status": "OK", "results": rows[:4]}))
    parsed = saved.parse(saved.fetch())
    assert [(e["kind"], e["cash_amount"]) for e in parsed.table.to_pylist()] == [
        ("split", 0.0),
        ("cash_dividend", 0.26),
        ("special_dividend", 1.5),
    ]
    # another company's record may be wrong
    assert parsed.rejected.column("reasons").to_pylist() == [["no_amount"]]


def test_a_stock_that_the_service_calls_otherwise_keeps_its_own_name(source, replay):
    universe = aapl(replay.url).model_dump()
    universe["underlyings"][0]["vendor_symbol"] = "AAPL"
    universe["underlyings"][0]["symbol"] = "APPLE"
    source([SPLIT], [DIVIDEND])
    actions = make_actions(UniverseSpec.model_validate(universe), Path())
    assert set(actions.parse(actions.fetch()).table.column("underlying").to_pylist()) == {"APPLE"}


def test_what_is_no_answer_is_refused_by_name():
    for payload in (b"[]", b"{}", b'{"status": "OK", "results": 3}', b"<html>"):
        with pytest.raises(UnreadablePayloadError, match=r"page\.json"):
            ACTION_FORMATS["polygon_actions"].parse(payload, "page.json", None)
