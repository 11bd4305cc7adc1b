"""Hostile bytes for every parser: only declared errors, round trips, and no two readings of one leaf."""
