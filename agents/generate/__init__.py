"""Dossiers of an invented, plausible country: input for `emc generate`, `emc demo` and benchmarks."""
