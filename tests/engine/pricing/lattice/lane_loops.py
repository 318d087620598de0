"""A loop over every function of lanes, which exist only inside compiled loops."""

from engine.pricing.lattice.lanes import (
    LANES,
    lane_kernel,
    larger,
    load,
    minus,
    none_above,
    over,
    plus,
    splat,
    store,
    times,
    times_plus,
)


@lane_kernel("f8[] f8[] -> f8[]")
def everything(a, b, out):
    n = a.size
    for i in range(0, n, LANES):
        x, y = load(a, i), load(b, i)
        store(out, i, plus(x, y))
        store(out, n + i, minus(x, y))
        store(out, 2 * n + i, times(x, y))
        store(out, 3 * n + i, over(x, y))
        store(out, 4 * n + i, times_plus(x, y, x))
        store(out, 5 * n + i, larger(x, y))
        store(out, 6 * n + i, splat(a[i]))
        if none_above(x, larger(x, y)):
            store(out, 7 * n + i, x)
        else:
            store(out, 7 * n + i, y)
