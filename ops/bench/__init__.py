"""Benchmarks: our own processes between stand-ins for platforms and model, measured from outside."""
