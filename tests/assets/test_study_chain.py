"""A study from backtest to comparison: what each asset stores, shows and writes to Postgres."""

import json
from dataclasses import replace
from datetime import date

import dagster as dg
import numpy as np
import pytest

from assets.chain_history import load_chain, load_inputs, study_months
from assets.study_digests import stored_digests
from assets.study_results import load_result, record_path
from assets.walk_forward_window import load_window, study_windows
from resources.home import tear_sheet_file

STUDY, OTHER = "stock_covered_call", "stock_cash_secured_put"


def metadata(house, asset: str, partition: str | None = None, study: str = STUDY) -> dict:
    return house.materialization(asset, partition, study).metadata


def test_the_backtest_shows_its_digest_metrics_and_equity(house) -> None:
    shown = metadata(house, "backtest")
    result, record = load_result(house.lake, house.catalog.study(STUDY), "backtest", "full")
    assert shown["digest"].value == record["digest"] == result.digest()
    assert house.version("backtest", prefix=STUDY) == record["digest"][:32]
    assert shown["trades"].value == len(result.tables["trades"]["pnl"]) >= 1
    assert "data:image/png;base64," in shown["equity_curve"].value
    assert "| total_return |" in shown["metrics"].value and "as modelled" in shown["profit"].value
    assert any(p.startswith("demo_stock/chain_month/") for p in record["inputs"]["files"])
    assert any("/raw_quotes/_records/" in p for p in record["inputs"]["raw"])


def test_the_backtest_holds_through_the_split_with_continuous_value(house) -> None:
    result, _ = load_result(house.lake, house.catalog.study(STUDY), "backtest", "full")
    assert "split" in result.tables["events"]["kind"].tolist()
    nav = result.tables["equity"]["nav"]
    assert np.abs(np.diff(nav) / nav[:-1]).max() < 0.08


def test_each_window_is_a_partition_with_its_own_dates_and_choice(house) -> None:
    shown = {m: metadata(house, "walk_forward_window", f"{m}-01") for m in ("2025-09", "2025-10")}
    assert shown["2025-09"]["train"].value == "2025-08-04 to 2025-08-31"
    assert shown["2025-09"]["test"].value == "2025-09-01 to 2025-09-30"
    assert shown["2025-10"]["test"].value == "2025-10-01 to 2025-10-10"
    for month, entry in shown.items():
        result, record = load_window(house.catalog.study(STUDY), house.lake, month)
        assert entry["trials"].value == len(result.trials) == 2
        assert entry["chosen"].value == dict(result.chosen.parameters)
        months = {p.split("/")[2][:7] for p in record["inputs"]["files"]}
        assert months == {month, f"2025-{int(month[-2:]) - 1:02d}"}, "a window reads its own months alone"


def test_a_window_is_the_same_from_chains_of_more_months_and_refuses_chains_of_other_files(house) -> None:
    study, lake = house.catalog.study(STUDY), house.lake
    window = next(w for w in study_windows(study) if w.key == "2025-10")
    chain = load_chain(
        study, house.universe, lake, study_months(house.universe, date(2025, 8, 1), window.test_end)
    )
    alone = load_inputs(study, house.universe, lake, window.train_start, window.test_end)
    shared = load_inputs(study, house.universe, lake, window.train_start, window.test_end, chain)
    assert chain.history.rows > shared.chain.rows == alone.chain.rows > 0
    assert shared.digest == alone.digest and shared.files == alone.files
    for name, values in alone.chain.columns.items():
        if name not in ("root", "symbol"):  # codes into lists of their own
            assert np.array_equal(values, shared.chain.columns[name], equal_nan=values.dtype.kind == "f"), (
                name
            )
    compacted_meanwhile = replace(chain, files=dict.fromkeys(chain.files, "0" * 64))
    with pytest.raises(ValueError, match=r"chain\.parquet is not the file .* run the study again"):
        load_inputs(study, house.universe, lake, window.train_start, window.test_end, compacted_meanwhile)


def test_the_stitched_record_joins_the_test_ranges(house) -> None:
    shown = metadata(house, "walk_forward")
    assert shown["windows"].value == 2 and "deflated_sharpe" in shown["summary"].value
    assert "data:image/png;base64," in shown["in_and_out_of_sample"].value


