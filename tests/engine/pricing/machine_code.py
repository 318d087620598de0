"""What a test looks for in generated assembly."""

import platform
import re

import pytest

from engine.pricing.compiled import Kernel


def packed_instructions(kernel: Kernel) -> int:
    """How many instructions of the loop work on several doubles at once.

    Skips where the processor is not of the kind whose instructions are known here; fails where the loop calls
    anything but the allocation and release of its own scratch arrays, and the search for what it does not reach.
    """
    if platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip(f"the instructions looked for are those of x86-64, this is {platform.machine()}")
    code = _own_code(kernel.assembly(), kernel.python.__name__)
    calls = re.findall(r"^\s*call\S*\s+(.*)$", code, re.M)
    known = ("NRT", "bracketed_total_volatility", "slow_total_volatility")
    assert [c for c in calls if not c.startswith("*") and not any(k in c for k in known)] == []
    return len(re.findall(r"^\s*v?(?:f(?:n?m(?:add|sub)\d*))?(?:mul|add|sub|div)?pd\s.*$", code, re.M))


def vectorized_loops(kernel: Kernel) -> int:
    """How many of its innermost loops without a call store the widest registers that it uses.

    The odd elements at the end of an array have loops of their own, in narrower registers or none: they do not count.
    """
    lines = _own_code(kernel.assembly(), kernel.python.__name__).splitlines()
    labels = {m[1]: i for i, line in enumerate(lines) if (m := re.match(r"(\.L\w+):", line))}
    ends: dict[int, int] = {}
    for i, line in enumerate(lines):
        jump = re.match(r"\s+j\w+\s+(\.L\w+)$", line)
        if jump and labels.get(jump[1], len(lines)) <= i:
            ends[labels[jump[1]]] = i
    loops = list(ends.items())
    innermost = [
        lines[a : b + 1] for a, b in loops if not any(a < c <= d <= b for c, d in loops if (c, d) != (a, b))
    ]
    innermost = [loop for loop in innermost if not any(re.match(r"\s+call", line) for line in loop)]
    stored = [set(re.findall(r"v?mov[au]p[ds]\s+%([xyz])mm\d+, .*\(", "\n".join(loop))) for loop in innermost]
    widest = max(set().union(*stored), default="")
    return sum(widest in kinds for kinds in stored)


def _own_code(assembly: str, name: str) -> str:
    """The loop's own part of the assembly: without numba's wrappers for Python, and what it calls for odd elements."""
    functions = re.split(r"\n(?=[\w$.]+:\n)", assembly)
    own = [
        i for i, f in enumerate(functions) if f.startswith("_ZN") and f"{len(name)}{name}" in f.split(":")[0]
    ]
    own = [i for i in own if "7cpython" not in functions[i].split(":")[0]]
    # up to the end of the function: labels inside it were split off too
    return "\n".join(functions[own[0] :]).split(".cfi_endproc")[0]
