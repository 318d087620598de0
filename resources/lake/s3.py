"""A lake in an S3 bucket: one PUT per file, so a write is atomic by itself."""

import base64
import hashlib
import os
from functools import cached_property
from threading import Lock
from typing import Any

from resources.lake.errors import LakeError, LakeFileNotFoundError
from resources.lake.lake import Lake, checked_path

_MISSING = {"NoSuchKey", "404", "NotFound"}


class S3Lake(Lake):
    """Objects below ``s3://bucket/prefix``.

    The endpoint comes from ``AWS_ENDPOINT_URL_S3`` or ``AWS_ENDPOINT_URL``, the credentials from boto3's own
    chain (environment, profile, instance role).
    """

    requests_at_once = 8

    def __init__(self, bucket: str, prefix: str = "") -> None:
        self._bucket = bucket
        self._prefix = prefix.strip("/")
        self._lock = Lock()

    @property
    def uri(self) -> str:
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    @cached_property
    def _made_client(self) -> Any:
        import boto3
        from botocore.config import Config

        # one session of our own: boto3's default session is not safe to share between threads, clients are
        return boto3.session.Session().client(
            "s3",
            endpoint_url=os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL"),
            config=Config(
                retries={"mode": "standard", "max_attempts": 5},
                # stores other than Amazon's refuse the newer checksum headers; Content-MD5 guards the PUT
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    @property
    def _client(self) -> Any:
        with self._lock:
            return self._made_client

    def _key(self, path: str) -> str:
        return f"{self._prefix}/{path}" if self._prefix else path

    def read_bytes(self, path: str) -> bytes:
        key = self._key(checked_path(path))
        try:
            data: bytes = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except Exception as error:
            raise self._translated(path, "read", error) from error
        return data

    def _store(self, path: str, data: bytes) -> None:
        md5 = base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
        try:
            self._client.put_object(Bucket=self._bucket, Key=self._key(path), Body=data, ContentMD5=md5)
        except Exception as error:
            raise self._translated(path, "written", error) from error

    def exists(self, path: str) -> bool:
        try:
            self._client.head_object(Bucket=self._bucket, Key=self._key(checked_path(path)))
        except Exception as error:
            translated = self._translated(path, "looked up", error)
            # a HEAD has no body, so a missing bucket looks like a missing object here
            if isinstance(translated, LakeFileNotFoundError):
                return False
            raise translated from error
        return True

    def list(self, prefix: str = "") -> list[str]:
        start = (
            self._key(checked_path(prefix) + "/") if prefix else (f"{self._prefix}/" if self._prefix else "")
        )
        cut = len(self._prefix) + 1 if self._prefix else 0
        found: list[str] = []
        try:
            for page in self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=start
            ):
                found += [item["Key"][cut:] for item in page.get("Contents", ())]
        except Exception as error:
            raise self._translated(prefix, "listed", error) from error
        return sorted(path for path in found if not any(part.startswith(".") for part in path.split("/")))

    def delete(self, path: str) -> None:
        try:
            self._client.delete_object(Bucket=self._bucket, Key=self._key(checked_path(path)))
        except Exception as error:
            raise self._translated(path, "deleted", error) from error

    def _translated(self, path: str, verb: str, error: Exception) -> Exception:
        from botocore.exceptions import BotoCoreError, ClientError

        where = f"{self.uri}/{path}"
        if isinstance(error, ClientError):
            if error.response.get("Error", {}).get("Code") in _MISSING:
                return LakeFileNotFoundError(f"{where} is not in the lake")
            return LakeError(f"{where} cannot be {verb}: {error}")
        if isinstance(error, BotoCoreError):
            return LakeError(
                f"{where} cannot be {verb}: {error}; check AWS_ENDPOINT_URL, the bucket and the credentials"
            )
        return error
