"""The rules, pure: no input or output, clock, randomness or wire format."""
