"""Why calls are refused, for people: a name, what it means, what to do. The help pages tell each under its code."""

from __future__ import annotations

from dataclasses import dataclass

from services.portal.domain.language import later


@dataclass(frozen=True)
class CallReason:
    """One reason; texts are translated where they are shown. `again`: judged anew when news it overtook arrives."""

    code: str
    name: str
    means: str
    cure: str
    again: bool = False


_ALL = (
    CallReason(
        "access.none",
        later("Ingen serviceaftale"),
        later("It-systemet havde ingen serviceaftale om servicen med den kommune, da kaldet blev foretaget."),
        later("Anmod kommunen om en serviceaftale, og kald først, når den er godkendt."),
        again=True,
    ),
    CallReason(
        "access.ended",
        later("Serviceaftalen var ophørt"),
        later("It-systemet har haft en serviceaftale om servicen, men den var opsagt, da kaldet blev foretaget."),
        later("Stop kaldene for kommunen, eller anmod om en ny serviceaftale."),
        again=True,
    ),
    CallReason(
        "agreement.differs",
        later("En anden serviceaftale end den angivne"),
        later("Kaldet angiver en serviceaftale, som ikke er den, der giver adgang for kommunen."),
        later("Brug id'et fra serviceaftalens side, eller udelad det: platformen finder selv den rigtige."),
        again=True,
    ),
    CallReason(
        "certificate.unknown",
        later("Ukendt certifikat"),
        later("Certifikatet var ikke registreret på it-systemet, da kaldet blev foretaget."),
        later("Registrér certifikatet på it-systemet, eller skift til det, der er registreret."),
        again=True,
    ),
    CallReason(
        "certificate.ended",
        later("Certifikatet var taget ud af brug"),
        later("Certifikatet var fjernet fra it-systemet, da kaldet blev foretaget."),
        later("Skift til et af it-systemets nuværende certifikater."),
        again=True,
    ),
    CallReason(
        "certificate.expired",
        later("Certifikatet var udløbet"),
        later("Kaldet blev foretaget uden for certifikatets gyldighedsperiode."),
        later("Forny certifikatet, føj det nye til it-systemet, og skift til det."),
    ),
    CallReason(
        "signature.missing",
        later("Underskrift mangler"),
        later("Beskeden kom uden underskrift."),
        later("Underskriv beskeden med it-systemets certifikat, som klienten i eksemplerne gør det."),
    ),
    CallReason(
        "signature.not_valid",
        later("Underskriften er ikke gyldig"),
        later("Underskriften passer ikke til beskedens bytes og det angivne certifikat."),
        later("Underskriv beskeden uændret, lige før den sendes, og undersøg, om noget undervejs ændrer den."),
    ),
    CallReason(
        "sender.differs",
        later("Et andet it-system har underskrevet"),
        later("Beskeden er underskrevet med et andet it-systems certifikat end det, der sendte den."),
        later("Lad hvert it-system underskrive sine egne kald."),
    ),
    CallReason(
        "system.not_active",
        later("It-systemet var ikke aktivt"),
        later("It-systemet var endnu ikke registreret, var på pause eller var nedlagt, da kaldet blev foretaget."),
        later("Genoptag it-systemet, hvis det er på pause. Kald, der er foretaget før, tælles ikke."),
        again=True,
    ),
    CallReason(
        "environment.wrong",
        later("Forkert miljø"),
        later("Kaldet er sendt til et andet miljø end det, it-systemet er registreret i."),
        later("Send til it-systemets eget miljø. Til det andet miljø skal der registreres et it-system for sig."),
    ),
    CallReason(
        "event.not_valid",
        later("Kaldet kan ikke læses"),
        later("Kaldet følger ikke formatet. Det felt, der er fejl i, er nævnt."),
        later("Ret feltet, og send kaldet igen med samme id."),
    ),
    CallReason(
        "time.in_future",
        later("Tidspunktet ligger i fremtiden"),
        later("Kaldets tidspunkt ligger mere end fem minutter foran platformens ur."),
        later("Stil it-systemets ur, og send kaldet igen."),
    ),
    CallReason(
        "time.too_old",
        later("Kaldet er for gammelt"),
        later("Kaldet blev indberettet så sent, at det ikke længere kan tælles."),
        later("Indberet kald, når de foretages, og senest et halvt år efter."),
    ),
    CallReason(
        "id.reused",
        later("Id'et er brugt til et andet kald"),
        later("Et andet kald fra it-systemet har samme id."),
        later("Giv hvert kald sit eget id. Kun et kald, der gentages uændret, beholder sit id."),
    ),
)
REASONS: dict[str, CallReason] = {reason.code: reason for reason in _ALL}
"""By code, the most frequent first."""


def reason_of(code: str) -> CallReason:
    """The reason with that code; one that is not known yet is called by its code."""
    return REASONS.get(code) or CallReason(code, code, "", "")


ACCESS: dict[str, str] = {
    "allowed": later("Ja, kaldet ville blive tilladt."),
    "certificate.unknown": later("Nej: certifikatet er ikke registreret på noget it-system."),
    "certificate.ended": later("Nej: certifikatet er taget ud af brug. Brug it-systemets nuværende certifikat."),
    "certificate.expired": later("Nej: certifikatet er udløbet. Føj et fornyet certifikat til it-systemet."),
    "certificate.not_yet_valid": later("Nej: certifikatet gælder ikke endnu."),
    "system.paused": later("Nej: it-systemet er på pause. Genoptag det for at kunne kalde igen."),
    "system.deactivated": later("Nej: it-systemet er nedlagt."),
    "environment.wrong": later("Nej: it-systemet er registreret i et andet miljø."),
    "service.unknown": later("Nej: servicen findes ikke."),
    "service.closed": later("Nej: servicen er lukket."),
    "municipality.unknown": later("Nej: kommunen findes ikke i it-systemets miljø."),
    "agreement.none": later("Nej: it-systemet har ingen serviceaftale om servicen med kommunen."),
    "agreement.ended": later("Nej: serviceaftalen er ophørt."),
}
"""The registry's access decision in a sentence, by its reason."""

_STEPS = (
    ("certificate", later("Certifikatet er registreret og gyldigt")),
    ("system", later("It-systemet er aktivt")),
    ("environment", later("Miljøet er it-systemets")),
    ("service", later("Servicen findes og er åben")),
    ("municipality", later("Kommunen findes")),
    ("agreement", later("Der er en gældende serviceaftale eller prøvetilslutning")),
)


def access_steps(reason: str) -> list[tuple[str, bool | None]]:
    """Each thing that an access decision checks, in its order: True held, False did not, None was not reached."""
    failed = next((place for place, (about, _) in enumerate(_STEPS) if reason.startswith(f"{about}.")), None)
    told: list[tuple[str, bool | None]] = []
    for place, (_, text) in enumerate(_STEPS):
        told.append((text, True if failed is None or place < failed else False if place == failed else None))
    return told
