"""Eight numbers side by side, as a type of compiled loops: one option in each lane.

Backward induction over a lattice is a loop whose every step needs the one before; what can run at the same time is
the same node of several options. Loops of eight turns over arrays leave it to the compiler whether it finds that
out, and it then reads the constants of every option again at every node. With the eight numbers as one value they
stay in registers, and every line below is one instruction where the processor has vectors of that length.

The functions are written for numpy arrays of eight, which is what they mean; compiled, they are what
:func:`_register` makes of them. A kernel that uses them is marked with :func:`lane_kernel`.
"""

import inspect
import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.pricing.compiled import Kernel

LANES = 8
Lanes = NDArray[np.float64]

_LOCK = threading.Lock()
_registered = False


def load(array: Lanes, index: int) -> Lanes:
    """Eight numbers of a contiguous array, from ``index`` on; no bounds are checked where compiled."""
    return array[index : index + LANES].copy()


def store(array: Lanes, index: int, value: Lanes) -> None:
    """Write eight numbers into a contiguous array, from ``index`` on."""
    array[index : index + LANES] = value


def splat(value: float) -> Lanes:
    """One number in every lane."""
    return np.full(LANES, value)


def plus(a: Lanes, b: Lanes) -> Lanes:
    """``a + b``."""
    return a + b


def minus(a: Lanes, b: Lanes) -> Lanes:
    """``a - b``."""
    return a - b


def times(a: Lanes, b: Lanes) -> Lanes:
    """``a * b``."""
    return a * b


def over(a: Lanes, b: Lanes) -> Lanes:
    """``a / b``."""
    return a / b


def times_plus(a: Lanes, b: Lanes, c: Lanes) -> Lanes:
    """``a * b + c``, rounded once where compiled."""
    return a * b + c


def larger(a: Lanes, b: Lanes) -> Lanes:
    """The larger of each pair; ``b`` where one is NaN."""
    return np.where(a > b, a, b)


def none_above(a: Lanes, b: Lanes) -> bool:
    """Whether ``a <= b`` in every lane."""
    return bool(np.all(a <= b))


class LaneKernel(Kernel):
    """A kernel whose body uses lanes."""

    def _compile(self) -> Callable[..., None]:
        _register()
        return super()._compile()

    def assembly(self) -> str:
        """See :meth:`Kernel.assembly`."""
        _register()
        return super().assembly()


def lane_kernel(types: str) -> Callable[[Callable[..., None]], LaneKernel]:
    """Make a loop over lanes a kernel; ``types`` as for :func:`engine.pricing.compiled.kernel`."""

    def make(function: Callable[..., None]) -> LaneKernel:
        return LaneKernel(function, types)

    return make


def _register() -> None:
    """Teach numba the type and what the functions above become; once a process."""
    global _registered
    with _LOCK:
        if not _registered:
            _teach()
            _registered = True


def _teach() -> None:
    types, extending = import_module("numba.core.types"), import_module("numba.extending")
    ir, gep = import_module("llvmlite.ir"), import_module("numba.core.cgutils").gep_inbounds
    vector, integer = ir.VectorType(ir.DoubleType(), LANES), ir.IntType(32)
    undefined = ir.Constant(vector, ir.Undefined)

    class LanesType(types.Type):  # type: ignore[name-defined,misc]
        def __init__(self) -> None:
            super().__init__(name="Lanes")

    @extending.register_model(LanesType)
    class LanesModel(extending.models.PrimitiveModel):  # type: ignore[name-defined,misc]
        def __init__(self, manager: Any, fe_type: Any) -> None:
            super().__init__(manager, fe_type, vector)

    def compiles_to(function: Callable[..., Any], result: Any) -> Callable[[Callable[..., Any]], None]:
        def register(generate: Callable[..., Any]) -> None:
            def typer(*_arguments: Any) -> Any:
                return result

            typer.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
            extending.type_callable(function)(lambda _context: typer)

            def lowered(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
                if signature.args and isinstance(signature.args[0], types.Array):
                    array = context.make_array(signature.args[0])(context, builder, arguments[0])
                    start = gep(builder, array.data, arguments[1])
                    return generate(builder, builder.bitcast(start, vector.as_pointer()), *arguments[2:])
                return generate(builder, *arguments)

            extending.lower_builtin(function, types.VarArg(types.Any))(lowered)

        return register

    lanes = LanesType()
    compiles_to(plus, lanes)(lambda builder, a, b: builder.fadd(a, b))
    compiles_to(minus, lanes)(lambda builder, a, b: builder.fsub(a, b))
    compiles_to(times, lanes)(lambda builder, a, b: builder.fmul(a, b))
    compiles_to(over, lanes)(lambda builder, a, b: builder.fdiv(a, b))
    compiles_to(larger, lanes)(lambda builder, a, b: builder.select(builder.fcmp_ordered(">", a, b), a, b))
    # numbers of an array stand anywhere: 8 is the alignment of one of them
    compiles_to(load, lanes)(lambda builder, start: builder.load(start, align=8))

    @compiles_to(store, types.none)
    def _store(builder: Any, start: Any, value: Any) -> Any:
        builder.store(value, start, align=8)
        return ir.Constant(ir.IntType(8).as_pointer(), None)

    @compiles_to(splat, lanes)
    def _splat(builder: Any, value: Any) -> Any:
        first = builder.insert_element(undefined, value, integer(0))
        return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(integer, LANES), None))

    @compiles_to(times_plus, lanes)
    def _times_plus(builder: Any, *arguments: Any) -> Any:
        signature = ir.FunctionType(vector, [vector] * 3)
        name = f"llvm.fma.v{LANES}f64"
        known = builder.module.globals.get(name) or ir.Function(builder.module, signature, name)
        return builder.call(known, arguments)

    @compiles_to(none_above, types.boolean)
    def _none_above(builder: Any, a: Any, b: Any) -> Any:
        mask = builder.bitcast(builder.fcmp_ordered("<=", a, b), ir.IntType(LANES))
        return builder.icmp_unsigned("==", mask, ir.Constant(ir.IntType(LANES), -1))
