"""Nothing leaves the lake before its copy was read back; a dry run changes nothing; what left can come back."""

import datetime as dt
import hashlib

import pytest

from optix_pipeline.lake.archive import carry_out, plan, restore
from optix_pipeline.lake.policy import RetentionPolicy, read_policy, short_policy
from optix_pipeline.yaml_specs import SpecError
from resources.lake import open_lake
from resources.lake.errors import LakeError

TODAY = dt.date(2025, 10, 10)
#: of the sessions from 2025-09-22 on, those up to 2025-09-26 are older than 13 days
OLD = ["2025-09-22", "2025-09-23", "2025-09-24", "2025-09-25", "2025-09-26"]
REBUILT = {
    "underlying_prices",
    "rates",
    "validated_quotes",
    "quarantined_quotes",
    "adjusted_quotes",
    "superseded_quotes",
    "option_chain",
    "volatility_surface",
}


@pytest.fixture
def archive(tmp_path):
    return open_lake(str(tmp_path / "archive"))


def policy(archive, **layers) -> RetentionPolicy:
    return RetentionPolicy.model_validate({"archive": archive.uri, "layers": layers})


def copied(lake, archive, paths) -> bool:
    return all(archive.read_bytes(path) == lake[path] for path in paths)


def test_the_short_form_copies_what_is_old_and_deletes_only_what_is_rebuilt_from_raw(care, archive):
    before = care.bytes()
    moves = plan(care.lake, short_policy(archive.uri, 13), TODAY)
    done = carry_out(care.lake, archive, moves)
    assert done.refused == []
    gone = set(before) - set(care.lake.list())
    assert gone == {p for p in before if p.split("/")[1] in REBUILT and p.split("/")[2] in OLD}
    assert set(archive.list()) >= gone
    assert copied(before, archive, archive.list())
    assert {m.key for m in moves if not m.raw and m.asset in REBUILT} == set(OLD)
    records = {p for p in before if "/raw_quotes/_records/" in p and p.split("/")[3] in OLD}
    assert records <= set(archive.list()), "raw is copied"
    assert records <= set(care.lake.list()), "and stays"
    assert care.audit().faults == [], "what was archived is not missed"


def test_a_second_run_has_nothing_to_do(care, archive):
    rules = short_policy(archive.uri, 13)
    carry_out(care.lake, archive, plan(care.lake, rules, TODAY))
    before = care.bytes()
    moves = plan(care.lake, rules, TODAY)
    assert moves == []
    assert carry_out(care.lake, archive, moves).copied == 0
    assert care.bytes() == before


def test_planning_changes_nothing(care, archive):
    before = care.bytes()
    assert plan(care.lake, short_policy(archive.uri, 0), TODAY)
    assert care.bytes() == before
    assert archive.list() == []


def test_a_copy_that_does_not_come_back_as_it_was_deletes_nothing(care, archive, monkeypatch):
    """The archive loses a byte of one file; its partition stays, the others go."""
    store = type(archive)._store

    def lossy(self, path, data, sha256):
        unlucky = self.uri == archive.uri and path.endswith(f"option_chain/{OLD[1]}/ACME.parquet")
        store(self, path, data[:-1] if unlucky else data, sha256)

    monkeypatch.setattr(type(archive), "_store", lossy)
    rules = policy(archive, option_chain={"keep_days": 13})
    done = carry_out(care.lake, archive, plan(care.lake, rules, TODAY))
    assert len(done.refused) == 1
    assert f"demo_stock/option_chain {OLD[1]}" in done.refused[0]
    kept = {p.split("/")[2] for p in care.lake.list("demo_stock/option_chain")}
    assert set(OLD) & kept == {OLD[1]}
    monkeypatch.undo()
    assert care.audit().faults == []
    assert carry_out(care.lake, archive, plan(care.lake, rules, TODAY)).refused == [], "the next run mends it"
    assert OLD[1] not in {p.split("/")[2] for p in care.lake.list("demo_stock/option_chain")}


