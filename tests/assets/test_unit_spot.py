"""What an adjusted contract's strike is compared with."""

import numpy as np
import pyarrow as pa
import pytest

from assets.unit_spot import priced_groups

ROWS = [
    # root, deliverable, multiplier, unit price at a spot of 20
    ("USO", "100 USO", 100.0, 20.0),
    ("USO1", "12 USO + cash in lieu of 0.5 USO", 100.0, 2.5),
    ("USO1", "12 USO + USD 9.80 in lieu of 0.5 USO", 100.0, 2.498),
    ("USO", "105 USO", 105.0, 20.0),
    ("USO", "105 USO", 100.0, 21.0),
    ("USO2", "100 USO + 30 LE + USD 2.36", 100.0, np.nan),
    ("USO3", "USD 2550", 100.0, 25.5),
    ("SPX", "cash value of 100 USO", 100.0, 20.0),
]


def table() -> pa.Table:
    root, deliverable, multiplier, _ = zip(*ROWS, strict=True)
    n = len(ROWS)
    return pa.table(
        {
            "underlying": pa.array(["USO"] * n).dictionary_encode(),
            "root": pa.array(root).dictionary_encode(),
            "deliverable": pa.array(deliverable).dictionary_encode(),
            "adjusted_multiplier": pa.array(multiplier),
            "spot": pa.array([20.0] * n),
        }
    )


def test_the_unit_is_the_share_or_a_part_of_what_is_delivered() -> None:
    _, unit = priced_groups(table())
    assert unit.tolist() == pytest.approx([row[3] for row in ROWS], nan_ok=True)


def test_what_delivers_something_else_has_a_forward_of_its_own() -> None:
    groups, _ = priced_groups(table())
    pairs = [(row[0], row[1]) for row in ROWS]
    assert len(set(groups.tolist())) == len(set(pairs))
    same = [
        groups[i] == groups[j] for i in range(len(pairs)) for j in range(len(pairs)) if pairs[i] == pairs[j]
    ]
    assert all(same)
