"""Instances: what runs for a revision, how it is probed, and how many there are."""
