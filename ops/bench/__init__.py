"""Benchmarks: our own processes between stand-ins for platforms and model, measured from outside."""


def footprint(rounds: int = 3) -> None:
    """Cold start and memory of `hausgeist serve`."""
    from ops.bench.cold_start import footprint as measure

    measure(rounds)
