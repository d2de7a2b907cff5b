"""The measurement itself: pure functions of values, standard library only; no clock, no I/O, no log."""
