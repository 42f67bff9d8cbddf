"""The platform and the servers it stands on, started on this machine without containers."""
