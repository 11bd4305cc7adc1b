"""Forged frauds and their honest twins: ledgers, proofs about them, and files that look like proofs."""
