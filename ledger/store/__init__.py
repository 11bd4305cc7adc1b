"""Stores of events and of the locked checkpoint."""
