"""Readers of usage files: text that a cluster wrote becomes typed rows or an error that names its place."""
