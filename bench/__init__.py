"""Measurements of the whole system. Each module `bench_*.py` here offers `run(full) -> Iterator[Measure]`."""
