"""The report: one model, and one file for each output format."""
