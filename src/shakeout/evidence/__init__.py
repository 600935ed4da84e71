"""Evidence: immutable records of something seen, and the sources that they come from."""

from shakeout.evidence.model import Evidence, Locator
from shakeout.evidence.redaction import Redactor, redact

__all__ = ["Evidence", "Locator", "Redactor", "redact"]
