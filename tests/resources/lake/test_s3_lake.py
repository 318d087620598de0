"""What is particular to S3."""

import pytest

from resources.lake import LakeError, LakeFileNotFoundError, open_lake


def test_a_write_is_one_put_with_a_guarded_body(s3_lake):
    seen = []
    s3_lake._client.meta.events.register(
        "before-call.s3", lambda model, params, **_: seen.append((model.name, params))
    )
    s3_lake.write_bytes("a", b"x" * 20_000_000)
    assert [name for name, _ in seen] == ["PutObject"]
    assert "Content-MD5" in seen[0][1]["headers"]


def test_the_prefix_keeps_lakes_apart(s3_lake):
    bucket = s3_lake.uri.split("/")[2]
    s3_lake.write_bytes("a", b"1")
    other = open_lake(f"s3://{bucket}/some/prefix2")
    other.write_bytes("b", b"2")
    assert s3_lake.list() == ["a"]
    assert open_lake(f"s3://{bucket}").list() == ["some/prefix/a", "some/prefix2/b"]


def test_every_page_of_a_listing_is_read(s3_lake):
    def ask_for_small_pages(params, **_):
        params["MaxKeys"] = 10

    s3_lake._client.meta.events.register("provide-client-params.s3.ListObjectsV2", ask_for_small_pages)
    paths = [f"p/{i:02d}" for i in range(35)]
    for path in paths:
        s3_lake.write_bytes(path, b"")
    assert s3_lake.list("p") == paths


def test_a_missing_bucket_is_an_error_not_an_empty_lake(s3_lake):
    nowhere = open_lake("s3://no-such-bucket-here/x")
    with pytest.raises(LakeError, match=r"s3://no-such-bucket-here/x/a cannot be written"):
        nowhere.write_bytes("a", b"")
    with pytest.raises(LakeError, match="cannot be listed"):
        nowhere.list()
    with pytest.raises(LakeError) as error:
        nowhere.read_bytes("a")
    assert not isinstance(error.value, LakeFileNotFoundError)


def test_an_endpoint_that_does_not_answer_is_named(s3_lake, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    with pytest.raises(LakeError, match="AWS_ENDPOINT_URL"):
        open_lake("s3://bucket/x").read_bytes("a")
