"""Terms of a universe's roots against the table of known roots: left out ones are filled in, contradictions refused."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from engine.instruments.roots import KnownRoot, known_roots
from engine.instruments.terms import UnderlyingKind

#: terms that the table has of a root, as a universe's YAML names them
TERMS = ("style", "settlement_time", "settlement_type", "multiplier", "trading_close")


class StatedTerms(Protocol):
    """What a universe says of a root."""

    root: str
    terms_differ_because: str | None


def with_known_terms(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """A universe's YAML with the terms filled in that its roots leave out and the table of known roots has.

    Whatever else is wrong with the content is left for its validation.

    Raises
    ------
    ValueError
        A root leaves terms out that changed within the universe's time.
    """
    underlyings = content.get("underlyings")
    if not isinstance(underlyings, list | tuple):
        return content
    period = _period(content)
    return {**content, "underlyings": [_filled_underlying(u, period) for u in underlyings]}


def _filled_underlying(underlying: Any, period: tuple[dt.date, dt.date]) -> Any:
    roots = underlying.get("roots") if isinstance(underlying, Mapping) else None
    if not isinstance(roots, list | tuple) or underlying.get("kind") not in list(UnderlyingKind):
        return underlying
    kind = UnderlyingKind(underlying["kind"])
    return {**underlying, "roots": [_filled_root(root, kind, period) for root in roots]}


def _filled_root(root: Any, kind: UnderlyingKind, period: tuple[dt.date, dt.date]) -> Any:
    if not isinstance(root, Mapping):
        return root
    missing = [name for name in TERMS if name not in root]
    known = [k for k in known_roots(str(root.get("root")), kind) if k.applies(*period)] if missing else []
    if not known:
        return root
    filled = {}
    for name in missing:
        values = {getattr(k, name) for k in known}
        if len(values) > 1:
            raise ValueError(
                f"root {root['root']}: {name} changed within the universe's time: {_history(name, known)}; "
                "end the universe before the change and begin another with it"
            )
        (value,) = values
        if value is not None:
            filled[name] = value
    return {**root, **filled}


def require_known_terms(
    roots: Iterable[StatedTerms], kind: UnderlyingKind, period: tuple[dt.date, dt.date] | None = None
) -> None:
    """Refuse terms that contradict the table, unless the universe says why.

    Parameters
    ----------
    period
        First and last day of the universe; None: terms of any time will do.

    Raises
    ------
    ValueError
        Naming the term, both values and the table's source.
    """
    for root in roots:
        known = [k for k in known_roots(root.root, kind) if period is None or k.applies(*period)]
        wrong = [k for k in known if _differs(root, k)]
        if not wrong or root.terms_differ_because is not None or (period is None and len(wrong) < len(known)):
            continue
        name, value = next(iter(_differs(root, wrong[-1]).items()))
        raise ValueError(
            f"root {root.root}: {name} is {getattr(root, name)} here and {value} in the table of known roots"
            f"{_when(wrong[-1])} ({wrong[-1].source}); correct it, leave it out, or say why in terms_differ_because"
        )


def known_sessions(root: StatedTerms, kind: UnderlyingKind) -> tuple[dt.date | None, dt.date | None]:
    """First and last session of a root as the table has them; None where it does not say.

    A root whose terms differ for a stated reason is not the table's, and the table says nothing of it.
    """
    known = () if root.terms_differ_because is not None else known_roots(root.root, kind)
    if not known:
        return None, None
    return known[0].first_session, known[-1].last_session


def _differs(root: StatedTerms, known: KnownRoot) -> dict[str, Any]:
    """By name, the table's values of the terms that are others in the universe."""
    return {
        name: value
        for name in TERMS
        if (value := getattr(known, name)) is not None and value != getattr(root, name)
    }


def _history(name: str, known: Iterable[KnownRoot]) -> str:
    return ", ".join(f"{getattr(k, name)}{_when(k)}" for k in known)


def _when(known: KnownRoot) -> str:
    if known.expiries_from is None and known.expiries_until is None:
        return ""
    return f" for expiries from {known.expiries_from or 'ever'} to {known.expiries_until or 'today'}"


def _period(content: Mapping[str, Any]) -> tuple[dt.date, dt.date]:
    """First and last day of a universe's YAML, as wide as can be where they are no dates."""
    first, last = (_date(content.get(name)) for name in ("start", "end"))
    return first or dt.date.min, last or dt.date.max


def _date(value: Any) -> dt.date | None:
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError:
        return None
