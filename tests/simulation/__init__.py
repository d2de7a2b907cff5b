"""Deterministic simulation: the worker's own loop against a broker and a ledger that fail."""
