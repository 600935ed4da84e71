"""Checks: questions asked of the running system."""
