"""How the platform is set up and started: servers, users, rights and processes."""

SERVICES = ("registry", "agreements", "notifier", "metering", "invoicing")
"""The services that own a database and speak on the broker, in the order they are started."""
