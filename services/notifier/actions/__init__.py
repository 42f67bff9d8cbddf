"""The use cases: queue a notice, send what is due, try again, look."""
