"""Every format keeps the published contract, on good files and on damaged ones; the contract itself can fail."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from resources.providers import contract
from resources.providers.contract import ContractCase, Fact, check_contract, load_case
from resources.providers.contract_rules import ContractViolation, require_contract
from resources.providers.fuzz import fuzz_case, main
from resources.providers.registry import make_provider, provider_formats

CASES = Path(__file__).parent / "contract_cases"
#: per format in every run; `make fuzz` takes 10,000
DAMAGED_FILES = 300


def test_every_format_has_a_case():
    assert sorted({load_case(path).format_name for path in CASES.glob("*.py")}) == provider_formats()


@pytest.mark.parametrize("path", sorted(CASES.glob("*.py")), ids=lambda path: path.stem)
def test_a_format_keeps_the_contract(path):
    check_contract(load_case(path))


@pytest.mark.parametrize("path", sorted(CASES.glob("*.py")), ids=lambda path: path.stem)
def test_damaged_files_are_refused_or_handled(path):
    found = fuzz_case(load_case(path), DAMAGED_FILES)
    assert found.failures == ()
    assert found.refused and found.accepted, "damage that is always, or never, noticed proves nothing"


@pytest.fixture
def case() -> ContractCase:
    return load_case(CASES / "cboe_csv.py")


def broken_by(case: ContractCase, monkeypatch, change) -> str:
    """The violation that the contract finds in an adapter whose parsed quotes are changed."""
    honest = contract.make_provider

    def make(universe, folder):
        provider = honest(universe, folder)
        parse = provider.parse

        def changed(day, parts):
            parsed = parse(day, parts)
            return replace(
                parsed,
                underlyings={s: replace(u, quotes=change(u.quotes)) for s, u in parsed.underlyings.items()},
            )

        provider.parse = changed
        return provider

    monkeypatch.setattr(contract, "make_provider", make)
    with pytest.raises(ContractViolation) as caught:
        check_contract(case)
    return str(caught.value)


def with_column(name, make):
    def change(quotes: pa.Table) -> pa.Table:
        at = quotes.schema.get_field_index(name)
        return quotes.set_column(at, quotes.schema.field(at), make(quotes.column(name)))

    return change


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("nulls", with_column("bid", lambda c: c.fill_null(0.0))),
        ("nulls", with_column("ask", lambda c: pa.array([float("nan")] * len(c)))),
        ("units", with_column("vendor_iv", lambda c: pa.array([41.0] * len(c)))),
        ("nulls", with_column("known_at", lambda c: pa.nulls(len(c), c.type))),
        (
            "time",
            with_column("known_at", lambda c: pa.array([dt.datetime(2026, 7, 22)] * len(c), type=c.type)),
        ),
        ("identity", with_column("root", lambda c: pa.array(["XYZ"] * len(c)).dictionary_encode())),
        ("value", with_column("strike", lambda c: pa.array([value * 1000 for value in c.to_pylist()]))),
        ("order", lambda quotes: quotes.take(list(range(quotes.num_rows))[::-1])),
        ("nothing lost", lambda quotes: quotes.slice(1)),
        ("schema", lambda quotes: quotes.drop_columns(["mark"])),
    ],
)
def test_an_adapter_that_breaks_a_rule_is_named_with_it(case, monkeypatch, rule, change):
    assert f"cboe_csv: {rule}: " in broken_by(case, monkeypatch, change)


def test_an_adapter_that_follows_the_local_time_zone_is_found(case, monkeypatch):
    import time

    hours = {"UTC": 0, "JST": 1}

    def change(quotes):
        shift = pa.scalar(hours.get(time.tzname[0], 2) * 3_600_000_000, pa.int64())
        ts = quotes.column("known_at")
        at = quotes.schema.get_field_index("known_at")
        moved = pa.compute.add(ts.cast(pa.int64()), shift).cast(ts.type)
        return quotes.set_column(at, quotes.schema.field(at), moved)

    no_time_facts = tuple(
        Fact(f.symbol, {k: v for k, v in f.values.items() if k != "known_at"}) for f in case.facts
    )
    found = broken_by(replace(case, facts=no_time_facts), monkeypatch, change)
    assert "determinism" in found and "time zone" in found


def test_a_case_without_a_missing_value_proves_too_little(case):
    facts = [f for f in case.facts if None not in f.values.values()]
    with pytest.raises(ContractViolation, match="no fact shows a missing value"):
        check_contract(replace(case, facts=facts))


def test_an_adapter_that_raises_on_a_damaged_file_is_found(case, monkeypatch):
    honest = contract.make_provider

    def make(universe, folder):
        provider = honest(universe, folder)
        parse = provider.parse

        def raising(day, parts):
            if any(part.payload == b"" for part in parts):
                raise KeyError("bid")
            return parse(day, parts)

        provider.parse = raising
        return provider

    monkeypatch.setattr(contract, "make_provider", make)
    with pytest.raises(ContractViolation, match="nothing: raised KeyError"):
        check_contract(case)


def test_what_a_provider_accepts_is_checked_row_by_row(case, tmp_path):
    case.write(tmp_path)
    provider = make_provider(case.universe, tmp_path)
    day = provider.parse(case.trade_date, provider.fetch(case.trade_date))
    require_contract(case.universe, case.trade_date, day)
    with pytest.raises(ContractViolation, match="identity"):
        require_contract(case.universe, case.trade_date + dt.timedelta(days=1), day)


def test_the_commands_check_a_file_that_defines_a_case(capsys, tmp_path):
    good = str(CASES / "cboe_csv.py")
    assert contract.main([good]) == 0
    assert "keeps the contract" in capsys.readouterr().out
    (tmp_path / "none.py").write_text("X = 1\n")
    assert contract.main([str(tmp_path / "none.py")]) == 1
    assert "defines no CASE" in capsys.readouterr().err
    assert main(["--files", "5", good]) == 0
    assert "cboe_csv: 5 damaged files" in capsys.readouterr().out


def test_the_same_seed_does_the_same_damage(case):
    one, other = (replace_times(fuzz_case(case, 40, first_seed=7)) for _ in range(2))
    assert one == other


def replace_times(found):
    return replace(found, slowest_seconds=0.0, peak_memory_mb=0.0)
