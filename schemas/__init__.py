"""What crosses the wire: typed events, and refusals that say why."""
