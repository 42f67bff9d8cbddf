"""Metering's use cases, each in its caller's transaction."""
