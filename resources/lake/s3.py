"""A lake in an S3 bucket: one PUT per file, so a write is atomic by itself."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import TYPE_CHECKING, Literal, TypeVar

from resources.lake.errors import LakeContentError, LakeFileNotFoundError
from resources.lake.lake import Lake, StoredFile, checked_path
from resources.lake.s3_connection import S3Patience, connect
from resources.lake.s3_errors import connection_broke, translated

if TYPE_CHECKING:
    from obstore.store import S3Store

Answer = TypeVar("Answer")
#: the object's own metadata (x-amz-meta-sha256): what every read is compared with
_DIGEST = "sha256"
#: a body that arrives damaged is asked for again; the client itself retries what fails openly
_ATTEMPTS = 3
_WHOLE = 1 << 40


class S3Lake(Lake):
    """Objects below ``s3://bucket/prefix``; see ``s3_connection.connect`` for address and credentials.

    A write carries its SHA-256 twice: in the request's signature, by which the store refuses a damaged body, and as
    metadata of the object. The answer's ETag is compared too. A read is compared with the metadata.
    """

    requests_at_once = 16

    def __init__(self, bucket: str, prefix: str = "", patience: S3Patience | None = None) -> None:
        self._bucket = bucket
        self._prefix = prefix.strip("/")
        self._patience = patience or S3Patience()
        self._lock = Lock()
        self._connected: S3Store | None = None
        self._etag_is_md5 = True

    @property
    def uri(self) -> str:
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    @property
    def _bucket_store(self) -> "S3Store":
        with self._lock:
            if self._connected is None:
                self._connected = connect(self._bucket, self._patience)
            return self._connected

    def _key(self, path: str) -> str:
        return f"{self._prefix}/{path}" if self._prefix else path

    def _where(self, path: str) -> str:
        return f"{self.uri}/{path}".rstrip("/")

    @contextmanager
    def _asking(self, path: str, verb: str) -> Iterator["S3Store"]:
        """The client; what it raises comes out as ours, without its original, which quotes request and answer."""
        import obstore

        store = self._bucket_store
        try:
            yield store
        except (OSError, obstore.exceptions.BaseError) as error:
            raise translated(error, self._where(path), verb) from None

    def _fetch(self, path: str) -> bytes:
        import obstore

        for _ in range(_ATTEMPTS):
            with self._asking(path, "read") as store:
                found = obstore.get(store, self._key(path))
                stated = found.attributes.get(_DIGEST)
                # one chunk, whatever the size: the body is copied once, into the bytes that are returned
                content = b"".join(found.stream(min_chunk_size=_WHOLE))
            # an object that others have put there states nothing; the records of the lake still name its digest
            if stated is None or hashlib.sha256(content).hexdigest() == stated:
                return content
        raise LakeContentError(
            f"{self._where(path)} was written with sha256 {str(stated)[:12]}…, the store returns other bytes "
            f"({_ATTEMPTS} times asked): optix lake verify finds what else is damaged, optix lake repair rebuilds it"
        )

    def _store(self, path: str, data: bytes, sha256: str) -> None:
        for _ in range(_ATTEMPTS):
            with self._asking(path, "written"):
                e_tag = self._put(path, data, sha256, "overwrite")
            if self._arrived(path, data, e_tag):
                return
        raise LakeContentError(
            f"{self._where(path)} cannot be written: the store holds other bytes than it was sent "
            f"({_ATTEMPTS} times tried); check the network path to it"
        )

    def _create(self, path: str, data: bytes, sha256: str) -> bool:
        from obstore.exceptions import AlreadyExistsError

        with self._asking(path, "written"):
            try:
                e_tag = self._repeated(lambda: self._put(path, data, sha256, "create"))
            except AlreadyExistsError:
                return False
        if not self._arrived(path, data, e_tag):
            self._store(path, data, sha256)
        return True

    @staticmethod
    def _repeated(request: Callable[[], Answer]) -> Answer:
        """A request that the client does not repeat when its connection breaks, because it may have arrived: a
        conditional write or a deletion. For us the second one then finds what the first has done."""
        from obstore.exceptions import GenericError

        for _ in range(_ATTEMPTS - 1):
            try:
                return request()
            except GenericError as error:
                if not connection_broke(error):
                    raise
        return request()

    def _put(self, path: str, data: bytes, sha256: str, mode: Literal["create", "overwrite"]) -> str | None:
        import obstore

        put = obstore.put(
            self._bucket_store,
            self._key(path),
            data,
            attributes={_DIGEST: sha256},
            mode=mode,
            use_multipart=False,  # one PUT, whatever the size
        )
        return put["e_tag"]

    def _arrived(self, path: str, data: bytes, e_tag: str | None) -> bool:
        """Whether the store holds these bytes: its ETag is their MD5, or, in an encrypted bucket, whose ETags are
        something else, the first file comes back as it was sent."""
        if not self._etag_is_md5:
            return True
        if e_tag is not None and e_tag.strip('"') == hashlib.md5(data, usedforsecurity=False).hexdigest():
            return True
        try:
            same = self._fetch(path) == data
        except LakeContentError:
            return False
        if same:
            self._etag_is_md5 = False
        return same

    def exists(self, path: str) -> bool:
        import obstore

        try:
            with self._asking(checked_path(path), "looked up") as store:
                obstore.head(store, self._key(path))
        except LakeFileNotFoundError:
            return False  # a HEAD has no body, so a missing bucket looks like a missing object here
        return True

    def files(self, prefix: str = "") -> list[StoredFile]:
        import obstore

        folder = self._key(checked_path(prefix)) if prefix else self._prefix
        cut = len(self._prefix) + 1 if self._prefix else 0
        found: list[StoredFile] = []
        with self._asking(prefix, "listed") as store:
            for chunk in obstore.list(store, folder or None, chunk_size=1000):
                found += [StoredFile(item["path"][cut:], item["size"]) for item in chunk]
        shown = (f for f in found if not any(part.startswith(".") for part in f.path.split("/")))
        return sorted(shown, key=lambda file: file.path)

    def delete(self, path: str) -> None:
        import obstore

        with suppress(LakeFileNotFoundError), self._asking(checked_path(path), "deleted") as store:
            self._repeated(lambda: obstore.delete(store, self._key(path)))
