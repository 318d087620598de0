"""Events that a source and a record with memos both have are one; what they disagree on is refused."""

import datetime as dt
from dataclasses import replace

import pytest

from engine.corporate_actions.events import ActionKind, CorporateAction
from engine.corporate_actions.memos import OptionMemo
from resources.reference.corporate_actions.event_rules import InvalidActionsError
from resources.reference.corporate_actions.joined_events import joined_events
from resources.reference.registry import make_actions
from tests.resources.reference.test_memos_yaml import USO

SPLIT = CorporateAction(
    "USO", dt.date(2020, 4, 29), ActionKind.SPLIT, 0.125, 1.0, 0.0, "USD", 100, source="factors"
)
RECORD = replace(
    SPLIT, new_shares=1.0, old_shares=8.0, known_at_us=200, memos=(OptionMemo("USO", "USO1"),), source="memo"
)
DIVIDEND = replace(
    SPLIT, kind=ActionKind.CASH_DIVIDEND, new_shares=1.0, cash_amount=2.5, effective_date=dt.date(2020, 5, 4)
)
SPECIAL = replace(DIVIDEND, kind=ActionKind.SPECIAL_DIVIDEND, memos=(OptionMemo(strike_reduction=2.5),))


def test_the_record_stands_for_the_event_and_is_known_from_its_own_time() -> None:
    assert joined_events([SPLIT, DIVIDEND], [RECORD]) == [RECORD, DIVIDEND]
    # a source may round: 1 / 8 as 0.1250001
    assert joined_events([replace(SPLIT, new_shares=0.1250001)], [RECORD]) == [RECORD]


def test_a_special_dividend_that_a_source_takes_for_an_ordinary_one_is_one_event() -> None:
    assert joined_events([DIVIDEND], [SPECIAL]) == [SPECIAL]
    assert joined_events([replace(DIVIDEND, effective_date=dt.date(2020, 5, 5))], [SPECIAL]) == [
        SPECIAL,
        replace(DIVIDEND, effective_date=dt.date(2020, 5, 5)),
    ]


def test_where_the_source_tells_both_the_record_is_of_its_own_kind() -> None:
    told = replace(SPECIAL, memos=())
    ordinary = replace(DIVIDEND, cash_amount=0.26)
    assert joined_events([ordinary, told], [SPECIAL]) == [ordinary, SPECIAL]


@pytest.mark.parametrize(
    ("event", "record"),
    [
        (replace(SPLIT, new_shares=0.1), RECORD),
        (replace(DIVIDEND, cash_amount=2.6), SPECIAL),
        (replace(DIVIDEND, currency="EUR"), SPECIAL),
    ],
)
def test_a_contradiction_names_both_and_the_way_out(event, record) -> None:
    with pytest.raises(InvalidActionsError) as caught:
        joined_events([event], [record])
    for part in (str(record), str(event), "replaces_day: true"):
        assert part in str(caught.value)
    day = frozenset({(record.underlying, record.effective_date)})
    assert joined_events([event], [record], day) == [record]


HEADER = "underlying,effective_date,kind,new_shares,old_shares,cash_amount,currency,known_at\n"


def source(make_universe, tmp_path, csv: str, memos: str):
    (tmp_path / "actions.csv").write_text(HEADER + csv)
    (tmp_path / "memos.yaml").write_text(memos)
    universe = make_universe("USO", corporate_actions={"path": "actions.csv"})
    return make_actions(universe, tmp_path / "actions.csv", memos=tmp_path / "memos.yaml")


def test_a_universe_reads_both_and_keeps_what_its_own_hand_out(make_universe, tmp_path) -> None:
    csv = (
        "USO,2020-04-29,split,1,8,,USD,2020-04-28T20:00:00Z\n"
        "LE,2020-06-01,split,2,1,,USD,2020-05-28T20:00:00Z\n"
        "OTHER,2020-06-01,split,2,1,,USD,2020-05-28T20:00:00Z\n"
    )
    plain = source(make_universe, tmp_path, csv, USO)
    events = plain.parse(plain.fetch()).table.to_pylist()
    assert [(e["underlying"], e["kind"], len(e["memos"])) for e in events] == [("USO", "split", 1)]
    spin_off = USO + (
        "  - {underlying: USO, effective_date: 2020-05-04, kind: spin_off, new_security: LE, "
        "announced_at: 2020-05-01}\n"
    )
    with_child = source(make_universe, tmp_path, csv, spin_off)
    events = with_child.parse(with_child.fetch()).table.to_pylist()
    assert [(e["underlying"], e["kind"]) for e in events] == [
        ("LE", "split"),
        ("USO", "split"),
        ("USO", "spin_off"),
    ]


def test_a_missing_or_broken_memo_file_stops_the_ingestion(make_universe, tmp_path) -> None:
    broken = source(make_universe, tmp_path, "", USO.replace("12 USO", "a dozen"))
    with pytest.raises(InvalidActionsError, match=r"memos\.yaml:10"):
        broken.parse(broken.fetch())
    (tmp_path / "memos.yaml").unlink()
    with pytest.raises(Exception, match=r"memos\.yaml does not exist; check corporate_actions\.memos"):
        broken.fetch()
