"""The tamper matrix: a ledger is spoiled in every way that somebody with its files could, and the audit is judged."""
