"""HTTP/1.1 under limits: a small server and a client over asyncio, parsed by h11.

It must not know a log, a ledger or a witness, decide who may read, or read an environment.
"""
