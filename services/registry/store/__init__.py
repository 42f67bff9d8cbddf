"""The registry's SQL by name; nothing else in the service knows a table."""
