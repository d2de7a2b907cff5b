"""The console: pages for people, from the same figures as the API; every page works without script."""
