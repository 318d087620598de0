"""The quality suite, scored on a small generated set."""

import datetime as dt

import pytest

from optix_pipeline.generator_score import score_set
from resources.generator.planted.market_file import MarketFile
from resources.generator.planted.set_writer import write_set

QUOTES = (
    *(
        "crossed",
        "locked",
        "one_sided",
        "wide",
        "negative_price",
        "absurd_price",
        "copied_row",
        "conflicting_rows",
    ),
    *(
        "expired_contract",
        "zero_strike",
        "unknown_right",
        "missing_strike",
        "other_day_row",
        "symbol_disagrees",
    ),
)
SESSIONS = (
    *(
        "missing_day",
        "truncated_file",
        "repeated_day",
        "repeated_trades",
        "late_file",
        "early_file",
        "few_rows",
    ),
    *("parity", "butterfly", "smile_outliers", "vendor_iv_percent", "vanished_expiry", "off_calendar_expiry"),
)
PARSED = (
    "missing_time",
    "missing_term",
    "nan_value",
    "zero_quote",
    "bad_spot",
    "known_too_early",
    "known_too_late",
)


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scored")
    file = MarketFile.model_validate(
        {
            "name": "scored_index",
            "kind": "index",
            "seed": 8,
            "start": "2024-11-01",
            "end": "2025-02-14",
            "contracts": 500,
            "defects": {**dict.fromkeys(QUOTES, 4), **dict.fromkeys((*SESSIONS, "closed_day"), 1)},
        }
    )
    write_set(file, folder / "set")
    return folder, score_set(folder / "set", folder / "lake")


@pytest.mark.parametrize("kind", [*QUOTES, *SESSIONS, *PARSED, "closed_day"])
def test_what_was_planted_is_found(scored, kind):
    found = scored[1].kinds[kind]
    assert found.planted == (1 if kind in (*SESSIONS, "closed_day") else 4)
    assert (found.recall, found.precision) == (1.0, 1.0)


def test_nothing_that_is_right_is_flagged(scored):
    _, score = scored
    assert score.false_alarms == [] and score.flagged_decoys == []
    assert score.decoys["half_day"] == 2 and score.decoys["wide_wing"] > 50


def test_a_defect_that_is_not_on_record_becomes_a_false_alarm(scored, tmp_path):
    folder, _score = scored
    truth = folder / "set" / "truth" / "planted_defects.csv"
    lines = truth.read_text().splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if ",crossed," in line)
    kept = lines.pop(at)
    truth.write_text("".join(lines))
    try:
        again = score_set(folder / "set", tmp_path / "lake")
    finally:
        lines.insert(at, kept)
        truth.write_text("".join(lines))
    day, contract = dt.date.fromisoformat(kept.split(",")[0]), kept.split(",")[3]
    assert (day, "crossed", contract) in [(f.session, f.check, f.contract) for f in again.false_alarms]
    assert again.kinds["crossed"].precision < 1.0 and not again.good


def test_a_folder_without_a_set_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no generated set"):
        score_set(tmp_path, tmp_path / "lake")
