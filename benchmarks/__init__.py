"""Speed, measured in one run on one machine: ``python -m benchmarks``. Tests assert none of it."""
