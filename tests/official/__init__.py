"""Official figures, calculated a second time from the raw events, sharing no code with the monitor."""
