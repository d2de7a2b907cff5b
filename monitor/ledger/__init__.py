"""The ledger: PostgreSQL, where dossiers, what they have booked and the Kafka positions stand together."""
