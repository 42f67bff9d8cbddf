"""Why something could not be done, in the words of whoever asked. Services tell it in English with a stable code."""

from __future__ import annotations

from dataclasses import dataclass

from services.portal.domain.language import Language, later, translations
from services.portal.domain.sentences import DANISH

KINDS: dict[int, tuple[str, str]] = {
    400: (later("Forespørgslen kunne ikke læses"), later("Gå tilbage, og prøv igen.")),
    403: (
        later("Det har du ikke adgang til"),
        later("Din rolle i organisationen giver ikke adgang til det. Spørg jeres administrator."),
    ),
    404: (
        later("Siden findes ikke"),
        later(
            "Det, du leder efter, findes ikke, eller det hører til en anden organisation end den, du handler "
            "på vegne af."
        ),
    ),
    409: (
        later("Det kan ikke lade sig gøre lige nu"),
        later("Måske er en anden kommet dig i forkøbet. Se, hvordan det står nu, og prøv igen."),
    ),
    413: (later("Det, du sendte, er for stort"), later("Send mindre ad gangen.")),
    422: (later("Noget af det, du har udfyldt, kan ikke bruges"), later("Ret det, og prøv igen.")),
    429: (later("For mange forsøg"), later("Vent nogle minutter, og prøv igen.")),
    503: (
        later("Serviceplatformen svarer ikke lige nu"),
        later("Prøv igen om et øjeblik. Det, du har gemt, er ikke gået tabt."),
    ),
}
FAILED = (
    later("Noget gik galt hos os"),
    later("Fejlen er registreret. Prøv igen, eller kontakt helpdesk, og oplys koden herunder."),
)


@dataclass(frozen=True)
class Explained:
    """A problem for people: what it is about, and a sentence on what to do."""

    title: str
    detail: str


def explained(code: str, status: int, detail: str, language: Language) -> Explained:
    """The problem in the visitor's language: the code's own sentence, else its kind's."""
    text = translations(language).gettext
    title, otherwise = KINDS.get(status, FAILED)
    if language == "da":
        return Explained(title, DANISH.get(code, otherwise))
    told = detail if code in DANISH and detail else text(otherwise)
    return Explained(text(title), told)


FIELDS: dict[str, str] = {
    "missing": later("Skal udfyldes."),
    "string_too_short": later("Skal udfyldes."),
    "string_too_long": later("Er for langt."),
    "string_pattern_mismatch": later("Er ikke skrevet rigtigt."),
    "too_short": later("Vælg mindst én."),
    "too_long": later("Vælg færre."),
    "literal_error": later("Vælg en af mulighederne."),
    "enum": later("Vælg en af mulighederne."),
    "uuid_parsing": later("Vælg en af mulighederne."),
    "int_parsing": later("Skal være et helt tal."),
    "int_from_float": later("Skal være et helt tal."),
    "decimal_parsing": later("Skal være et tal."),
    "decimal_max_places": later("Har for mange decimaler."),
    "decimal_whole_digits": later("Er for stort."),
    "decimal_max_digits": later("Er for stort."),
    "greater_than": later("Er for lille."),
    "greater_than_equal": later("Er for lille."),
    "less_than": later("Er for stort."),
    "less_than_equal": later("Er for stort."),
    "date_parsing": later("Skal være en dato, der findes."),
    "date_from_datetime_parsing": later("Skal være en dato, der findes."),
}
"""By what a field got wrong, as the services name it."""
MAIL_ADDRESS = later("Skriv en fuld mailadresse, for eksempel navn@eksempel.dk.")
OTHERWISE = later("Kan ikke bruges. Se efter, om det er skrevet rigtigt.")


def field_told(kind: str, message: str, language: Language) -> str:
    """What is wrong with a field, in the visitor's language; `message` is the service's own, in English."""
    told = MAIL_ADDRESS if "address" in message else FIELDS.get(kind, OTHERWISE)
    return translations(language).gettext(told)
