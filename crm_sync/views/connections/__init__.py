"""Pages of connections: connect, watch, pause, answer what a sync asks."""
