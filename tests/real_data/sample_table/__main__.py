"""``python -m tests.real_data.sample_table [--write]``: print docs/real-data.md, or write it."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tests.real_data.sample_table.generate import PAGE, ingest_all, text_of


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.real_data.sample_table", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} instead of printing it")
    arguments = parser.parse_args()
    data = os.environ.get("OPTIX_REAL_DATA")
    if not data:
        parser.error("OPTIX_REAL_DATA is not set; it names the folder of real market data")
    with tempfile.TemporaryDirectory() as scratch:
        text = text_of(Path(data), ingest_all(Path(data), Path(scratch)))
    if arguments.write:
        PAGE.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
