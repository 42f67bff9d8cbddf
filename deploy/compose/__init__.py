"""The platform under docker compose: what its one-shot containers do before the services start."""
