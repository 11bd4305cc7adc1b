"""The gRPC server of a ledger: it maps, admits and answers, and decides no rule itself.

Start it with `ledger_server.wiring.start_server`; it has no command line and reads no environment variable.
"""
