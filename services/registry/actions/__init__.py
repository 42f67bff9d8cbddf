"""What people and systems do with the registry: each act one transaction."""
