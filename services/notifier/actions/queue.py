"""Storing what is to be sent; sending is a matter of its own."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from services.notifier import store
from services.notifier.domain.kind import KindName
from shared import correlation
from shared.contracts.event import Event, State
from shared.database import Transaction


async def queue(
    tx: Transaction,
    event: Event,
    kind: KindName,
    content: State,
    *,
    organisation_id: UUID | None,
    about_id: UUID,
    **more: Any,
) -> UUID:
    """Queue a notice about an event, in the transaction that claims the event; returns the notice's id."""
    begun = correlation.current()
    new = store.New(
        id=uuid4(),
        kind=kind,
        event_type=event.type,
        organisation_id=organisation_id,
        about_id=about_id,
        content={**content.model_dump(mode="json", exclude={"documents"}), **more},
        correlation_id=begun.id,
        causation_id=begun.causation,
    )
    documents = [
        store.Document(one.filename, one.media_type, one.content) for one in getattr(content, "documents", ())
    ]
    await store.add_notice(tx.connection, new, documents, now=tx.now)
    return new.id
