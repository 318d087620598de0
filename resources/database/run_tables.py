"""A run's child rows, table by table, in the order of the columns named."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from resources.database.column_values import dates, instants, json_text, number, numbers, texts, whole
from resources.database.run_id import trade_id
from resources.database.run_record import RunRecord

#: table, column names, rows
ChildRows = tuple[str, tuple[str, ...], Iterator[Sequence[Any]]]


def child_rows(run: RunRecord) -> list[ChildRows]:
    """Every child table with its rows; a table without rows is there too (its old rows must go)."""
    return [
        _trades(run),
        _trade_legs(run),
        _orders(run),
        _fills(run),
        _equity(run),
        _events(run),
        _rejections(run),
        _metrics(run),
        _windows(run),
        _monte_carlo(run),
        _inputs(run),
    ]


def _rows(run: RunRecord, table: str, columns: dict[str, Sequence[Any]]) -> ChildRows:
    return table, ("backtest_id", *columns), zip(_of(run, columns), *columns.values(), strict=True)


def _of(run: RunRecord, columns: dict[str, Sequence[Any]]) -> list[Any]:
    return [run.id] * len(next(iter(columns.values())))


def _floats(source: str, columns: Any) -> Callable[[str], list[float | None]]:
    return lambda name: numbers(columns[name], f"{source}.{name}")


def _texts(source: str, columns: Any) -> Callable[[str], list[str]]:
    return lambda name: texts(columns[name], f"{source}.{name}")


def _trades(run: RunRecord) -> ChildRows:
    t = run.tables["trades"]
    f, s = _floats("trades", t), _texts("trades", t)
    packages = whole(t["package_id"])
    return _rows(
        run,
        "trades",
        {
            "id": [trade_id(run.id, p) for p in packages],
            "package_id": packages,
            "symbol": s("underlying"),
            "strategy_type": s("strategy"),
            "quantity": f("packages"),
            "entry_date": instants(t["entry_us"]),
            "exit_date": instants(t["exit_us"]),
            "entry_value": f("entry_value"),
            "exit_value": f("exit_value"),
            "fees": f("fees"),
            "pnl": f("pnl"),
            "pnl_at_mid": f("pnl_at_mid"),
            "pnl_at_worst": f("pnl_at_worst"),
            "return_pct": f("return_on_risk"),
            "risk_at_entry": f("risk_at_entry"),
            "exit_reason": s("exit_reason"),
            "currency": s("currency"),
        },
    )


def _trade_legs(run: RunRecord) -> ChildRows:
    t = run.tables["trade_legs"]
    f, s = _floats("trade_legs", t), _texts("trade_legs", t)
    rights = s("right")
    # shares do not expire
    expiries = [None if r == "S" else e for r, e in zip(rights, dates(t["expiry_days"]), strict=True)]
    return _rows(
        run,
        "trade_legs",
        {
            "package_id": whole(t["package_id"]),
            "leg": whole(t["leg"]),
            "contract_id": whole(t["contract_id"]),
            "instrument": s("instrument"),
            "right": rights,
            "strike": f("strike"),
            "expiry": expiries,
            "quantity": f("quantity"),
            "entry_price": f("entry_price"),
            "exit_price": f("exit_price"),
            "multiplier": f("multiplier"),
            "currency": [run.quote_currency] * len(rights),
        },
    )


def _orders(run: RunRecord) -> ChildRows:
    t = run.tables["orders"]
    f, s = _floats("orders", t), _texts("orders", t)
    ids = whole(t["order_id"])
    return _rows(
        run,
        "orders",
        {
            "order_id": ids,
            "package_id": whole(t["package_id"]),
            "decided_at": instants(t["decided_us"]),
            "arrives_at": instants(t["arrives_us"]),
            "intent": s("intent"),
            "order_type": s("order_type"),
            "reason": s("reason"),
            "packages": f("packages"),
            "limit_price": f("limit_price"),
            "currency": [run.quote_currency] * len(ids),
            "status": s("status"),
            "status_reason": s("status_reason"),
        },
    )


def _fills(run: RunRecord) -> ChildRows:
    t = run.tables["fills"]
    f, s = _floats("fills", t), _texts("fills", t)
    return _rows(
        run,
        "fills",
        {
            "fill_id": whole(t["fill_id"]),
            "order_id": whole(t["order_id"]),
            "package_id": whole(t["package_id"]),
            "leg": whole(t["leg"]),
            "filled_at": instants(t["ts_us"]),
            "contract_id": whole(t["contract_id"]),
            "instrument": s("instrument"),
            **{name: f(name) for name in ("quantity", "price", "bid", "ask", "multiplier", "fee")},
            "currency": s("currency"),
            "grade": s("grade"),
            "quote_age_seconds": f("quote_age_seconds"),
        },
    )


def _equity(run: RunRecord) -> ChildRows:
    t = run.tables["equity"]
    f = _floats("equity", t)
    moments = instants(t["ts_us"])
    greeks = ("drawdown", "delta", "gamma", "vega_per_vol_point", "theta_per_day", "exposure")
    return _rows(
        run,
        "equity_curve",
        {
            "timestamp": moments,
            "trade_date": dates(t["trade_days"]),
            "equity": f("nav"),
            "cash": f("cash"),
            "marks": f("marks"),
            "equity_at_mid": f("nav_at_mid"),
            "equity_at_worst": f("nav_at_worst"),
            "currency": [run.base_currency] * len(moments),
            "equity_usd": f("nav_usd"),
            **{name: f(name) for name in greeks},
            "open_packages": whole(t["open_packages"]),
            "oldest_mark_seconds": f("oldest_mark_seconds"),
            "halted": [bool(v) for v in t["halted"].tolist()],
        },
    )


def _events(run: RunRecord) -> ChildRows:
    t = run.tables["events"]
    f, s = _floats("events", t), _texts("events", t)
    moments = instants(t["ts_us"])
    return _rows(
        run,
        "events",
        {
            "position": range(len(moments)),
            "happened_at": moments,
            "kind": s("kind"),
            "package_id": whole(t["package_id"]),
            "instrument": s("instrument"),
            "quantity": f("quantity"),
            "amount": f("amount"),
            "note": s("note"),
        },
    )


def _rejections(run: RunRecord) -> ChildRows:
    t = run.tables["rejections"]
    f, s = _floats("rejections", t), _texts("rejections", t)
    moments = instants(t["ts_us"])
    return _rows(
        run,
        "rejections",
        {
            "position": range(len(moments)),
            "rejected_at": moments,
            "rule": s("rule"),
            "value": f("value"),
            "limit": f("limit"),
            "note": s("note"),
        },
    )


def _metrics(run: RunRecord) -> ChildRows:
    rows = [
        (run.id, scope, metric, number(value, f"metric {metric} of {scope}"))
        for scope, values in sorted(run.metrics.items())
        for metric, value in sorted(values.items())
    ]
    return "metrics", ("backtest_id", "scope", "metric", "value"), iter(rows)


def _windows(run: RunRecord) -> ChildRows:
    names = ("backtest_id", "window_key", "train_start", "train_end", "test_start", "test_end", "objective",
             "parameters", "in_sample", "out_of_sample", "trials", "trial_count", "result_digest")  # fmt: skip
    rows = []
    for w in sorted(run.windows, key=lambda w: w.window_key):
        what = f"window {w.window_key}"
        ranges = (w.train_start, w.train_end, w.test_start, w.test_end)
        judged = (number(w.in_sample, f"{what} in_sample"), number(w.out_of_sample, f"{what} out_of_sample"))
        parameters = json_text(w.parameters, f"{what} parameters")
        trials = json_text(list(w.trials), f"{what} trials")
        rows.append(
            (
                run.id,
                w.window_key,
                *ranges,
                w.objective,
                parameters,
                *judged,
                trials,
                len(w.trials),
                w.result_digest,
            )
        )
    return "walk_forward_windows", names, iter(rows)


def _monte_carlo(run: RunRecord) -> ChildRows:
    statistics = ("mean", "median", "lower", "upper", "std_error")
    rows = [
        (
            run.id,
            m.method,
            m.statistic,
            *(
                number(getattr(m, name), f"Monte Carlo {m.method} {m.statistic} {name}")
                for name in statistics
            ),
            m.confidence,
            m.paths,
        )
        for m in run.monte_carlo
    ]
    return (
        "monte_carlo_summaries",
        ("backtest_id", "method", "statistic", *statistics, "confidence", "paths"),
        iter(rows),
    )


def _inputs(run: RunRecord) -> ChildRows:
    rows = [(run.id, i.kind, i.path, i.sha256, i.universe, i.dataset, i.key) for i in run.inputs]
    return "run_inputs", ("backtest_id", "kind", "path", "sha256", "universe", "dataset", "key"), iter(rows)