def test_the_simulation_is_summarised_with_its_fan(house) -> None:
    shown = metadata(house, "monte_carlo")
    assert "stationary_bootstrap" in shown["summaries"].value
    assert "data:image/png;base64," in shown["fan"].value
    digests = stored_digests(house.catalog.study(STUDY), house.lake)
    assert digests["monte_carlo"] == shown["digest"].value
    assert set(digests) == {"backtest", "walk_forward", "monte_carlo", "walk_forward_window 2025-09",
                            "walk_forward_window 2025-10"}  # fmt: skip


def test_postgres_holds_the_run_with_its_windows_inputs_and_metrics(house) -> None:
    database = house.database.open()
    run_id = metadata(house, "metrics")["run_id"].value
    assert run_id == metadata(house, "backtest")["run_id"].value
    run = database.run(run_id)
    assert run["study"] == STUDY and run["result_digest"] == metadata(house, "backtest")["digest"].value
    assert {w["window_key"] for w in database.windows(run_id)} == {"2025-09", "2025-10"}
    metrics = database.metrics(run_id)
    assert {"full", "out_of_sample", "window:2025-09", "window:2025-10"} <= set(metrics)
    result, _ = load_result(house.lake, house.catalog.study(STUDY), "backtest", "full")
    assert metrics["full"]["pnl"] == pytest.approx(result.totals["pnl"], abs=1e-8)
    kinds = {i["kind"] for i in database.run_inputs(run_id)}
    assert kinds == {"layer", "raw"}
    assert database.monte_carlo(run_id)


def test_running_a_study_again_changes_no_digest_and_adds_no_row(house) -> None:
    before = house.database.open().table_counts()
    versions = [house.version(a, prefix=OTHER) for a in ("backtest", "monte_carlo", "metrics")]
    house.runner().run_study(house.catalog.study(OTHER))
    assert house.database.open().table_counts() == before
    assert [house.version(a, prefix=OTHER) for a in ("backtest", "monte_carlo", "metrics")] == versions


def test_the_tear_sheet_is_one_page_in_the_lake_and_on_this_machine(house, monkeypatch) -> None:
    monkeypatch.setenv("OPTIX_HOME", str(house.home))
    shown = metadata(house, "tear_sheet")
    page = tear_sheet_file(STUDY).read_text()
    assert (house.folder / shown["path"].value).read_text() == page
    assert shown["file"].value == str(tear_sheet_file(STUDY))
    assert shown["open_in_a_browser"].value == f"http://127.0.0.1:3001/tear_sheets/{STUDY}.html"
    assert page.lstrip().lower().startswith("<!doctype html") and 'src="http' not in page
    assert metadata(house, "backtest")["digest"].value[:12] in page


def test_the_comparison_ranks_every_study(house) -> None:
    record = house.instance.get_latest_materialization_event(dg.AssetKey(["strategy_comparison"]))
    assert record is not None and record.asset_materialization is not None
    shown = record.asset_materialization.metadata
    assert STUDY in shown["ranking"].value and OTHER in shown["ranking"].value
    document = json.loads((house.folder / shown["path"].value).read_text())
    assert document["studies"] and len(document["correlation"]) == 2
    assert {r["study"] for r in document["ranking"]} == {STUDY, OTHER}


def test_a_result_that_was_changed_after_it_was_written_is_refused(build_house, house) -> None:
    study = house.catalog.study(OTHER)
    path = record_path(study, "backtest", "full")
    before = house.lake.read_bytes(path)
    record = json.loads(before)
    record["totals"]["pnl"] += 1.0
    house.lake.write_bytes(path, json.dumps(record).encode())
    try:
        with pytest.raises(ValueError, match="differ from the digest they were written with"):
            load_result(house.lake, study, "backtest", "full")
    finally:
        house.lake.write_bytes(path, before)


def test_what_was_never_materialized_says_which_command_makes_it(build_house) -> None:
    empty = build_house()
    result = empty.run(["monte_carlo"], prefix=STUDY)
    errors = [e.step_failure_data.error for e in result.all_events if e.is_step_failure]
    assert f"{STUDY}/backtest has not been materialized; run: optix run {STUDY}" in str(errors[0])
