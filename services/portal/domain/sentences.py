"""What people are told when a rule refuses: a Danish sentence by the problem's code, with what to do."""

from __future__ import annotations

from services.portal.domain.problem_helpdesk import HELPDESK
from services.portal.domain.problem_supplier import SUPPLIER

PEOPLE: dict[str, str] = {
    "link.not_valid": "Linket er allerede brugt, erstattet af et nyere eller for gammelt. Få et nyt sendt.",
    "password.common": "Adgangskoden er for let at gætte. Vælg en anden.",
    "password.is_address": "Adgangskoden må ikke være din mailadresse. Vælg en anden.",
    "password.length": "Adgangskoden skal have mellem 12 og 128 tegn.",
    "person.name_shared": "Personen handler også for andre organisationer. Kun helpdesk kan rette navnet.",
    "sign_in.no_membership": "Du har ingen rolle i den organisation. Vælg en af dine egne.",
    "sign_in.over": "Du er logget af. Log ind igen.",
    "sign_in.refused": "Mailadressen og adgangskoden passer ikke sammen. Se efter, om begge er skrevet rigtigt.",
    "sign_in.too_many": "For mange forsøg på at logge ind er slået fejl. Vent et kvarter, eller vælg en ny"
    " adgangskode.",
}

RIGHTS: dict[str, str] = {
    "hat.not_yours": (
        "Siden hører til en anden slags organisation end den, du handler på vegne af. Skift organisation, "
        "hvis du har flere."
    ),
    "rights.field": "Nogle af oplysningerne kan kun rettes af helpdesk. Kontakt helpdesk.",
    "rights.helpdesk_only": "Det kan kun platformens helpdesk.",
    "rights.not_a_supplier": "Jeres organisation er ikke oprettet som leverandør. Kontakt helpdesk.",
    "rights.other_municipality": "I kan kun se jeres egen kommunes beløb.",
    "rights.person_only": "Det er for personer. Et it-system har sin egen måde at logge ind på.",
    "rights.role_missing": "Din rolle i organisationen giver ikke lov til det. Spørg jeres administrator.",
    "rights.people_only": "Det kan kun organisationens egne brugere se.",
    "rights.suppliers_only": "Afviste kald vises kun til den leverandør, der sendte dem, og til helpdesk.",
    "organisation.inactive": "Jeres organisation er lukket på Serviceplatformen. Kontakt helpdesk.",
}

SYSTEMS: dict[str, str] = {
    "system.deactivated": "It-systemet er nedlagt. Et nedlagt it-system kan ikke åbnes igen.",
    "system.test_organisation": "Jeres organisation er kun til test. Registrér it-systemet i det eksterne testmiljø.",
    "system.unknown": "It-systemet findes ikke, eller det hører til en anden leverandør.",
    "system.wrong_state": "It-systemet er i en anden tilstand nu. Se, hvordan det står.",
}

AGREEMENTS: dict[str, str] = {
    "agreement.already_decided": "Anmodningen er allerede besvaret. Se, hvad svaret blev.",
    "agreement.changed_meanwhile": "En anden har netop ændret serviceaftalen. Se, hvordan den står, og prøv igen.",
    "agreement.exists": "It-systemet har allerede en anmodning eller serviceaftale om nogle af de services hos"
    " nogle af kommunerne. Tag dem ud.",
    "agreement.nothing_approved": "Vælg mindst én service at godkende, eller afvis anmodningen.",
    "agreement.notice_resent_recently": (
        "Kommunen har fået et advis inden for den seneste time. Vent lidt med at gensende."
    ),
    "agreement.service_not_asked_for": "Der er ikke anmodet om alle de services. Godkend kun dem, der er anmodet om.",
    "agreement.service_not_open": (
        "Der kan ikke længere indgås aftaler om nogle af de ønskede services. Godkend de andre, eller afvis "
        "anmodningen."
    ),
    "agreement.system_deactivated": "It-systemet er nedlagt, siden anmodningen blev sendt. Afvis anmodningen.",
    "agreement.unknown": (
        "Serviceaftalen findes ikke, eller den vedrører en anden organisation end den, du handler på vegne af."
    ),
    "agreement.withdrawn": "Leverandøren har trukket anmodningen tilbage.",
    "idempotency.key_reused": "Formularen er allerede sendt med et andet indhold. Begynd på en ny anmodning.",
    "request.municipality_not_active": "Nogle af kommunerne er lukket på platformen. Tag dem ud.",
    "request.municipality_test": "En testkommune indgår ingen serviceaftaler. Brug en prøvetilslutning i stedet.",
    "request.municipality_unknown": "Nogle af kommunerne findes ikke på platformen. Vælg dem på listen.",
    "request.unknown": "Anmodningen findes ikke, eller den hører til en anden leverandør.",
    "trial.already_closed": "Prøvetilslutningen er allerede lukket.",
    "trial.exists": "It-systemet har allerede en åben prøvetilslutning til nogle af de services. Tag dem ud.",
    "trial.no_test_municipality": (
        "Platformen har ingen testkommune, som prøvekald kan foretages for. Kontakt helpdesk."
    ),
    "trial.unknown": "Prøvetilslutningen findes ikke, eller den hører til en anden leverandør.",
}

