"""Recorded logs as input: a mapping says what a row means, the rest is measured as ever."""
