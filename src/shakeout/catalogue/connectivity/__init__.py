"""Connectivity: a service cannot reach, or cannot use, what it needs at an address."""
