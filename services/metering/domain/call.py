"""A call as it is judged, and what makes two calls with one id the same call."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from shared.contracts.calls import CallEvent


class Call(NamedTuple):
    """One call a supplier tells of. `municipality` as it was named: a UUID in lower case, or a CVR number."""

    id: str
    time: datetime
    service_id: UUID
    municipality: str
    agreement_id: UUID | None
    accounting_info: str
    caller_reference: str | None

    @classmethod
    def of(cls, event: CallEvent) -> Call:
        data = event.data
        return cls(
            event.id,
            event.time,
            data.service,
            data.municipality,
            data.agreement,
            data.accounting_info,
            data.caller_reference,
        )

    @property
    def content(self) -> bytes:
        """SHA-256 over all a call says but its time: a retry may be made later and is still the same call."""
        # No field holds a control character, so that none can spill into the next.
        told = "\n".join(
            (
                self.service_id.hex,
                self.municipality,
                self.agreement_id.hex if self.agreement_id else "",
                self.accounting_info,
                "" if self.caller_reference is None else f"={self.caller_reference}",
            )
        )
        return hashlib.sha256(told.encode()).digest()
