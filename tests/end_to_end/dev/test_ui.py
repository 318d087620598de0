"""The Dagster UI in a real browser: lineage in groups, a partition materialized by clicking, checks, windows.

``OPTIX_SCREENSHOTS=folder`` keeps the pictures there; ``OPTIX_UI_HOME=home`` shows a home that a demo has filled
instead of the small one made here. The README's picture:
``OPTIX_UI_HOME=.optix OPTIX_SCREENSHOTS=docs/images pytest tests/end_to_end/dev/test_ui.py -k lineage``.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = Path("/usr/bin/chromium")

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(
        not CHROMIUM.exists(), reason=f"needs a browser at {CHROMIUM} (Debian: apt install chromium)"
    ),
]

#: no sandbox: tests may run as root; nothing that asks the network
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
PATIENCE_MS = 60_000
#: generated vendor files, three months of layers, and one window on them; the stock's path has a repeated session
FILL = """
from optix_pipeline.session import open_session
from resources.generator.demo import generate_universe
from resources.generator.demo_markets import DEMO_MARKETS
from resources.home import generated_folder
import datetime as dt
market = next(m for m in DEMO_MARKETS if m.name == "demo_stock")
generate_universe(market, generated_folder() / market.name)
session = open_session()
from assets.naming import study_key
from optix_pipeline.catalog import load_catalog
from optix_pipeline.definitions import build_definitions
from optix_pipeline.runner import Runner, Step
catalog = load_catalog()
runner = Runner(build_definitions(catalog=catalog), session.instance, catalog)
runner.ingest(catalog.universe("demo_stock"), dt.date(2025, 7, 1), dt.date(2025, 9, 30))
window = study_key(catalog.study("stock_covered_call"), "walk_forward_window")
runner.make([Step("window", (window,), ("2025-09-01", "2025-09-01"))])
"""
BLOCKED_DAY, LAST_DAY = "2025-08-20", "2025-09-30"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, start_dev: Any, environment_of: Any) -> Iterator[Any]:
    """``optix dev`` on a home that holds three months of the generated stock and one window of its study."""
    named = os.environ.get("OPTIX_UI_HOME")
    home = Path(named).resolve() if named else tmp_path_factory.mktemp("ui_home")
    environment = environment_of(home)
    with start_dev(home, environment) as started:
        if not named:
            filled = subprocess.run(
                [sys.executable, "-c", FILL], env=environment, cwd=home, capture_output=True, text=True
            )
            assert filled.returncode == 0, filled.stderr[-3000:]
        started.wait_until_up()
        yield started


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(tmp_path_factory.mktemp("browser")),
            executable_path=str(CHROMIUM),
            args=FLAGS,
            viewport={"width": 1600, "height": 1000},
        )
        context.set_default_timeout(PATIENCE_MS)
        yield context
        context.close()


@pytest.fixture
def page(browser: Any, server: Any) -> Iterator[Any]:
    opened = browser.new_page()
    yield opened
    opened.close()


@pytest.fixture
def picture(page: Any, tmp_path: Path) -> Callable[[str], None]:
    """Take a screenshot of the page once it has come to rest."""

    def take(name: str) -> None:
        page.wait_for_load_state("networkidle")
        # colours come with a later answer, and a graph moves into place
        page.wait_for_timeout(1_500)
        folder = Path(os.environ.get("OPTIX_SCREENSHOTS") or tmp_path)
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(folder / f"{name}.png"))

    return take


def test_lineage_shows_universes_and_studies_as_groups(
    page: Any, server: Any, picture: Callable[[str], None]
) -> None:
    page.goto(f"{server.url}/asset-groups")
    groups = (
        "demo_index",
        "demo_stock",
        "demo_coin",
        "index_iron_condor",
        "stock_covered_call",
        "comparison",
    )
    for group in groups:
        page.get_by_text(group, exact=True).first.wait_for()
    expanded = ",".join(f"global@global:{group}" for group in ("demo_stock", "stock_covered_call"))
    page.goto(f"{server.url}/asset-groups?expanded={expanded}")
    for asset in (
        *("raw_quotes", "corporate_actions", "rates", "underlying_prices", "validated_quotes"),
        *("quarantined_quotes", "adjusted_quotes", "option_chain", "volatility_surface", "chain_month"),
        *("backtest", "walk_forward", "monte_carlo", "metrics", "tear_sheet"),
    ):
        page.get_by_text(asset, exact=True).first.wait_for()
    # a node's name is shortened in its middle where the graph is small
    page.get_by_text(re.compile(r"^walk_for\S*window$")).first.wait_for()
    # all of the page for the graph
    page.get_by_text("Hide navigation").click()
    # the graph fits itself into the page when it is drawn anew
    page.set_viewport_size({"width": 1600, "height": 1000})
    page.reload()
    page.get_by_text("tear_sheet", exact=True).first.wait_for()
    # states are asked for after the graph is drawn
    page.wait_for_timeout(4_000)
    picture("lineage")


def test_a_partition_of_option_chain_materializes_by_clicking_and_its_check_shows(
    page: Any, server: Any, picture: Callable[[str], None]
) -> None:
    page.goto(f"{server.url}/assets/demo_stock/option_chain")
    page.get_by_role("button", name="Materialize").first.click()
    page.get_by_placeholder("ex:").fill("2025-09-03")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Launch 1 run").click()
    page.get_by_text("Launched run").first.wait_for()
    newest = "{ runsOrError(limit: 1) { ... on Runs { results { id tags { key value } } } } }"
    run = server.query(newest)["runsOrError"]["results"][0]
    assert {"key": "dagster/partition", "value": "2025-09-03"} in run["tags"]
    # the page of this run alone: others say Success too
    page.goto(f"{server.url}/runs?q[0]=id%3A{run['id']}")
    page.get_by_text(run["id"][:8]).first.wait_for()
    page.get_by_text("Success", exact=True).first.wait_for()
    picture("runs")
    page.goto(
        f"{server.url}/assets/demo_stock/option_chain?view=checks&checkDetail=implied_volatility_solved"
    )
    page.get_by_text("Latest execution").wait_for()
    page.get_by_text("of two-sided quotes have an implied volatility", exact=False).nth(1).wait_for()
    page.get_by_text("Passed", exact=True).first.wait_for()
    picture("check_of_option_chain")
    page.goto(f"{server.url}/assets/demo_stock/option_chain?view=partitions&partition=2025-09-03")
    page.get_by_text("dagster/row_count").wait_for()
    page.get_by_text("sha256").wait_for()
    picture("partition_of_option_chain")


def test_the_surface_of_the_last_session_is_a_click_away(
    page: Any, server: Any, picture: Callable[[str], None]
) -> None:
    page.goto(f"{server.url}/assets/demo_stock/volatility_surface?view=partitions&partition={LAST_DAY}")
    page.get_by_text("ACME_atm_iv_30d").wait_for()
    page.get_by_text("[Show Markdown]").first.click()
    drawn = page.get_by_alt_text(f"volatility surface of ACME on {LAST_DAY}")
    drawn.wait_for()
    assert drawn.evaluate("image => image.complete && image.naturalWidth") > 800
    picture("surface_of_a_session")
    page.goto(
        f"{server.url}/assets/demo_stock/volatility_surface?view=checks&checkDetail=no_butterfly_arbitrage"
    )
    page.get_by_text("0 slices fail; worst_density is lowest", exact=False).first.wait_for()
    picture("check_of_volatility_surface")


def test_the_checks_page_says_which_days_were_blocked_and_why(
    page: Any, server: Any, picture: Callable[[str], None]
) -> None:
    page.goto(f"{server.url}/assets/demo_stock/validated_quotes?view=checks&checkDetail=session_quality")
    page.get_by_text("Latest execution").wait_for()
    page.get_by_text(f"{BLOCKED_DAY} ACME blocked").first.wait_for()
    picture("check_of_validated_quotes")
    page.get_by_text("Execution history").click()
    why = page.get_by_text(f"{BLOCKED_DAY}: ACME blocked: the payload (2025-08-19", exact=False).first
    why.scroll_into_view_if_needed()
    assert "belongs to session 2025-08-19" in why.inner_text()
    page.get_by_text("2025-08-21: everything kept").first.wait_for()
    picture("blocked_days")


def test_a_window_shows_the_months_and_days_that_it_used(
    page: Any, server: Any, picture: Callable[[str], None]
) -> None:
    page.goto(
        f"{server.url}/assets/stock_covered_call/walk_forward_window?view=partitions&partition=2025-09-01"
    )
    page.get_by_text("sessions_used").wait_for()
    table = page.locator("table").filter(has=page.get_by_role("link", name="2025-07")).last
    rows = [line.split("\t") for line in table.inner_text().splitlines() if line.strip()]
    assert [r[0].strip() for r in rows[1:]] == ["2025-07", "2025-08", "2025-09"]
    assert [r[1].strip() for r in rows[1:]] == ["train", "train", "test"]
    assert [r[2].strip() for r in rows[1:]] == ["22: 01 to 31", "20: 01 to 29", "21: 02 to 30"]
    assert rows[2][3].strip() == f"{BLOCKED_DAY} blocked"
    picture("window")
    # from the window to a month that it used, and what the month is made of
    page.get_by_role("link", name="2025-08").click()
    page.get_by_text("not_materialized").wait_for()
    page.get_by_text(f"{BLOCKED_DAY} ACME: blocked", exact=False).wait_for()
    picture("month")
    page.goto(f"{server.url}/assets/stock_covered_call/walk_forward_window?view=lineage")
    page.get_by_text("chain_month", exact=True).first.wait_for()
    picture("lineage_of_window")
