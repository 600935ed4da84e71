"""Attributes: a call and the definition that it means no longer agree."""
