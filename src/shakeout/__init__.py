"""Deploy, prove, explain."""
