"""A test-only forge: valid and broken ledgers made by hand from docs/reference/format.md.

It shares nothing with the server or the auditor but the generated messages and `ledger.proof`.
"""