@pytest.mark.parametrize("how", ["damaged", "without a file", "without a status"])
def test_a_partition_that_is_damaged_here_is_neither_archived_nor_deleted(care, archive, how):
    folder = f"demo_stock/option_chain/{OLD[0]}"
    if how == "damaged":
        care.damage(f"{folder}/ACME.parquet")
    else:
        care.lake.delete(f"{folder}/{'_status.json' if how == 'without a status' else 'ACME.parquet'}")
    left = care.lake.list(folder)
    done = carry_out(
        care.lake, archive, plan(care.lake, policy(archive, option_chain={"keep_days": 13}), TODAY)
    )
    assert [OLD[0] in line for line in done.refused] == [True]
    assert care.lake.list(folder) == left
    assert done.copied == len(OLD) - 1


def test_raw_leaves_with_the_last_day_that_names_a_payload_and_never_without_a_copy(care, archive):
    before = care.bytes()
    shared = payloads_of(care, "2025-10-01") & payloads_of(care, OLD[0])
    assert shared, "the prices of all days are one file"
    rules = policy(archive, raw={"keep_days": 13})
    done = carry_out(care.lake, archive, plan(care.lake, rules, TODAY))
    assert done.refused == []
    left = set(care.lake.list())
    own = set().union(*(payloads_of_document(before, day) for day in OLD)) - shared
    assert own
    assert not own & left
    assert shared <= left, "another day still needs it"
    assert copied(before, archive, set(before) - left)
    assert care.audit().faults == []


def payloads_of(care, day: str) -> set[str]:
    return payloads_of_document(care.bytes(), day)


def payloads_of_document(files: dict[str, bytes], day: str) -> set[str]:
    import json

    return {
        part["path"]
        for path, data in files.items()
        if f"raw_quotes/_records/{day}/" in path
        for part in json.loads(data)["parts"]
    }


def test_a_damaged_payload_keeps_its_day_and_what_it_shares_with_others(care, archive):
    own = next(p for p in payloads_of(care, OLD[2]) if p not in payloads_of(care, OLD[0]))
    shared = payloads_of(care, OLD[0]) & payloads_of(care, OLD[1])
    care.cut(own)
    rules = policy(archive, raw={"keep_days": 0})
    done = carry_out(care.lake, archive, plan(care.lake, rules, TODAY))
    assert any(OLD[2] in line for line in done.refused)
    left = set(care.lake.list())
    assert payloads_of(care, OLD[2]) <= left
    assert shared <= left
    assert care.lake.list(f"demo_stock/raw_quotes/_records/{OLD[0]}") == []


def test_files_of_no_day_are_copied_and_stay(care, archive):
    rules = policy(archive, raw={"keep_days": 0})
    carry_out(care.lake, archive, plan(care.lake, rules, TODAY))
    everything = care.lake.list("demo_stock/corporate_actions/_records/all")
    assert everything
    assert set(everything) <= set(archive.list())


def test_what_left_comes_back_byte_for_byte(care, archive):
    before = care.bytes()
    rules = policy(archive, raw={"keep_days": 0}, option_chain={"keep_days": 0}, chain_month={"keep_days": 0})
    assert carry_out(care.lake, archive, plan(care.lake, rules, TODAY)).deleted > 20
    assert list(restore(care.lake, "demo_stock", dt.date(2026, 1, 1), None)) == []
    assert sum(n for _, n in restore(care.lake, "demo_stock", None, None)) > 20
    now = {path: data for path, data in care.bytes().items() if "/_archived/" not in path}
    assert now == before


def test_a_file_that_changed_in_the_archive_does_not_come_back(care, archive):
    rules = policy(archive, option_chain={"keep_days": 13})
    carry_out(care.lake, archive, plan(care.lake, rules, TODAY))
    path = f"demo_stock/option_chain/{OLD[0]}/ACME.parquet"
    archive.write_bytes(path, b"other")
    with pytest.raises(LakeError, match=r"option_chain/2025-09-22/ACME\.parquet has sha256"):
        list(restore(care.lake, "demo_stock", None, None))
    assert not care.lake.exists(path)
    assert not care.lake.exists(f"demo_stock/option_chain/{OLD[0]}/_status.json")


