"""What is measured of administrative procedures, and where the numbers go."""

__version__ = "0.1.0.dev0"
