"""The rules of requests, agreements and trial connections: pure functions over frozen values."""
