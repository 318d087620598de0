"""Every path of the lake. Nobody else joins strings into one."""

from resources.lake.lake import checked_path

STATUS_FILE = "_status.json"
STUDIES, BLOBS, RECORDS, ARCHIVED = "_studies", "_blobs", "_records", "_archived"


def partition_path(universe: str, asset: str, key: str, underlying: str) -> str:
    """``<universe>/<asset>/<key>/<underlying>.parquet``: one underlying in one partition of a layer."""
    return _joined(universe, asset, key, f"{underlying}.parquet")


def partition_folder(universe: str, asset: str, key: str) -> str:
    """``<universe>/<asset>/<key>``: the folder of one partition."""
    return _joined(universe, asset, key)


def status_path(universe: str, asset: str, key: str) -> str:
    """``<universe>/<asset>/<key>/_status.json``: written last, its presence completes the partition."""
    return _joined(universe, asset, key, STATUS_FILE)


def study_path(study: str, asset: str, name: str) -> str:
    """``_studies/<study>/<asset>/<name>``; ``name`` may have folders. The leading underscore keeps studies
    apart from universes, whose names begin with a letter."""
    return checked_path("/".join((STUDIES, _part(study), _part(asset), name)))


def blob_path(universe: str, dataset: str, sha256: str, extension: str) -> str:
    """``<universe>/<dataset>/_blobs/<sha256>.<extension>``: a received payload, by its content."""
    return _joined(universe, dataset, BLOBS, f"{sha256}.{extension}")


def records_folder(universe: str, dataset: str, key: str | None = None) -> str:
    """``<universe>/<dataset>/_records[/<key>]``."""
    return _joined(universe, dataset, RECORDS, *(() if key is None else (key,)))


def record_path(universe: str, dataset: str, key: str, sequence: int, digest: str) -> str:
    """``<universe>/<dataset>/_records/<key>/<sequence>-<digest12>.json``: one version of a harvest."""
    return _joined(universe, dataset, RECORDS, key, f"{sequence:04d}-{digest[:12]}.json")


def receipts_folder(universe: str) -> str:
    """``<universe>/_archived``: one receipt for each partition that has a copy elsewhere."""
    return _joined(universe, ARCHIVED)


def receipt_path(universe: str, asset: str, key: str) -> str:
    """``<universe>/_archived/<asset>/<key>.json``: where a partition was copied to, with every digest."""
    return _joined(universe, ARCHIVED, asset, f"{key}.json")


def rebuild_path(universe: str) -> str:
    """``<universe>/_rebuild.json``: the sessions that a forced rebuild has not come to; none where it is done."""
    return _joined(universe, "_rebuild.json")


def probe_path(universe: str) -> str:
    """``<universe>/_probe``: written and deleted to see whether the lake takes files."""
    return _joined(universe, "_probe")


def archive_probe_path(token: str) -> str:
    """``_probe-<token>``: written to an archive and deleted, to see whether the lake is the same place."""
    return _joined(f"_probe-{token}")


def _joined(*parts: str) -> str:
    return checked_path("/".join(_part(part) for part in parts))


def _part(name: str) -> str:
    if "/" in name:
        raise ValueError(f"{name!r} cannot be one part of a lake path: it has a slash")
    return name
