"""The application: one writer, checkpoints, and reading what is durable."""
