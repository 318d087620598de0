"""The lattices' inner loops are vector instructions and no calls; and mean what their Python says."""

import platform
import re

import numpy as np
import pytest

from engine.pricing.lattice import lanes
from engine.pricing.lattice.dividend_grid import induce_with_dividends
from engine.pricing.lattice.induction import induce
from engine.pricing.lattice.tree_setup import set_up
from tests.engine.pricing.lattice.lane_loops import everything

ON_X86 = platform.machine() in ("x86_64", "AMD64")


def machine_code(assembly: str) -> str:
    """The loop's own part, without numba's wrappers for Python."""
    functions = re.split(r"\n(?=_ZN[\w$.]+:|\S*cfunc\S*:)", assembly)
    own = [f for f in functions if f.startswith("_ZN") and "cpython" not in f.split(":")[0]]
    return max(own, key=len).split(".cfi_endproc")[0]


@pytest.mark.skipif(not ON_X86, reason="the instructions looked for are those of x86-64")
@pytest.mark.parametrize("kernel", [induce, set_up], ids=["induce", "set_up"])
def test_vector_instructions_and_no_calls(kernel):
    code = machine_code(kernel.assembly())
    assert re.findall(r"^\s*call\S*\s.*$", code, re.M) == []
    packed = len(re.findall(r"^\s*vfn?m(?:add|sub)\d*pd\s.*$", code, re.M))
    single = len(re.findall(r"^\s*vfn?m(?:add|sub)\d*sd\s.*$", code, re.M))
    assert packed > 20 and packed > 10 * single


@pytest.mark.skipif(not ON_X86, reason="the instructions looked for are those of x86-64")
@pytest.mark.parametrize("kernel", [induce, induce_with_dividends], ids=["tree", "grid"])
def test_folding_loops_stay_in_registers_and_call_nothing(kernel):
    """The block that compares with exercise and divides nothing, as setting up does, is where the time goes."""
    blocks = re.split(r"^\.L\w+:", kernel.assembly(), flags=re.M)
    bodies = [b for b in blocks if "vmaxpd" in b and "vdivpd" not in b]
    hottest = max(bodies, key=lambda b: len(re.findall("vfn?m(?:add|sub)", b)))
    assert len(re.findall("vfn?m(?:add|sub)", hottest)) >= 8
    assert not re.search(r"^\s*call", hottest, re.M)
    if "zmm" in hottest:
        assert not re.search(r"\(%r[sb]p\).*%zmm|%zmm.*\(%r[sb]p\)", hottest)


def test_compiled_lanes_do_what_their_python_does():
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=64), rng.normal(size=64)
    compiled, python = np.empty(8 * 64), np.empty(8 * 64)
    everything(a, b, compiled)
    everything.python(a, b, python)
    np.testing.assert_allclose(compiled, python, rtol=1e-14)
    assert lanes.none_above(a[:8], a[:8]) and not lanes.none_above(a[:8] + 1, a[:8])
