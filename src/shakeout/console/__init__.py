"""Shakeout's own three services: auth, backend and frontend."""
