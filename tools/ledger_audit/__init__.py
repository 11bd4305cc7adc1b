"""The independent auditor: it judges a ledger from its bytes alone and trusts no server.

Its rules are written from docs/reference/format.md and share nothing with the server's. It must
import nothing of `ledger` but `ledger.v1`, `ledger.proof` and `ledger.errors`.
"""
