"""`emc recompute`: all dossiers booked anew under another policy, while the service goes on."""
