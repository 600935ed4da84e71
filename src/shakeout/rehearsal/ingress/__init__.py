"""The way in: an address for each service and tag, and what happens to a request on its way to an instance."""
