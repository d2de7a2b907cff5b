"""Grafana's dashboards as values: what each panel shows, what it asks, and what its number means."""
