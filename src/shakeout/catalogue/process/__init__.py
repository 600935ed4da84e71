"""Process: a service was started and ended, or never became ready."""
