"""One module a gRPC service; servicers do not import one another."""
