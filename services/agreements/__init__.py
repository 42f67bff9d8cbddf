"""Service agreements and trial connections: who was asked, what was decided, what runs.

Owns requests (one supplier, many municipalities), the agreements they become, and trial connections.
Says agreement.* and trial.*; listens to organisation, system and service, of which it keeps what a request needs.
"""
