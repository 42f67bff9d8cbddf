"""Danish for what the services refuse suppliers, by code."""

from __future__ import annotations

CERTIFICATES: dict[str, str] = {
    "certificate.unreadable": (
        "Det er ikke et certifikat, eller det er beskadiget. Brug filen .cer, .crt eller .pem fra udstederen."
    ),
    "certificate.too_large": "Filen er for stor til at være et certifikat. Vælg selve certifikatet alene.",
    "certificate.private_key": (
        "Det er en privat nøgle. Den må aldrig forlade jeres eget miljø, og den er ikke gemt her. Vælg certifikatet"
        " alene. Har andre set nøglen, så få certifikatet spærret."
    ),
    "certificate.keystore": (
        "Det er et nøglelager (.p12, .pfx eller .jks), som plejer at rumme den private nøgle. Det er ikke gemt her."
        " Eksportér certifikatet alene, og vælg det."
    ),
    "certificate.request": "Det er en certifikatanmodning (CSR). Vælg det certifikat, udstederen svarede med.",
    "certificate.several": "Filen rummer flere certifikater. Vælg it-systemets eget alene, uden udstedernes.",
    "certificate.not_oces": (
        "Certifikatet er ikke et OCES-certifikat. Brug it-systemets FOCES- eller VOCES-certifikat"
        " (i MitID Erhverv: et systemcertifikat)."
    ),
    "certificate.kind_unclear": "Certifikatet oplyser to forskellige typer. Bed udstederen om et nyt.",
    "certificate.kind_not_accepted": (
        "Certifikatet tilhører en person (MOCES eller POCES). Serviceplatformen accepterer kun FOCES og VOCES."
    ),
    "certificate.expired": "Certifikatet er udløbet. Forny det hos udstederen, og brug det nye.",
    "certificate.not_yet_valid": "Certifikatet gælder ikke endnu. Vent, til det gør, eller brug det, der gælder nu.",
    "certificate.weak_key": (
        "Nøglen eller underskriften er for svag. Bestil et nyt certifikat med en RSA-nøgle på mindst 2048 bit."
    ),
    "certificate.untrusted_issuer": (
        "Certifikatet er ikke udstedt af en godkendt udsteder. Brug et certifikat fra den offentlige OCES-udsteder."
    ),
    "certificate.wrong_environment": (
        "Certifikatet er fra en testudsteder og kan ikke bruges i produktion."
        " Brug et produktionscertifikat, eller registrér it-systemet i det eksterne testmiljø."
    ),
    "certificate.already_used": (
        "Certifikatet, eller et andet til samme indehaver, er allerede registreret på et it-system. Er det en"
        " fornyelse, så føj det til det it-system. Ellers skal hvert it-system have sit eget certifikat."
    ),
    "certificate.other_holder": (
        "Certifikatet har en anden indehaver end it-systemets certifikater hidtil."
        " Brug det fornyede certifikat, eller registrér et nyt it-system."
    ),
    "certificate.foreign_holder": (
        "Certifikatet er udstedt til et andet CVR-nummer end jeres. Det er i orden, hvis en anden driver "
        "it-systemet for jer. Ellers har I måske valgt et forkert certifikat."
    ),
    "certificate.too_many": "It-systemet har fem certifikater i brug, og flere må der ikke være. Fjern et først.",
    "certificate.last": (
        "Det er it-systemets sidste certifikat i brug. Tilføj det nye først, eller sæt it-systemet på pause."
    ),
    "certificate.ended": "Certifikatet er allerede taget ud af brug.",
    "certificate.unknown": "It-systemet har ikke det certifikat.",
    "serial.unreadable": (
        "Det er hverken et certifikat, et serienummer eller et fingeraftryk. Kontrollér, at det hele er med."
    ),
}

OTHERS: dict[str, str] = {
    "request.system_unknown": "I har ikke det it-system. Er det registreret lige nu, så prøv igen om et øjeblik.",
    "request.system_paused": "It-systemet er på pause. Genoptag det, før I anmoder om serviceaftaler.",
    "request.system_deactivated": "It-systemet er nedlagt. Vælg et andet.",
    "request.system_in_test": (
        "It-systemet er registreret i det eksterne testmiljø og skal ikke have serviceaftaler. Opret en"
        " prøvetilslutning i stedet."
    ),
    "request.supplier_not_active": "Jeres organisation er lukket på platformen. Kontakt helpdesk.",
    "request.service_unknown": "En af de valgte services findes ikke længere. Vælg igen.",
    "request.service_not_open": "En af de valgte services tager ikke imod nye serviceaftaler. Fjern den.",
    "agreement.not_running": "Kun en gældende serviceaftale kan opsiges.",
    "trial.system_unknown": "I har ikke det it-system. Er det registreret lige nu, så prøv igen om et øjeblik.",
    "trial.system_in_production": (
        "It-systemet er registreret i produktion. Anmod kommuner om serviceaftaler i stedet, eller registrér et"
        " it-system i det eksterne testmiljø."
    ),
    "trial.system_paused": "It-systemet er på pause. Genoptag det først.",
    "trial.system_deactivated": "It-systemet er nedlagt. Vælg et andet.",
    "trial.supplier_not_active": "Jeres organisation er lukket på platformen. Kontakt helpdesk.",
    "trial.service_unknown": "En af de valgte services findes ikke længere. Vælg igen.",
    "trial.service_not_open": "En af de valgte services tager ikke imod nye prøvetilslutninger. Fjern den.",
}

SUPPLIER = {**CERTIFICATES, **OTHERS}
