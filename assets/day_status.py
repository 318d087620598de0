"""The status that every daily layer keeps beside its files: what is usable, what was blocked and why.

Downstream reads the status, never guesses from files. A blocked or absent underlying has no rows in any layer
after ``validated_quotes``.
"""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any, Literal, Self, get_args

import pyarrow as pa

from assets.status_files import mapping_of, read_status_file, texts_of
from resources.lake.digest import table_digest
from resources.lake.errors import LakeFileNotFoundError
from resources.lake.lake import Lake
from resources.lake.layout import status_path
from resources.universe import UniverseSpec

Status = Literal["ok", "blocked", "absent"]


class MissingLayerError(LookupError):
    """A layer was asked for a partition that has not been materialized."""


@dataclass(frozen=True)
class UnderlyingStatus:
    """One underlying on one day in one layer.

    ``sha256`` is of the file's bytes, ``digest`` of its canonical typed rows.
    """

    status: Status
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    rows: int = 0
    quarantined: int = 0
    path: str = ""
    sha256: str = ""
    digest: str = ""


@dataclass(frozen=True)
class DayStatus:
    """One day of one layer. ``inputs`` names what it was made from: lake path -> sha256 or digest."""

    trade_date: dt.date
    underlyings: dict[str, UnderlyingStatus]
    inputs: dict[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return sum(u.rows for u in self.underlyings.values())

    @property
    def usable(self) -> bool:
        """Whether at least one underlying may be used."""
        return any(u.status == "ok" for u in self.underlyings.values())

    def to_json(self) -> dict[str, Any]:
        return {
            "trade_date": self.trade_date.isoformat(),
            "underlyings": {
                name: {
                    "status": u.status,
                    "reasons": list(u.reasons),
                    "warnings": list(u.warnings),
                    "rows": u.rows,
                    "quarantined": u.quarantined,
                    "path": u.path,
                    "sha256": u.sha256,
                    "digest": u.digest,
                }
                for name, u in sorted(self.underlyings.items())
            },
            "inputs": dict(sorted(self.inputs.items())),
        }

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Self:
        """The status of ``to_json``'s document.

        Raises
        ------
        KeyError, TypeError, ValueError, AttributeError
            If it is another document.
        """
        underlyings = mapping_of(mapping_of(record, "the document")["underlyings"], "underlyings")
        return cls(
            trade_date=dt.date.fromisoformat(record["trade_date"]),
            underlyings={name: _underlying(name, u) for name, u in underlyings.items()},
            inputs=texts_of(record["inputs"], "inputs"),
        )


def _underlying(name: str, u: dict[str, Any]) -> UnderlyingStatus:
    mapping_of(u, name)
    found = UnderlyingStatus(**{**u, "reasons": tuple(u["reasons"]), "warnings": tuple(u["warnings"])})
    if found.status not in get_args(Status):
        raise ValueError(f"{name} has status {found.status!r}")
    if not (isinstance(found.rows, int) and isinstance(found.quarantined, int)):
        raise TypeError(f"{name} counts its rows with {found.rows!r} and {found.quarantined!r}")
    texts = (found.path, found.sha256, found.digest, *found.reasons, *found.warnings)
    if not all(isinstance(text, str) for text in texts):
        raise TypeError(f"{name} has a path, digest, reason or warning that is no text")
    return found


def write_underlying(
    lake: Lake,
    path: str,
    table: pa.Table,
    *,
    status: Status,
    reasons: tuple[str, ...] = (),
    warnings: tuple[str, ...] = (),
) -> UnderlyingStatus:
    """Write the rows of one underlying (none where it is blocked or absent), and tell what was written."""
    written = lake.write_table(path, table)
    return UnderlyingStatus(
        status=status,
        reasons=reasons,
        warnings=warnings,
        rows=table.num_rows,
        path=path,
        sha256=written.sha256,
        digest=table_digest(table),
    )


def made_from(status: DayStatus) -> dict[str, str]:
    """The inputs of a layer that is made from this one alone: this one's, and its files by the digest of their rows."""
    return {**status.inputs, **{u.path: u.digest for u in status.underlyings.values() if u.path}}


def write_status(lake: Lake, universe: UniverseSpec, asset: str, status: DayStatus) -> str:
    """Write the status last, after the files that it describes; its presence completes the partition."""
    path = status_path(universe.name, asset, status.trade_date.isoformat())
    lake.write_json(path, status.to_json())
    return path


def read_status(lake: Lake, universe: UniverseSpec, asset: str, day: dt.date | str) -> DayStatus:
    """The status of one day of one layer.

    Raises
    ------
    MissingLayerError
        If that partition has not been materialized.
    LakeFormatError
        If its status is none.
    """
    path = status_path(universe.name, asset, str(day))
    try:
        return read_status_file(lake, path, DayStatus.from_json)
    except LakeFileNotFoundError:
        raise MissingLayerError(
            f"{universe.name}/{asset} has no partition {day}; materialize it first (optix harvest {universe.name})"
        ) from None
