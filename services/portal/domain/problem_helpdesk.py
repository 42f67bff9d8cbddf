"""Why something the helpdesk does could not be done, by the problem's code."""

from __future__ import annotations

HELPDESK: dict[str, str] = {
    "organisation.exists": "Der er allerede en organisation med det CVR-nummer. Søg den frem i stedet.",
    "organisation.municipality_code_taken": "En anden kommune har den kommunekode. Se efter, hvilken der er rigtig.",
    "organisation.test_municipality_exists": "Der er allerede en testkommune, og der kan kun være én.",
    "organisation.cvr": "CVR-nummeret kan ikke være rigtigt. Se efter, om et ciffer er forkert.",
    "organisation.ean": "EAN-nummeret kan ikke være rigtigt. Se efter, om et ciffer er forkert.",
    "organisation.municipality_code": "Kommunekoden er fire cifre, og kun en kommune har en.",
    "organisation.roles_in_use": "Nogen i organisationen har en rolle, som den så ikke længere ville have. Ret deres"
    " roller først.",
    "organisation.operator": "Det er platformens egen operatør: dens type kan ikke ændres, og den kan ikke lukkes.",
    "organisation.changed_meanwhile": "En anden har ændret organisationen i mellemtiden. Se, hvordan det står nu.",
    "organisation.unknown": "Organisationen findes ikke.",
    "person.exists": "Personen hører allerede til organisationen. Ret rollerne i stedet.",
    "person.roles": "De roller findes ikke i den slags organisation.",
    "person.last_administrator": "Det er organisationens sidste administrator. Giv først en anden rollen.",
    "person.not_active": "Personens adgang er stoppet. Giv først adgang igen.",
    "person.unknown": "Personen findes ikke.",
    "notice.already_sent": "Mailserveren har taget imod mailen; den sendes ikke igen.",
    "notice.content_erased": "Engangslinket i mailen blev slettet, da den fejlede. Send en ny invitation eller et nyt"
    " link i stedet.",
    "notice.unknown": "Mailen findes ikke.",
    "find.mail_in_address": (
        "Søg efter en mailadresse i selve søgefeltet: sidens adresse skrives i loggen, og der må "
        "mailadresser ikke stå."
    ),
    "table.not_readable": "Linjerne kan ikke læses længere. Begynd forfra med filen.",
    "service.exists": "Der er allerede en service med det navn og den version, eller med det UUID.",
    "service.unknown": "Servicen findes ikke.",
    "price.in_the_past": "Prisen kan tidligst gælde fra i morgen: det, kald har kostet, ændres ikke bagefter.",
    "agreement.not_running": "Kun en gældende serviceaftale kan opsiges. Se, hvad der er sket.",
    "parked.redacted": "Beskedens indhold var hemmeligt og er slettet. Den kan kun opgives.",
    "parked.not_waiting": "Beskeden venter ikke længere. Se, hvad der blev af den.",
    "parked.unknown": "Beskeden findes ikke.",
}
"""By code: a sentence that says what is wrong and what to do."""
