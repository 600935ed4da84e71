"""A first manifest from what a repository holds, with the place that each line comes from."""
