"""Makers of the published vectors, one module a file; each gives the cases of `tests/vectors/NAME.json`."""
