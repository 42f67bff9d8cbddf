"""The service's SQL by name; nothing else in it knows a table."""
