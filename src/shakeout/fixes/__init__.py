"""Fixes: patches applied to a scratch copy, and proving by asking the deciding evidence again."""
