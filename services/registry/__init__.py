"""The registry: who and what the platform knows.

Owns organisations, people and sign-in, IT systems, certificates, the service catalogue and access grants.
Says organisation, user, system, certificate, service and access events, and when the demonstration clock moved.
Listens to agreements and trial connections (they become grants) and to usage (a certificate's last use).
"""