def test_a_receipt_names_every_file_with_its_digest(care, archive):
    before = care.bytes()
    carry_out(care.lake, archive, plan(care.lake, policy(archive, option_chain={"keep_days": 13}), TODAY))
    receipt = care.lake.read_json(f"demo_stock/_archived/option_chain/{OLD[0]}.json")
    assert receipt["archive"] == archive.uri
    assert receipt["files"] == {
        p: {"sha256": hashlib.sha256(d).hexdigest(), "size": len(d)}
        for p, d in before.items()
        if p.startswith(f"demo_stock/option_chain/{OLD[0]}/")
    }


def test_the_archive_is_another_place(care):
    for uri in (care.lake.uri, f"{care.lake.uri}/archive"):
        with pytest.raises(ValueError, match="is this lake itself"):
            carry_out(care.lake, open_lake(uri), [])


def test_a_lake_that_shows_the_archives_files_under_an_address_of_its_own_is_refused(
    care, archive, monkeypatch
):
    """Two endpoint names of one bucket, or one export mounted twice: no address tells."""
    seen = type(care.lake).exists
    monkeypatch.setattr(type(care.lake), "exists", lambda lake, path: seen(lake, path) or seen(archive, path))
    before = care.bytes()
    moves = plan(care.lake, short_policy(archive.uri, 13), TODAY)
    with pytest.raises(ValueError, match="is this lake itself"):
        carry_out(care.lake, archive, moves)
    assert care.bytes() == before
    assert archive.list() == []


def test_a_folder_is_known_by_its_inode_where_no_link_leads_to_it(care, tmp_path, monkeypatch):
    """As a bind mount is: a link that nobody resolves stands for one."""
    (tmp_path / "mounted").symlink_to(care.lake.uri)
    monkeypatch.setattr("os.path.realpath", str)
    for inside in ("mounted", "mounted/deeper/archive"):
        rules = short_policy(str(tmp_path / inside), 13)
        with pytest.raises(ValueError, match="is this lake itself"):
            plan(care.lake, rules, TODAY)


def test_the_probe_is_gone_after_an_archive_and_an_archive_that_deletes_nothing_is_taken(
    care, archive, monkeypatch
):
    rules = policy(archive, option_chain={"keep_days": 13})
    moves = plan(care.lake, rules, TODAY)
    assert carry_out(care.lake, archive, moves[:1]).copied == 1
    assert not [p for p in archive.list() if "_probe" in p]
    delete = type(archive).delete

    def kept(lake, path):
        if lake.uri == archive.uri:
            raise LakeError(f"{path} cannot be deleted")
        delete(lake, path)

    monkeypatch.setattr(type(archive), "delete", kept)
    assert carry_out(care.lake, archive, moves[1:]).copied == len(OLD) - 1


def test_a_partition_whose_status_is_none_is_neither_archived_nor_deleted(care, archive):
    folder = f"demo_stock/option_chain/{OLD[0]}"
    care.lake.write_bytes(f"{folder}/_status.json", b'{"x": 1}')
    left = care.lake.list(folder)
    rules = policy(archive, option_chain={"keep_days": 13})
    (line,) = carry_out(care.lake, archive, plan(care.lake, rules, TODAY)).refused
    assert "run optix lake repair" in line
    assert care.lake.list(folder) == left


def test_a_policy_is_a_file_whose_mistakes_are_named_with_their_line(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text(
        "archive: s3://elsewhere/optix\nlayers:\n  option_chain: {keep_days: 400}\n"
        "  raw: {keep_days: 30, delete: false}\n"
    )
    found = read_policy(path)
    assert found.archive == "s3://elsewhere/optix"
    assert (found.layers["raw"].keep_days, found.layers["raw"].delete) == (30, False)
    assert found.layers["option_chain"].delete
    path.write_text("archive: s3://elsewhere/optix\nlayers:\n  option_chains: {keep_days: 400}\n")
    with pytest.raises(SpecError, match=r"policy\.yaml:2: layers: .*no layer is named option_chains"):
        read_policy(path)
    path.write_text("archive: s3://e/o\nlayers:\n  option_chain: {keep_days: -1}\n")
    with pytest.raises(SpecError, match=r"policy\.yaml:3: layers\.option_chain\.keep_days"):
        read_policy(path)