USAGE: dict[str, str] = {
    "call.unknown": "I har ikke noget kald med det id. Det kan være på vej; prøv igen om lidt.",
    "estimate.too_large": "Tallet er for stort at regne på. Skriv et mindre antal kald.",
    "estimate.service_twice": "En service er valgt to gange. Vælg hver service én gang.",
    "invoice.line_unknown": "Fakturaen har ikke den linje.",
    "invoice.unknown": "Fakturaen findes ikke, eller den er til en anden kommune.",
    "municipality.unknown": "Kommunen findes ikke.",
    "overview.too_many_lines": "Der er flere linjer, end der kan vises. Fordel på færre ting ad gangen.",
    "price.missing": "En af de valgte services har ingen pris endnu, så det kan ikke regnes ud. Spørg helpdesk.",
    "price.none": "Servicen har ingen pris endnu.",
}

OPERATION: dict[str, str] = {
    "clock.backwards": "Uret kan kun stilles frem.",
    "clock.fixed": "Platformen er i drift: uret følger den rigtige tid og kan ikke stilles.",
    "clock.too_far": "Så langt frem kan uret ikke stilles.",
    "quarter.not_due": "Kvartalet kan ikke lukkes endnu: fristen for sene kald er ikke udløbet.",
    "quarter.not_next": "Kvartaler lukkes i rækkefølge, og det er ikke det næste.",
    "quarter.unknown": "Det kvartal findes ikke. Vælg et på listen.",
    "document.unknown": "Filen findes ikke.",
    "quarter.sealed": "Kvartalet er allerede lukket.",
    "quarter.differs": "Kvartalets tal stemmer ikke overens, så kvartalet er ikke lukket. Se driftsvejledningen.",
}

SITE: dict[str, str] = {
    "database.away": "Databasen svarer ikke lige nu. Prøv igen om et øjeblik.",
    "database.busy": "Andre er i gang med at ændre det samme. Prøv igen om et øjeblik.",
    "file.unknown": "Filen findes ikke.",
    "form.not_ours": "Siden er gemt fra en tidligere session. Hent den igen, og prøv en gang til.",
    "form.other_site": "Formularen blev ikke sendt fra selvbetjeningens egen side, så intet er ændret.",
    "identity.no_keys": "Vi kan ikke bekræfte, hvem du er, lige nu. Prøv igen om et øjeblik.",
    "page.unknown": "Siden findes ikke. Gå til forsiden, og find den derfra.",
    "page.after_unknown": "Listen har ændret sig. Begynd forfra på den første side.",
    "request.not_valid": "Noget af det, du har udfyldt, kan ikke bruges. Ret det, og prøv igen.",
    "request.text_not_storable": "Teksten indeholder et tegn, der ikke kan gemmes. Skriv den igen uden det.",
    "request.too_large": "Det, du sendte, er for stort. Send mindre ad gangen.",
    "service.away": "En del af Serviceplatformen svarer ikke lige nu. Prøv igen om et øjeblik.",
    "service.failed": "Fejlen er registreret. Prøv igen, eller kontakt helpdesk, og oplys koden herunder.",
    "session.missing": "Log ind for at se siden.",
    "session.over": "Du er logget af. Log ind igen.",
    "token.missing": "Log ind for at se siden.",
    "token.not_valid": "Du er logget af. Log ind igen.",
}

DANISH: dict[str, str] = {
    **PEOPLE,
    **RIGHTS,
    **SYSTEMS,
    **AGREEMENTS,
    **USAGE,
    **OPERATION,
    **SITE,
    **HELPDESK,
    **SUPPLIER,
}
"""By code: a sentence that says what is wrong and what to do."""
