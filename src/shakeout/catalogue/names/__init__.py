"""Names: a name is used and, where it is used, bound to nothing. One file for each kind of reason."""
