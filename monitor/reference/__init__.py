"""Rules of the state as data: calendars, limits, objectives; versioned files, typed and validated."""
