"""Benchmarks: each prints rows of one table; `python -m bench NAME` picks one."""
