"""The mails of a country: whom they go to, and what became of each; never their contents."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from benchmarks.country.plan import Country, Organisation
from benchmarks.country.write import copy, derived

RESENT = "country"


async def write(connection: asyncpg.Connection, country: Country) -> None:
    """Copies of organisations and people, and the mails that were sent about agreements."""
    await copy(
        connection,
        "organisation",
        "id, sequence, name, mailbox, invoice_mailbox",
        ((one.id, 1, one.name, one.mailbox, None) for one in country.suppliers),
    )
    await copy(
        connection, "person", "id, sequence, email, active", ((one.id, 2, one.email, True) for one in country.people)
    )
    await copy(
        connection,
        "membership",
        "person_id, organisation_id, roles",
        ((one.id, one.organisation_id, list(one.roles)) for one in country.people),
    )
    notices = sorted(_notices(country), key=lambda one: one[3])
    await copy(
        connection,
        "notice",
        "id, sequence, kind, event_type, organisation_id, about_id, content, state, attempts, failure, reason,"
        " addressed_to, created_at, ended_at, correlation_id",
        (
            (
                notice_id,
                2,
                kind,
                f"agreement.{kind.rpartition('_')[2]}.v1",
                to.id,
                about,
                {},
                "failed" if failed else "sent",
                10 if failed else 1,
                "refused" if failed else None,
                "the mail server answered 550 no such mailbox" if failed else None,
                [to.mailbox] if to.mailbox else [],
                at,
                at + timedelta(seconds=2),
                RESENT,
            )
            for notice_id, kind, to, at, about, failed in notices
        ),
    )
    await copy(
        connection,
        "notice_history",
        "notice_id, at, what, reason",
        (
            entry
            for notice_id, _, _, at, _, failed in notices
            for entry in (
                (notice_id, at, "queued", None),
                (
                    notice_id,
                    at + timedelta(seconds=2),
                    "failed" if failed else "sent",
                    "the mail server answered 550 no such mailbox" if failed else None,
                ),
            )
        ),
    )


def _notices(country: Country) -> Iterator[tuple[UUID, str, Organisation, datetime, UUID, bool]]:
    for place, one in enumerate(country.agreements):
        failed = place % 500 == 499
        request = one.request
        yield (
            derived(one.id, request.id),
            "agreement_requested",
            one.municipality,
            request.requested_at,
            one.id,
            failed,
        )
        if one.decided_at is not None:
            kind = {"rejected": "agreement_rejected", "withdrawn": "agreement_withdrawn"}.get(
                one.state, "agreement_approved"
            )
            to = one.municipality if one.state == "withdrawn" else request.system.supplier
            yield derived(one.id, one.municipality.id), kind, to, one.decided_at, one.id, False
