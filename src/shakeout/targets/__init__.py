"""Targets: where services run."""
