"""What a supplier's system uses to tell the platform of the calls it made.

Depends on nothing of the platform: cryptography, joserfc, aio-pika and httpx only. `CallSender` does it all;
`signing`, `token`, `broker` and `http` are its parts, for those who send in a way of their own.
"""

from clients.python.call import Call
from clients.python.sender import CallSender, NotSent
from clients.python.signing import Signer
from clients.python.token import TokenRefused

__all__ = ["Call", "CallSender", "NotSent", "Signer", "TokenRefused"]
