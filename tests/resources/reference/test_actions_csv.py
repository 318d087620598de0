"""Corporate actions: no event is better than a wrong one."""

import datetime as dt

import pytest

from engine.corporate_actions.events import ActionKind
from resources.providers.protocol import ProviderError
from resources.reference.corporate_actions.actions_csv import read_actions
from resources.reference.corporate_actions.event_rules import InvalidActionsError
from resources.reference.registry import make_actions
from resources.schemas import CORPORATE_ACTION_SCHEMA

HEADER = "underlying,effective_date,kind,new_shares,old_shares,cash_amount,currency,known_at,source\n"
SPLIT = "MOD,2026-08-03,split,4,1,0,USD,2026-07-01T20:00:00Z,filing\n"
DIVIDEND = "SPY,2026-09-18,cash_dividend,1,1,1.83,USD,2026-09-01T16:00:00-04:00,\n"


def _read(text: str):
    return read_actions(text.encode(), "actions.csv")


def test_events_are_typed(stocks, tmp_path):
    (dividend,) = _read(HEADER + DIVIDEND)
    assert (dividend.kind, dividend.cash_amount) == (ActionKind.CASH_DIVIDEND, 1.83)
    assert dividend.known_at_us == int(dt.datetime(2026, 9, 1, 20, tzinfo=dt.UTC).timestamp()) * 1_000_000
    path = tmp_path / "actions.csv"
    path.write_text(HEADER + DIVIDEND + SPLIT + SPLIT.replace("MOD", "AAPL"))
    actions = make_actions(stocks, path)
    table = actions.parse(actions.fetch()).table
    assert table.schema.equals(CORPORATE_ACTION_SCHEMA)
    # others' events are left out, the order does not depend on the file's
    assert table["underlying"].to_pylist() == ["MOD", "SPY"]
    assert table["kind"].to_pylist() == ["split", "cash_dividend"]
    assert table["known_at"][0].as_py() == dt.datetime(2026, 7, 1, 20, tzinfo=dt.UTC)


def test_a_file_without_events_is_an_empty_table(stocks, tmp_path):
    path = tmp_path / "actions.csv"
    path.write_text(HEADER)
    actions = make_actions(stocks, path)
    assert actions.parse(actions.fetch()).table.num_rows == 0


def test_a_split_pays_nothing_and_may_leave_its_cash_empty():
    assert _read(HEADER + SPLIT.replace(",4,1,0,", ",4,1,,")) == _read(HEADER + SPLIT)


def test_further_columns_carry_every_kind_of_event():
    header = HEADER.replace("\n", ",announced_at,new_security,security_value,basis_kept,cash_in_lieu_price\n")
    known = "2014-03-15T12:00:00Z,filing,2014-03-14T12:00:00Z"
    spin_off, special = _read(
        f"{header}SHLD,2014-04-07,spin_off,0.300795,1,,USD,{known},LE,29.69,0.8,29.5\n"
        f"SHLD,2014-05-07,special_dividend,1,1,2.5,USD,{known},,,,\n"
    )
    assert (spin_off.kind, spin_off.new_security, spin_off.share_ratio) == (
        ActionKind.SPIN_OFF,
        "LE",
        0.300795,
    )
    assert (spin_off.security_value, spin_off.basis_kept, spin_off.cash_in_lieu_price) == (29.69, 0.8, 29.5)
    assert spin_off.known_at_us - spin_off.announced_at_us == 86_400_000_000
    assert special.security_value is None and special.new_security == ""


def test_source_may_be_left_out():
    text = (HEADER + SPLIT).replace(",source\n", "\n").replace(",filing\n", "\n")
    assert _read(text)[0].source == ""


@pytest.mark.parametrize(
    "line, message",
    [
        (SPLIT.replace("2026-08-03", "03.08.2026"), "effective_date '03.08.2026' is no date"),
        (SPLIT.replace("split", "merger"), "a merger for cash alone has new_shares 1"),
        (SPLIT.replace(",4,1,", ",four,1,"), "new_shares 'four' is no number"),
        (SPLIT.replace(",4,1,", ",1,1,"), "a split needs"),
        (SPLIT.replace(",4,1,0,", ",4,0,0,"), "new_shares and old_shares must be above 0"),
        (SPLIT.replace(",4,1,0,", ",4,1,2.5,"), "a split has cash_amount 0"),
        (SPLIT.replace(",4,1,", ",nan,1,"), "not finite"),
        (DIVIDEND.replace("1.83", "0"), "a cash_dividend needs"),
        (DIVIDEND.replace("1.83", "-1"), "a cash_dividend needs"),
        (DIVIDEND.replace(",1,1,", ",2,1,"), "a cash_dividend has new_shares 1"),
        (SPLIT.replace("2026-07-01T20:00:00Z", "2026-07-01T20:00:00"), "no offset from UTC"),
        (SPLIT.replace("2026-07-01T20:00:00Z", "soon"), "is no instant"),
        (SPLIT.replace("USD", ""), "currency is empty"),
        ("MOD,2026-08-03,split\n", "too many or too few cells"),
        (SPLIT.replace("filing", "filing,extra"), "too many or too few cells"),
        (DIVIDEND, "a second cash_dividend of SPY on 2026-09-18 (the first is on line 2)"),
    ],
)
def test_a_fault_is_named_with_its_line(line, message):
    with pytest.raises(InvalidActionsError) as error:
        _read(HEADER + DIVIDEND + line)
    assert "actions.csv has 1 fault:" in str(error.value)
    assert "line 3: " in str(error.value)
    assert message in str(error.value)


def test_every_fault_is_told_at_once():
    with pytest.raises(InvalidActionsError) as error:
        _read(HEADER + SPLIT.replace("4", "x") + DIVIDEND + SPLIT.replace("USD", ""))
    assert "line 2" in str(error.value) and "line 4" in str(error.value)


@pytest.mark.parametrize(
    "payload, message",
    [
        (b"", "is empty"),
        (HEADER.encode("utf-16"), "UTF-8"),
        (b"underlying,kind\n", "columns missing"),
        (b'"underlying,kind\n', "header cannot be read"),
        (HEADER.replace("source", "note").encode(), "unknown: ['note']"),
    ],
)
def test_a_file_that_is_none_is_refused(payload, message):
    with pytest.raises(InvalidActionsError, match=r"actions\.csv") as error:
        read_actions(payload, "actions.csv")
    assert message in str(error.value)


def test_a_missing_file_is_named(stocks, tmp_path):
    with pytest.raises(ProviderError, match=r"check corporate_actions\.path"):
        make_actions(stocks, tmp_path / "none.csv").fetch()
