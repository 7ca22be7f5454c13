"""Benchmarks: each module is one, and prints ratios that were measured in one run."""
