"""`emc ingest`: what systems put on topics of their own goes through the edge to the canonical ones."""
