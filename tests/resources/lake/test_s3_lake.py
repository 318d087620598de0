"""What is particular to S3."""

import hashlib
import logging

import pytest

from resources.lake import LakeContentError, LakeError, LakeFileNotFoundError, open_lake


def bucket_of(lake) -> str:
    return lake.uri.split("/")[2]


def test_the_prefix_keeps_lakes_apart(s3_lake):
    bucket = bucket_of(s3_lake)
    s3_lake.write_bytes("a", b"1")
    other = open_lake(f"s3://{bucket}/some/prefix2")
    other.write_bytes("b", b"2")
    assert s3_lake.list() == ["a"]
    assert open_lake(f"s3://{bucket}").list() == ["some/prefix/a", "some/prefix2/b"]


def test_every_page_of_a_listing_is_read(s3_lake):
    """A page of S3 holds a thousand names."""
    paths = [f"p/{i:04d}" for i in range(1050)]
    s3_lake.write_many((path, path.encode()) for path in paths)
    s3_lake.write_bytes("q", b"")
    assert s3_lake.list("p") == paths
    assert {f.size for f in s3_lake.files("p")} == {6}
    assert s3_lake.list() == [*paths, "q"]


def test_a_missing_bucket_is_an_error_not_an_empty_lake(s3_lake):
    nowhere = open_lake("s3://no-such-bucket-here/x")
    with pytest.raises(LakeError, match=r"s3://no-such-bucket-here/x/a cannot be written: NoSuchBucket"):
        nowhere.write_bytes("a", b"")
    with pytest.raises(LakeError, match="s3://no-such-bucket-here/x cannot be listed: NoSuchBucket"):
        nowhere.list()
    with pytest.raises(LakeError) as error:
        nowhere.read_bytes("a")
    assert not isinstance(error.value, LakeFileNotFoundError)


def test_an_endpoint_that_does_not_answer_is_named(s3_lake, monkeypatch):
    from resources.lake.s3 import S3Lake
    from resources.lake.s3_connection import S3Patience

    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    lake = S3Lake("bucket", "x", S3Patience(retries=2, first_pause_seconds=0.01))
    with pytest.raises(
        LakeError, match=r"s3://bucket/x/a cannot be read: .*3 times tried; check AWS_ENDPOINT_URL"
    ):
        lake.read_bytes("a")


@pytest.mark.parametrize("store", ["ceph"], indirect=True)  # moto takes any secret
def test_a_wrong_secret_is_one_line_without_any_credential(store, s3_lake, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    wrong = "wrong-secret-that-nobody-may-see"
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", wrong)
    lake = open_lake(s3_lake.uri)
    for use in (lambda: lake.write_bytes("a", b""), lambda: lake.read_bytes("a"), lake.list):
        with pytest.raises(LakeError, match=r"SignatureDoesNotMatch.*check AWS_ACCESS_KEY_ID") as error:
            use()
        assert "\n" not in str(error.value)
        shown = f"{error.value!r} {error.value.__cause__!r} {lake!r} {vars(lake)!r} {caplog.text}"
        assert wrong not in shown
        assert store.access_key not in shown


def test_no_credentials_at_all_is_an_error_that_says_where_they_come_from(s3_lake, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(LakeError, match="no credentials; set AWS_ACCESS_KEY_ID"):
        open_lake("s3://bucket/x").read_bytes("a")


def test_a_profile_gives_credentials_region_and_endpoint(store, s3_lake, tmp_path, monkeypatch):
    config = tmp_path / "config"
    config.write_text(
        "[profile lake]\n"
        f"aws_access_key_id = {store.access_key}\naws_secret_access_key = {store.secret_key}\n"
        f"region = us-east-1\nendpoint_url = {store.endpoint}\n"
    )
    for name in store.environment:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "lake")
    lake = open_lake(s3_lake.uri)
    lake.write_bytes("a", b"by profile")
    assert lake.read_bytes("a") == b"by profile"


def test_bytes_that_changed_in_the_store_are_refused(store, s3_lake):
    """Another client's write keeps our digest away from its bytes only by replacing it too; rot does not."""
    s3_lake.write_bytes("a", b"as written")
    key = "some/prefix/a"
    client, bucket = store.client(), bucket_of(s3_lake)
    stated = client.head_object(Bucket=bucket, Key=key)["Metadata"]
    client.put_object(Bucket=bucket, Key=key, Body=b"as damaged", Metadata=stated)
    with pytest.raises(LakeContentError, match="some/prefix/a was written with sha256"):
        s3_lake.read_bytes("a")


def test_a_file_that_another_client_put_there_is_read(store, s3_lake):
    store.client().put_object(Bucket=bucket_of(s3_lake), Key="some/prefix/a", Body=b"theirs")
    assert s3_lake.read_bytes("a") == b"theirs"


def test_a_store_whose_etags_are_no_md5_is_trusted_after_one_reading_back(s3_lake, monkeypatch):
    """As encrypted buckets do."""
    monkeypatch.setattr("resources.lake.s3.hashlib.md5", lambda *_, **__: hashlib.sha1())
    s3_lake.write_bytes("a", b"1")
    monkeypatch.setattr(type(s3_lake), "_fetch", lambda *_: pytest.fail("read back again"))
    s3_lake.write_bytes("b", b"2")
