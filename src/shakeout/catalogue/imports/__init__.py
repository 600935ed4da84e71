"""Imports: what is imported is not where the program looks for it, or no longer has that name."""
