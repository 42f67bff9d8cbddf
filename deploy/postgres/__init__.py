"""Databases, roles and rights of the services in PostgreSQL."""
