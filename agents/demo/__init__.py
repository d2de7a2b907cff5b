"""The whole service on one machine, with nothing installed but this package and its extra `demo`."""
