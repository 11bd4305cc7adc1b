"""Measures the ledger against what it stands on: `python -m bench` prints one JSON object.

Every ratio has a peer that is measured in the same run, in turn with the project. Not shipped.
"""
