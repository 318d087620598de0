"""Paths of the lake."""

import pytest

from resources.lake import layout


def test_every_layer_has_its_place():
    assert layout.partition_path("spx", "raw", "2026-07-22", "SPX") == "spx/raw/2026-07-22/SPX.parquet"
    assert layout.status_path("spx", "raw", "2026-07-22") == "spx/raw/2026-07-22/_status.json"
    assert (
        layout.study_path("condor", "backtest", "w/equity.parquet")
        == "_studies/condor/backtest/w/equity.parquet"
    )
    assert layout.blob_path("spx", "raw", "ab", "gz") == "spx/raw/_blobs/ab.gz"
    assert (
        layout.record_path("spx", "raw", "2026-07-22", 3, "0123456789abcdef")
        == "spx/raw/_records/2026-07-22/0003-0123456789ab.json"
    )


@pytest.mark.parametrize("underlying", ["a/b", "..", ""])
def test_a_name_cannot_leave_its_folder(underlying):
    with pytest.raises(ValueError):
        layout.partition_folder("spx", "raw", underlying)
