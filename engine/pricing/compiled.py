"""Loops as machine code: written as plain functions, compiled when first called, kept on disk for the next process.

A kernel is a loop over arrays, marked with :func:`kernel`; what its body calls is marked with :func:`inlined` or
:func:`callable_part`. numba is imported with the first call, so that a process that prices nothing does not pay.

The compiled code is kept in a folder named by the digest of all sources beside this file: numba's own cache looks
only at the file of the outermost function and would go on running old code after a change in a file that it calls.
Where no folder can be written the code is compiled anew in every process, which costs seconds and nothing else.

There is no fused or reordered arithmetic but what is written as :func:`fma`, and no library call inside the loops:
the results are the same bits on every processor.
"""

import hashlib
import logging
import os
import threading
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

F = TypeVar("F", bound=Callable[..., Any])

_HERE = Path(__file__).parent
_LOCK = threading.RLock()
_OPTIONS = {"nogil": True, "error_model": "numpy"}
_parts: list[tuple[Callable[..., Any], bool]] = []
_registered = 0
_log = logging.getLogger(__name__)


def fma(a: float, b: float, c: float) -> float:
    """``a * b + c``, rounded once where compiled."""
    return a * b + c


def inlined(function: F) -> F:
    """Mark a function that kernels call and that must melt into their loops: no branches, or nothing vectorizes."""
    _parts.append((function, True))
    return function


def callable_part(function: F) -> F:
    """Mark a function that kernels call as a function of its own."""
    _parts.append((function, False))
    return function


class Kernel:
    """A loop that is compiled at its first call; made by :func:`kernel`.

    Attributes
    ----------
    python
        The loop as it is written.
    """

    def __init__(self, python: Callable[..., None], types: str) -> None:
        self.python = python
        self._types = types
        self._compiled: Callable[..., None] | None = None

    def __call__(self, *arguments: Any) -> None:
        """Run it; the interpreter lock is released meanwhile."""
        if self._compiled is None:
            self._compiled = self._compile()
        self._compiled(*arguments)

    def assembly(self) -> str:
        """What the processor gets: compiled anew, since numba shows nothing of code that came from its cache."""
        with _LOCK:
            _register_parts()
            fresh = _numba().njit(_signature(self._types), **_OPTIONS)(self.python)
        (text,) = fresh.inspect_asm().values()
        return str(text)

    def _compile(self) -> Callable[..., None]:
        with _LOCK:
            _register_parts()
            numba, folder = _numba(), cache_folder()
            before = numba.config.CACHE_DIR
            if folder is not None:
                numba.config.CACHE_DIR = str(folder)
            try:
                compiled: Callable[..., None] = numba.njit(
                    _signature(self._types), cache=folder is not None, **_OPTIONS
                )(self.python)
            finally:
                numba.config.CACHE_DIR = before
            return compiled


def kernel(types: str) -> Callable[[Callable[..., None]], Kernel]:
    """Make a loop a kernel.

    Parameters
    ----------
    types : str
        Of the arguments, in order: numpy's short names (``f8``, ``i8``, ``i1``, ``b1``), with ``[]`` for a contiguous
        array of one dimension, ``[,]`` of two. What stands before ``->`` is only read, what stands after is written:
        ``"i1[] f8[] f8 -> f8[]"``.
    """

    def make(function: Callable[..., None]) -> Kernel:
        return Kernel(function, types)

    return make


@cache
def cache_folder() -> Path | None:
    """Where compiled code is kept: below NUMBA_CACHE_DIR if that is set, else beside the sources, else in the user's
    cache folder; None where none of these can be written."""
    digest = hashlib.sha256()
    for source in sorted(_HERE.glob("**/*.py")):
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    asked = os.environ.get("NUMBA_CACHE_DIR")
    user = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    candidates = [Path(asked)] if asked else [_HERE / "__pycache__", user / "optix"]
    for candidate in candidates:
        folder = candidate / f"pricing-{digest.hexdigest()[:16]}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    _log.warning(
        "no folder for compiled code can be written (tried %s): pricing is compiled anew in every process, which "
        "costs seconds; set NUMBA_CACHE_DIR to a folder that can",
        ", ".join(str(c) for c in candidates),
    )
    return None


@cache
def _numba() -> Any:
    """The package, untyped: its own types do not know the options that it takes.

    LLVM holds back the widest registers of processors that have them, for the sake of code that uses them now and
    then. These loops do nothing else, and are half as fast again with them. numba has one setting for the process; if
    it has compiled something before, or the user has set NUMBA_CPU_FEATURES, that stays as it is.
    """
    numba = import_module("numba")
    if numba.config.CPU_FEATURES is None and numba.config.CPU_NAME is None:
        llvm = import_module("llvmlite.binding")
        features = import_module("numba.core.codegen").get_host_cpu_features()
        if "+avx512f" in features.split(","):
            numba.config.CPU_NAME = llvm.get_host_cpu_name()
            numba.config.CPU_FEATURES = f"{features},-prefer-256-bit"
    return numba


def _register_parts() -> None:
    global _registered
    extending = import_module("numba.extending")
    if _registered == 0:
        _register_fma(extending)
    while _registered < len(_parts):
        function, inline = _parts[_registered]
        _registered += 1
        extending.register_jitable(forceinline=inline, error_model="numpy")(function)


def _register_fma(extending: Any) -> None:
    ir, types = import_module("llvmlite.ir"), _numba().types

    def fused(context: Any, a: Any, b: Any, c: Any) -> Any:
        def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            double = ir.DoubleType()
            function = builder.module.declare_intrinsic(
                "llvm.fma", [double], ir.FunctionType(double, [double] * 3)
            )
            return builder.call(function, arguments)

        return types.float64(types.float64, types.float64, types.float64), generate

    compiled_fused = extending.intrinsic(fused)

    @extending.overload(fma, jit_options={"forceinline": True})  # type: ignore[untyped-decorator]
    def _fma(a: Any, b: Any, c: Any) -> Any:
        def call(a: Any, b: Any, c: Any) -> Any:
            return compiled_fused(a, b, c)

        return call


def _signature(text: str) -> Any:
    types = _numba().types
    read, written = (half.split() for half in text.split("->"))
    arguments: list[Any] = []
    for name in read + written:
        scalar, _, shape = name.partition("[")
        element = _numba().from_dtype(np.dtype(scalar))
        if shape:
            readonly = len(arguments) < len(read)
            arguments.append(types.Array(element, shape.count(",") + 1, "C", readonly=readonly))
        else:
            arguments.append(element)
    return types.void(*arguments)
