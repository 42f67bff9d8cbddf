"""What a municipality answers and why: the reasons at hand, and how one is put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.portal.domain.language import later

LEAST, MOST = 3, 2000
OWN_WORDS = "other"

REJECTION: Final[dict[str, str]] = {
    "not_ours": later("Vi bruger ikke systemet."),
    "no_processing_agreement": later("Vi har ikke en databehandleraftale med leverandøren, der dækker det."),
    "too_much": later("Der bedes om flere data, end formålet kræver."),
    "purpose": later("Formålet eller hjemlen er ikke beskrevet godt nok."),
    "price": later("Vi vil ikke betale for de opslag."),
    OWN_WORDS: later("Noget andet"),
}
"""Why a request is rejected; the last has no words of its own."""

TERMINATION: Final[dict[str, str]] = {
    "contract_ended": later("Kontrakten med leverandøren er ophørt."),
    "not_used": later("Vi bruger ikke systemet længere."),
    "replaced": later("Aftalen er afløst af en anden."),
    "misuse": later("Systemet slår op på en måde, vi ikke har aftalt."),
    OWN_WORDS: later("Noget andet"),
}
"""Why an agreement is ended."""

NOT_APPROVED: Final[dict[str, str]] = {
    "agreement.already_decided": later("En anden har besvaret anmodningen i mellemtiden."),
    "agreement.withdrawn": later("Leverandøren har trukket anmodningen tilbage i mellemtiden."),
    "agreement.system_deactivated": later("It-systemet er nedlagt i mellemtiden. Afvis anmodningen i stedet."),
    "agreement.service_not_open": later(
        "Der kan ikke længere indgås serviceaftaler om en af de ønskede services. Åbn anmodningen, og "
        "godkend de andre."
    ),
    "agreement.changed_meanwhile": later("En anden ændrede aftalen i samme øjeblik. Se, hvordan den står nu."),
    "agreement.unknown": later("Anmodningen findes ikke længere."),
}
"""Why one of several requests was not approved, by the code it was refused with."""
OTHERWISE: Final = later("Den kunne ikke godkendes lige nu. Åbn den, og prøv igen.")


@dataclass(frozen=True)
class Reason:
    """What was filled in: one of the reasons at hand, words of one's own, or both."""

    chosen: str
    words: str

    def problems(self, reasons: dict[str, str]) -> dict[str, str]:
        """What is wrong, by field; empty when it can be sent."""
        if self.chosen not in reasons:
            return {"chosen": later("Vælg en begrundelse")}
        if self.chosen == OWN_WORDS and len(self.words) < LEAST:
            return {"words": later("Skriv begrundelsen med jeres egne ord")}
        if len(self.told(reasons)) > MOST:
            return {"words": later("Skriv kortere: der er plads til 2.000 tegn")}
        return {}

    def told(self, reasons: dict[str, str]) -> str:
        """As the other side reads it, in Danish."""
        ready = "" if self.chosen == OWN_WORDS else reasons[self.chosen]
        return "\n\n".join(part for part in (ready, self.words) if part)
