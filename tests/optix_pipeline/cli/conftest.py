"""The command line called in this process, on a home of its own."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

_SETTINGS = ("OPTIX_", "DAGSTER_", "GX_")


@dataclass(frozen=True)
class Answer:
    """What a command left: exit code and text."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """stdout as one JSON document, which must be all that it holds."""
        return json.loads(self.out)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty OPTIX_HOME; what a command sets in the environment ends with the test."""
    before = dict(os.environ)
    for name in before:
        if name.startswith(_SETTINGS):
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("OPTIX_HOME", str(folder))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(tmp_path)
    yield folder
    for name in set(os.environ) - set(before):
        del os.environ[name]


@pytest.fixture
def optix(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Answer]:
    """``optix("run", "my_study")`` as the installed command runs it."""
    from optix_pipeline.cli.main import main

    def run(*arguments: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["optix", *arguments])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        text = capsys.readouterr()
        return Answer(code, text.out, text.err)

    return run


@pytest.fixture
def refused(optix: Callable[..., Answer], home: Path) -> Callable[..., str]:
    """Runs a command that must end with exit code 1, one line on stderr, and nothing made; returns the line."""

    def run(*arguments: str) -> str:
        answer = optix(*arguments)
        assert answer.code == 1, answer
        assert answer.out == ""
        lines = answer.err.splitlines()
        assert len(lines) == 1, answer.err
        assert lines[0].startswith("optix: ")
        assert [p.name for p in home.iterdir()] == [], "something ran"
        return lines[0].removeprefix("optix: ")

    return run
