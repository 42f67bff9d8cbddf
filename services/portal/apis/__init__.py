"""The other services, asked over HTTP with the rights of whoever is signed in."""

from services.portal.apis.api import Api, Apis, Away, Document, Refused

__all__ = ["Api", "Apis", "Away", "Document", "Refused"]
