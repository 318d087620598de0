"""``python -m tests.worked_actions [--write]``: print docs/corporate-actions.md, or write it."""

import argparse
import sys

from tests.worked_actions.page import PAGE, text


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.worked_actions", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} instead of printing it")
    if parser.parse_args().write:
        PAGE.write_text(text(), encoding="utf-8")
    else:
        sys.stdout.write(text())


if __name__ == "__main__":
    main()
