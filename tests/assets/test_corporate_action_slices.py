"""Each month holds the events that touch contracts alive in it, and a new event changes no other month."""

import datetime as dt

import pyarrow.parquet as pq
import pytest

MONTHS = ("2025-08-01", "2025-09-01", "2025-10-01")


def events(house, month: str) -> list[tuple[str, str]]:
    table = pq.read_table(house.folder / f"demo_stock/corporate_actions/{month}/all.parquet")
    return [(str(r["effective_date"]), r["kind"]) for r in table.to_pylist()]


def test_a_dividend_stands_in_its_month_and_a_split_from_its_month_on(house) -> None:
    assert [events(house, m) for m in MONTHS] == [
        [("2025-08-08", "cash_dividend")],
        [("2025-09-15", "split")],
        [("2025-09-15", "split")],
    ]
    metadata = house.materialization("corporate_actions", MONTHS[1]).metadata
    assert metadata["dagster/row_count"].value == 1
    assert "| 2025-09-15 | ACME | 4-for-1 split | 0 |" in metadata["events"].value


def test_a_new_event_changes_the_version_of_the_months_that_it_touches_alone(build_house, own_files) -> None:
    house = build_house(files=own_files)
    for month in MONTHS:
        assert house.run(["corporate_actions"], month).success
    before = [house.version("corporate_actions", m) for m in MONTHS]
    path = own_files / "demo_stock/actions.csv"
    line = "ACME,2025-09-22,cash_dividend,1,1,0.40,USD,2025-09-01T20:30:00Z,test\n"
    path.write_text(path.read_text() + line)
    for month in MONTHS:
        assert house.run(["corporate_actions"], month).success
    after = [house.version("corporate_actions", m) for m in MONTHS]
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, False, True]


def test_contracts_keep_their_identity_across_the_split(house) -> None:
    def contracts(day: str) -> dict[int, tuple[float, float]]:
        rows = pq.read_table(house.folder / f"demo_stock/adjusted_quotes/{day}/ACME.parquet").to_pylist()
        alive = [r for r in rows if r["expiry"] > dt.date(2025, 9, 15)]
        return {r["contract_id"]: (r["strike"], r["original_strike"]) for r in alive}

    before, after = contracts("2025-09-12"), contracts("2025-09-15")
    assert len(before) > 500 and before.keys() <= after.keys(), "every contract that lives on is found again"
    for contract in before:
        # to the cent, half a cent upwards
        assert after[contract][0] == pytest.approx(before[contract][0] / 4, abs=0.00501)
        assert before[contract][1] == after[contract][1]


def test_an_event_announced_after_the_close_does_not_change_that_days_contracts(
    build_house, own_files
) -> None:
    day = "2025-08-12"
    digests = []
    for known in (None, "2025-08-12T21:00:00Z", "2025-08-12T15:00:00Z"):
        path = own_files / "demo_stock/actions.csv"
        header = path.read_text().splitlines()[0]
        line = "" if known is None else f"ACME,2025-08-11,split,2,1,0,USD,{known},test\n"
        path.write_text(f"{header}\n{line}")
        house = build_house(files=own_files)
        assert house.run(["corporate_actions"], "2025-08-01").success
        assert house.run(house.daily, day).success
        digests.append(house.status("adjusted_quotes", day).underlyings["ACME"].digest)
    assert digests[0] == digests[1] != digests[2]
