"""The read API of `emc serve`: official figures, what they are made of, and what defines them."""
