"""Which files of a folder belong to a format, and what their names say.

A name only tells where to look: the rows say whose and of which day they are.
"""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PLACEHOLDERS = {
    "underlying": r"(?P<underlying>[A-Za-z0-9._^$-]+?)",
    "date": r"(?P<date>\d{4}-\d\d-\d\d)",
    "yyyymmdd": r"(?P<yyyymmdd>\d{8})",
    "yyyymm": r"(?P<yyyymm>\d{6})",
}
_TOKEN = re.compile(r"\{(\w+)\}|(\*)|(\?)")


@dataclass(frozen=True)
class FoundFile:
    """A file, and the underlying and the days (first and last) that its name claims; None where it does not."""

    path: Path
    underlying: str | None
    days: tuple[dt.date, dt.date] | None


class FilePattern:
    """A relative path with ``*`` and ``?`` (within a folder), ``{underlying}``, ``{date}`` (2026-07-22),
    ``{yyyymmdd}``, ``{yyyymm}``. Letter case does not matter; ``.gz`` or ``.zip`` may follow.

    Raises
    ------
    ValueError
        If the pattern leaves the folder, or has an unknown or repeated placeholder.
    """

    def __init__(self, text: str) -> None:
        if text.startswith(("/", "~")) or ".." in Path(text).parts or not text.strip():
            raise ValueError(f"{text!r} is no path below provider.path")
        self.placeholders: set[str] = set()
        expression, glob, position = "", "", 0
        for token in _TOKEN.finditer(text):
            literal = text[position : token.start()]
            expression += re.escape(literal)
            glob += _glob_escaped(literal)
            position = token.end()
            if token[1] is None:
                expression += "[^/]*" if token[2] else "[^/]"
                glob += token[2] or token[3]
                continue
            if token[1] not in _PLACEHOLDERS or token[1] in self.placeholders:
                known = ", ".join(f"{{{name}}}" for name in _PLACEHOLDERS)
                raise ValueError(f"{text!r}: {{{token[1]}}} is unknown or repeated; there are {known}")
            self.placeholders.add(token[1])
            expression += _PLACEHOLDERS[token[1]]
            glob += "*"
        self._glob = re.sub(r"\*+", "*", glob + _glob_escaped(text[position:]) + "*")
        expression += re.escape(text[position:]) + r"(\.gz|\.zip)?"
        self._expression = re.compile(expression, re.IGNORECASE)

    @property
    def names_days(self) -> bool:
        """Whether the name tells the day."""
        return bool(self.placeholders & {"date", "yyyymmdd"})

    def files(self, folder: Path) -> Iterator[FoundFile]:
        """The files that match, in the order of their paths."""
        for path in sorted(folder.glob(self._glob)):
            if path.is_file() and (found := self.read(path.relative_to(folder).as_posix(), path)):
                yield found

    def read(self, name: str, path: Path | None = None) -> FoundFile | None:
        """What a relative path says; None where it does not match, or names a day that does not exist."""
        match = self._expression.fullmatch(name)
        if match is None:
            return None
        groups = match.groupdict()
        try:
            days = _days(groups)
        except ValueError:
            return None
        return FoundFile(path or Path(name), groups.get("underlying"), days)


def _days(groups: dict[str, str]) -> tuple[dt.date, dt.date] | None:
    if text := groups.get("date"):
        day = dt.date.fromisoformat(text)
        return day, day
    if text := groups.get("yyyymmdd"):
        day = dt.datetime.strptime(text, "%Y%m%d").date()
        return day, day
    if text := groups.get("yyyymm"):
        first = dt.datetime.strptime(text, "%Y%m").date()
        return first, (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
    return None


def _glob_escaped(text: str) -> str:
    """A literal for ``Path.glob`` that takes either case."""
    return "".join(f"[{c.lower()}{c.upper()}]" if c.isalpha() else f"[{c}]" if c in "[]" else c for c in text)
