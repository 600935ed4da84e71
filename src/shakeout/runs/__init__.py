"""One execution of shakeout: deploy, verify, explain, report."""
