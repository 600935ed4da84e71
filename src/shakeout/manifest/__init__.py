"""The manifest: services, backing services, environments, checks."""
