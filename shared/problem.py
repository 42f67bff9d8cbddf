"""Why a request can't be met: RFC 9457 problem details with a stable code.

A rule that refuses raises one of these, from any layer; over HTTP it becomes `application/problem+json`. The
code is for software and never changes; the detail names the thing, the rule and what to do.
"""

from __future__ import annotations


class Problem(Exception):
    """A refusal. `code` is stable, such as `agreement.already_decided`; `extra` are further members."""

    status: int = 500
    title: str = "The service failed"

    def __init__(self, code: str, detail: str, **extra: object) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.extra = extra


class BadRequest(Problem):
    """The request can't be read."""

    status = 400
    title = "The request can't be read"


class Unauthorised(Problem):
    """Nobody is signed in, or the token does not hold."""

    status = 401
    title = "Sign in first"


class Forbidden(Problem):
    """Whoever is signed in may not do this."""

    status = 403
    title = "You may not do this"


class NotFound(Problem):
    """There is no such thing, or none this caller may know of."""

    status = 404
    title = "There is no such thing"


class Conflict(Problem):
    """It can't be done as things stand: somebody was first, or the order is wrong."""

    status = 409
    title = "It can't be done as things stand"


class TooLarge(Problem):
    """The request is larger than what is read."""

    status = 413
    title = "The request is too large"


class Invalid(Problem):
    """The request was read, and a rule refuses it."""

    status = 422
    title = "A rule refuses this"


class TooMany(Problem):
    """Too many tries in too short a time."""

    status = 429
    title = "Too many tries"


class Unavailable(Problem):
    """What is needed can't serve just now; try again."""

    status = 503
    title = "Try again in a moment"
