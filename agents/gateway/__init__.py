"""`emc gateway`: HTTP in, Kafka out."""
