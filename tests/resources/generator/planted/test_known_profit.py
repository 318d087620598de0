"""The known profit is what the vendor's files give, computed once more from the files alone."""

import json
from collections import Counter

import pytest

SPLIT_DAY = "2024-09-19"


def quotes_on(csv_rows, folder, session, contract, kind):
    path = next(folder.rglob(f"{session}.csv.gz"))
    if kind != "coin":
        return [r for r in csv_rows(path) if r["option"] == contract]
    raise AssertionError("a coin's file names no contracts")


def settlement(csv_rows, folder, leg, kind):
    if kind == "coin":
        prices = {r["date"]: float(r["delivery_price"]) for r in csv_rows(folder / "delivery_prices.csv")}
        return prices[leg["expiry"]]
    root = leg["contract"][:-15]
    if kind == "index" and not root.endswith("W"):
        return {r["date"]: float(r["settlement_price"]) for r in csv_rows(folder / "settlement_prices.csv")}[
            leg["expiry"]
        ]
    return {r["session_date"]: float(r["close"]) for r in csv_rows(folder / "underlying.csv")}.get(
        leg["expiry"]
    )


def test_profits_follow_from_entries_and_settlements(spoiled, csv_rows):
    file, written = spoiled
    document = json.loads((written.folder / "truth/known_profit.json").read_text())
    spoiled_days = {p.session.isoformat() for p in written.planted if not p.contract}
    traded = Counter(t["strategy"] for t in document["trades"])
    assert traded["long_straddle"] == 1 and traded["weekly_short_put"] > 10
    totals = Counter()
    for trade in document["trades"]:
        profit = 0.0
        assert trade["entered"] not in spoiled_days
        for leg in trade["legs"]:
            if file.kind != "coin":
                (row,) = quotes_on(csv_rows, written.folder, trade["entered"], leg["contract"], file.kind)
                assert (float(row["bid"]), float(row["ask"])) == (leg["bid"], leg["ask"])
            price = settlement(csv_rows, written.folder, leg, file.kind)
            if price is not None and leg["expiry"] not in spoiled_days:
                assert price == pytest.approx(leg["settlement_price"])
            put = leg["contract"][-9] == "P"
            strike = leg["strike_at_settlement"]
            worth = max((strike - price) if put else (price - strike), 0.0) if price else leg["payoff"]
            if file.kind == "coin":
                worth /= price
            if leg["expiry"] not in spoiled_days:
                assert worth == pytest.approx(leg["payoff"])
            middle = 0.5 * (leg["bid"] + leg["ask"])
            received = leg["payoff"] * leg["contracts_at_settlement"]
            profit += leg["quantity"] * leg["multiplier"] * (received - middle)
        assert profit == pytest.approx(trade["profit_at_mid"], abs=1e-6)
        assert trade["profit_at_worst_side"] < trade["profit_at_mid"]
        totals[trade["strategy"]] += profit
    assert document["profit_at_mid"] == pytest.approx(dict(totals), abs=1e-5)


def test_a_position_over_the_split_grows_into_four_contracts(spoiled):
    file, written = spoiled
    document = json.loads((written.folder / "truth/known_profit.json").read_text())
    legs = [
        (t["entered"], leg)
        for t in document["trades"]
        for leg in t["legs"]
        if t["entered"] < SPLIT_DAY <= leg["expiry"]
    ]
    assert legs
    for _entered, leg in legs:
        if file.kind == "stock":
            assert leg["contracts_at_settlement"] == 4.0
            assert leg["strike_at_settlement"] == pytest.approx(leg["strike"] / 4, abs=0.0051)
        else:
            assert (leg["contracts_at_settlement"], leg["strike_at_settlement"]) == (1.0, leg["strike"])


def test_held_contracts_are_never_spoiled(spoiled):
    _file, written = spoiled
    document = json.loads((written.folder / "truth/known_profit.json").read_text())
    wrong = {(p.session.isoformat(), p.contract) for p in written.planted if p.contract}
    held = [(day, leg["contract"]) for t in document["trades"] for day, _ in t["marks"] for leg in t["legs"]]
    assert held and not wrong & set(held)
