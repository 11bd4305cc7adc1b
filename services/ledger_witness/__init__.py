"""A witness: cosigns checkpoints of logs that it knows, and where asked what it has had recomputed.

It must not know a rule, a record or a server of this ledger: it works for any C2SP log. What it recomputes it
gives to a command of the caller's.
"""
