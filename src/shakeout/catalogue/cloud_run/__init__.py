"""Cloud Run: what the platform refuses, cannot find, or may not read."""
