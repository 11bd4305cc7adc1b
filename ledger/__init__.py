"""A ledger of computing vouchers that anyone can replay and verify."""
