"""The kinds of notice: which text, for whom, and whether the content is a secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Audience = Literal["person", "organisation", "deciders", "invoices"]
"""`person`: the address in the content. `deciders`: those who may have to act on it."""

KindName = Literal[
    "invitation",
    "password_reset",
    "agreement_requested",
    "agreement_request_resent",
    "agreement_approved",
    "agreement_partly_approved",
    "agreement_rejected",
    "agreement_withdrawn",
    "agreement_terminated",
    "trial_opened",
    "invoice",
]


@dataclass(frozen=True)
class Kind:
    """`template` is the text's file; the content of a `secret` kind is erased when it has been dealt with."""

    template: str
    audience: Audience
    secret: bool = False


KINDS: Mapping[KindName, Kind] = {
    "invitation": Kind("invitation", "person", secret=True),
    "password_reset": Kind("password_reset", "person", secret=True),
    "agreement_requested": Kind("agreement_requested", "deciders"),
    "agreement_request_resent": Kind("agreement_requested", "deciders"),
    "agreement_approved": Kind("agreement_approved", "organisation"),
    "agreement_partly_approved": Kind("agreement_approved", "organisation"),
    "agreement_rejected": Kind("agreement_rejected", "organisation"),
    "agreement_withdrawn": Kind("agreement_withdrawn", "deciders"),
    "agreement_terminated": Kind("agreement_terminated", "organisation"),
    "trial_opened": Kind("trial_opened", "organisation"),
    "invoice": Kind("invoice", "invoices"),
}
