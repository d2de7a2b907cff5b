"""What Prometheus records and alerts, and whom Alertmanager tells, as files written from the code."""
