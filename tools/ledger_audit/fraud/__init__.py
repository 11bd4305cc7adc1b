"""Fraud proofs: small files that show to anybody, without the ledger, that a log holds what none may hold.

One module a type of proof; docs/reference/format.md, section 8, says what each of them shows. Every judge
rests on leaves under a checkpoint that the log signed, and on nothing else but the caller's trust: no server,
no clock, no other file.
"""
