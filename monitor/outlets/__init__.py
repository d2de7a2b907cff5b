"""Where numbers leave the ledger: metrics, API, console, reports. None of them knows another."""
