"""Payloads that are none: what an adapter says of them."""

import datetime as dt
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

from resources.providers.contract_rules import failure, require_contract
from resources.providers.file_adapter import QUOTES
from resources.providers.protocol import Provider
from resources.raw_store import RawPart
from resources.universe import UniverseSpec


def check_bad_payloads(
    universe: UniverseSpec, trade_date: dt.date, provider: Provider, parts: Sequence[RawPart]
) -> None:
    """A bad payload in the place of the first part of quotes blocks it with a message, and raises nothing.

    Raises
    ------
    ContractViolation
        If the adapter raises, accepts what breaks the contract, or does not name the file.
    """
    for label, payload in _bad_payloads(parts):
        _check_bad_payload(universe, trade_date, provider, parts, label, payload)


def _bad_payloads(parts: Sequence[RawPart]) -> Iterator[tuple[str, bytes]]:
    good = next(part.payload for part in parts if part.kind == QUOTES)
    noise = random.Random(1).randbytes(4096)
    yield "nothing", b""
    yield "blanks", b" \n\n"
    yield "noise", noise
    yield "noise behind a gzip magic", b"\x1f\x8b" + noise
    yield "noise behind a zip magic", b"PK\x03\x04" + noise
    yield "NUL bytes", b"\x00" * 1000
    yield "another format", b"a,b,c\n1,2,3\n"
    yield "a JSON that is another one", b'{"a": [1, 2, {"b": null}]}'
    yield "a web page", b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>"
    yield "UTF-16", "time,bid,ask\n1,2,3\n".encode("utf-16")
    yield "the first half", good[: len(good) // 2]
    yield "all but the end", good[:-9]


def _check_bad_payload(
    universe: UniverseSpec,
    trade_date: dt.date,
    provider: Provider,
    parts: Sequence[RawPart],
    label: str,
    payload: bytes,
) -> None:
    fail = failure(universe.provider.format)
    position = next(i for i, part in enumerate(parts) if part.kind == QUOTES)
    bad = replace(parts[position], payload=payload, slice_digest="0" * 64)
    given = [*parts[:position], bad, *parts[position + 1 :]]
    try:
        day = provider.parse(trade_date, given)
    except Exception as error:
        raise fail("bad input", f"{label}: raised {type(error).__name__}: {error}") from error
    require_contract(universe, trade_date, day)
    if label in ("the first half", "all but the end"):
        return  # may be a shorter file of the format; what it holds was judged above
    problems = [p for u in day.underlyings.values() if (p := u.problem)] + list(day.problems)
    if not any(bad.name in problem for problem in problems):
        raise fail("bad input", f"{label}: no problem names {bad.name}; there are {problems}")
