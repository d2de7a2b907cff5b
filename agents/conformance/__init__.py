"""`emc conformance`: does a system send what it must, and what is missing or wrong."""
