"""Scenario files: what people do, in order, and what must come out; parsed strictly, played for real."""
