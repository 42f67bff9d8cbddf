"""Names that nobody has: suppliers, their systems, people, purposes."""

from __future__ import annotations

import random

from demo.cast import person_name, slug
from shared.cvr import has_check_sum


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_FIRST_PARTS = _words(
    "Nord Syd Øst Vest Fjord Hav Bakke Skov Sol Måne Stjerne Kyst Klit Mose Eng Lyng Birke Ege Bøge Aske"
    " Hassel Rav Sten Jern Sølv Glas Papir Bro Havne Torve"
)
_SECOND_PARTS = _words(
    "data systemer byte kode logik digital teknik tal net værk flow punkt linje vej mark rum bogen kort trin værn"
)
_FORMS = ("A/S", "ApS", "P/S", "I/S")
_TASKS = _words(
    "Omsorg Børn Skole Dagtilbud Byggesag Borgerindgang Ydelser Sygedagpenge Beskæftigelse Voksne"
    " Tandpleje Bibliotek Folkeregister Valg Vielser Pas Kørsel Boligstøtte Pension Opkrævning Debitor"
    " Parkering Miljø Vand Affald Flyttebus Genoptræning Hjemmepleje Hjælpemidler Sundhed"
)
_KINDS = ("Fagsystem", "Sag", "Portal", "Plan", "Overblik", "Kontor", "Mobil", "Journal", "Register", "Assistent")
PURPOSES = (
    "Behandling af ansøgninger om {task}: borgerens navn, adresse og civilstand hentes, når sagen oprettes.",
    "Løbende kontrol af, om betingelserne for {task} stadig er opfyldt, jf. den kommunale vejledning.",
    "Udsendelse af breve om {task} til den rette adresse, også når borgeren er flyttet.",
    "Opslag af virksomheder i forbindelse med {task}, når en virksomhed er part i sagen.",
)
REASONS = (
    "Kommunen bruger ikke længere systemet.",
    "Formålet er ikke beskrevet nøjagtigt nok; send en ny anmodning.",
    "Aftalen er erstattet af en ny med flere services.",
    "Kontrakten med leverandøren er udløbet.",
    "Systemet er ikke taget i brug endnu.",
)


def supplier_names(rng: random.Random, count: int) -> list[str]:
    """So many different company names."""
    found: dict[str, None] = {}
    while len(found) < count:
        first, second = rng.choice(_FIRST_PARTS), rng.choice(_SECOND_PARTS)
        found[f"{first}{second} {rng.choice(_FORMS)}"] = None
    return list(found)


def system_name(rng: random.Random) -> tuple[str, str]:
    """A system's name, and what it is for."""
    task = rng.choice(_TASKS)
    return f"{task}{rng.choice(_KINDS).lower()} {rng.randint(1, 9)}", task.lower()


def people(rng: random.Random, count: int, domain: str, taken: set[str]) -> list[tuple[str, str]]:
    """So many names with mail addresses at a domain, none of them taken yet."""
    found: list[tuple[str, str]] = []
    while len(found) < count:
        name = person_name(rng)
        email = f"{slug(name)}-{rng.randrange(1000)}@{domain}"
        if email not in taken:
            taken.add(email)
            found.append((name, email))
    return found


def cvr_numbers(taken: set[str], count: int) -> list[str]:
    """Numbers that hold and are nobody's here."""
    found: list[str] = []
    number = 41_000_000
    while len(found) < count:
        number += 1
        if str(number) not in taken and has_check_sum(str(number)):
            found.append(str(number))
    return found
