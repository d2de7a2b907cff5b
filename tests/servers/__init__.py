"""Real servers for the tests: each starts on a free port, keeps a log and leaves nothing behind."""
