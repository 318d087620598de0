"""What the quality suite found, held against what was planted: precision and recall by kind of defect."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from resources.generator.planted.decoys import Decoy
from resources.generator.planted.defect_catalogue import KINDS, PARSED_KINDS, RECORDED_KINDS, DefectKind
from resources.generator.planted.planting import Planted

#: what every kind must reach
REQUIRED = 0.99
#: checks that only say that nothing of a session is left; whatever spoils a whole session explains them
SUMMARIES = ("usable_snapshots",)


@dataclass(frozen=True)
class Flag:
    """Something that a check objected to at severity warning or critical.

    Attributes
    ----------
    contract
        Symbol of the row; empty for a snapshot or a session.
    line
        The vendor's text of a row that could not be typed.
    """

    session: dt.date
    check: str
    snapshot: str = ""
    contract: str = ""
    line: str = ""

    @property
    def of_row(self) -> bool:
        return bool(self.contract or self.line)


@dataclass(frozen=True)
class Found:
    """Everything that an ingestion said about a set.

    Attributes
    ----------
    grades
        Quality grade of every kept row, by session and contract.
    """

    sessions: Sequence[dt.date]
    flags: Sequence[Flag]
    grades: Mapping[tuple[dt.date, str], set[str]]


@dataclass
class KindScore:
    """One kind's counts."""

    kind: DefectKind
    planted: int = 0
    found: int = 0
    false_alarms: int = 0

    @property
    def recall(self) -> float:
        return self.found / self.planted

    @property
    def precision(self) -> float:
        told = self.found + self.false_alarms
        return self.found / told if told else 1.0

    @property
    def good(self) -> bool:
        return self.recall >= REQUIRED and self.precision >= REQUIRED


@dataclass
class Score:
    """By kind; with each miss, each false alarm, and each decoy that was flagged."""

    kinds: dict[str, KindScore] = field(default_factory=dict)
    missed: list[Planted] = field(default_factory=list)
    false_alarms: list[Flag] = field(default_factory=list)
    decoys: dict[str, int] = field(default_factory=dict)
    flagged_decoys: list[tuple[Decoy, Flag]] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return all(k.good for k in self.kinds.values()) and not self.false_alarms

    def add(self, other: "Score") -> None:
        """Take in the score of another set."""
        for name, theirs in other.kinds.items():
            mine = self.kinds.setdefault(name, KindScore(theirs.kind))
            mine.planted += theirs.planted
            mine.found += theirs.found
            mine.false_alarms += theirs.false_alarms
        self.missed += other.missed
        self.false_alarms += other.false_alarms
        self.flagged_decoys += other.flagged_decoys
        for kind, count in other.decoys.items():
            self.decoys[kind] = self.decoys.get(kind, 0) + count


def definition(planted: Planted) -> DefectKind:
    return next(
        kinds[planted.kind] for kinds in (KINDS, PARSED_KINDS, RECORDED_KINDS) if planted.kind in kinds
    )


def score(planted: Sequence[Planted], decoys: Sequence[Decoy], found: Found) -> Score:
    """Join truth and findings.

    A planted row is found when a check that its kind names objects to that very row; a planted session when one
    objects to that session. A flag is a false alarm when no defect explains it: a row's flag by a defect of
    that row, a session's or snapshot's by a defect of that session whose kind names the check, or of the
    session before whose kind says that it shows a day later.
    """
    result = Score()
    by_session: dict[dt.date, list[Flag]] = {}
    for flag in found.flags:
        by_session.setdefault(flag.session, []).append(flag)
    for p in planted:
        kind = definition(p)
        entry = result.kinds.setdefault(p.kind, KindScore(kind))
        entry.planted += 1
        graded = {f"grade:{g}" for g in found.grades.get((p.session, p.contract), set())}
        told = {f.check for f in by_session.get(p.session, ()) if _concerns(f, p)}
        if (told | graded) & set(kind.found_by):
            entry.found += 1
        else:
            result.missed.append(p)
    result.false_alarms = list(_unexplained(planted, found))
    for flag in result.false_alarms:
        for entry in result.kinds.values():
            entry.false_alarms += flag.check in entry.kind.found_by
    for decoy in decoys:
        result.decoys[decoy.kind] = result.decoys.get(decoy.kind, 0) + 1
        for flag in result.false_alarms:
            if flag.session == decoy.session and (not decoy.contract or flag.contract == decoy.contract):
                result.flagged_decoys.append((decoy, flag))
    return result


def _concerns(flag: Flag, planted: Planted) -> bool:
    if not planted.contract:
        return not flag.of_row
    if flag.line:
        return flag.line == planted.line
    return flag.contract == planted.contract


def _unexplained(planted: Sequence[Planted], found: Found) -> Iterable[Flag]:
    here: dict[dt.date, list[Planted]] = {}
    for p in planted:
        here.setdefault(p.session, []).append(p)
    order = list(found.sessions)
    before = dict(zip(order[1:], order, strict=False))
    for flag in found.flags:
        own = here.get(flag.session, [])
        if flag.of_row:
            # a session's file that is wrong as a whole explains its rows
            explained = any(_concerns(flag, p) or not (p.contract or p.kind in RECORDED_KINDS) for p in own)
        else:
            explained = any(flag.check in (*definition(p).found_by, *definition(p).also) for p in own)
            explained |= flag.check in SUMMARIES and any(not p.contract for p in own)
            earlier = here.get(before.get(flag.session, flag.session), [])
            explained |= any(flag.check in definition(p).after for p in earlier)
        if not explained:
            yield flag
