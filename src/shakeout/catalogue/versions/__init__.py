"""Versions: services that run different commits, or that speak different protocols."""
