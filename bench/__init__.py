"""Benchmarks: each is a module with its data, its method and how to run it again."""
