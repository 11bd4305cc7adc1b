"""Tamper evidence on raw bytes: hashes, trees, notes, checkpoints, proofs and signatures.

It must not know what an event means, open a file or a socket, read a clock, or import anything
but the standard library, `cryptography` and `ledger.errors`.
"""
