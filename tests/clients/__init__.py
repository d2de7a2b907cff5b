"""What integrators copy from deploy/clients, against a real gateway."""
