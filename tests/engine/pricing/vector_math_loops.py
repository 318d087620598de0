"""Loops over the functions of ``vector_math``, which exist only inside compiled loops."""

from engine.pricing import vector_math as vm
from engine.pricing.compiled import kernel


@kernel("f8[] -> f8[]")
def exp(x, out):
    for i in range(x.size):
        out[i] = vm.exp(x[i])


@kernel("f8[] -> f8[]")
def log(x, out):
    for i in range(x.size):
        out[i] = vm.log(x[i])


@kernel("f8[] -> f8[]")
def erfcx(x, out):
    for i in range(x.size):
        out[i] = vm.erfcx(x[i])


@kernel("f8[] -> f8[]")
def erfc(x, out):
    for i in range(x.size):
        out[i] = vm.erfc(x[i])


@kernel("f8[] -> f8[]")
def ndtr(x, out):
    for i in range(x.size):
        out[i] = vm.ndtr(x[i])


@kernel("f8[] -> f8[]")
def ndtri(x, out):
    for i in range(x.size):
        out[i] = vm.ndtri(x[i])


LOOPS = {"exp": exp, "log": log, "erfcx": erfcx, "erfc": erfc, "ndtr": ndtr, "ndtri": ndtri}
