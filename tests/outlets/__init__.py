"""What is served to Prometheus, read back."""
