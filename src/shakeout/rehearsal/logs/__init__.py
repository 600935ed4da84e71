"""The double of Cloud Logging: entries in its shape, its query language, and its service."""
