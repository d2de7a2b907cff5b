"""The stream: what reads events, decides with the domain, and books in the ledger."""
