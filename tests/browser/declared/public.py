"""What everybody may read, one's own account and organisation, and what mails lead to."""

from __future__ import annotations

from tests.browser.declared.route import (
    ANY_MUNICIPALITY,
    ANY_SUPPLIER,
    EVERYBODY,
    HELPDESK,
    MUNICIPALITY,
    NOBODY,
    SIGNED_IN,
    SUPPLIERS,
    Act,
    Example,
    File,
    Page,
)

ORGANISATION = "/{part}/organisation"
PERSON = ORGANISATION + "/brugere/{person_id}"
SUPPLIER, KOMMUNE = (("part", "=leverandoer"),), (("part", "=kommune"),)
COLLEAGUE, CITIZEN = (
    (*SUPPLIER, ("person_id", "person_at_supplier")),
    (*KOMMUNE, ("person_id", "person_at_municipality")),
)
SUPPLIERS_ADMINISTRATORS = frozenset({"supplier"})
ADMINISTRATORS = frozenset({"supplier", "foreign_supplier", "test_supplier", "both"})
NEW = (("name", "En ny"), ("email", "ny@people.example"), ("roles", "user"))


def organisation(path: str, note: str = "") -> tuple[Page, Page]:
    """A page of each supplier and municipality."""
    return (
        Page(path, ANY_SUPPLIER, ("supplier", "supplier_user", "both"), SUPPLIER, note=note),
        Page(
            path, ANY_MUNICIPALITY, ("administrator", "signatory", "both"), KOMMUNE, note=f"{note} of a municipality"
        ),
    )


def person(path: str) -> tuple[Page, Page]:
    """A page about a person of Nordlys Fagsystemer, and of Fjordby Kommune."""
    return (
        Page(path, SUPPLIERS, ("supplier", "supplier_user"), COLLEAGUE),
        Page(path, MUNICIPALITY, ("administrator", "economy"), CITIZEN, note="of a municipality"),
    )


def mailed(word: str, who: frozenset[str], name: str) -> File:
    """What a mail's link leads on from."""
    return File(f"/{word}/{{thing_id}}", who, min(who), (("thing_id", name),))


def act(path: str, example: Example = COLLEAGUE, *form: tuple[str, str]) -> Act:
    return Act(path, SUPPLIERS_ADMINISTRATORS, example, form)


FILES = (
    mailed("serviceaftale", SUPPLIERS | MUNICIPALITY | HELPDESK, "agreement"),
    mailed("anmodning", SUPPLIERS | HELPDESK, "request"),
    mailed("proevetilslutning", SUPPLIERS | HELPDESK, "trial"),
    mailed("faktura", frozenset({"administrator", "signatory", "economy"}) | HELPDESK, "invoice"),
)

PAGES = (
    *(
        Page(path, EVERYBODY, (NOBODY, "supplier"))
        for path in ("/bliv-leverandoer", "/test", "/vilkaar", "/faq", "/driftsstatus", "/privatliv", "/was")
    ),
    Page("/konto", SIGNED_IN, ("supplier", "economy", "several", "helpdesk")),
    *organisation(ORGANISATION),
    *organisation(ORGANISATION + "/kontakt"),
    *organisation(ORGANISATION + "/inviter"),
    *person(PERSON),
    *person(PERSON + "/fjern"),
    Page(
        PERSON, SUPPLIERS, ("supplier",), (*SUPPLIER, ("person_id", "invited_at_supplier")), note="who has not come"
    ),
    Page(PERSON, SUPPLIERS, ("supplier",), (*SUPPLIER, ("person_id", "gone_at_supplier")), note="who is gone"),
)

ACTS = (
    Act("/konto/adgangskode", SIGNED_IN),
    Act("/konto/session", SIGNED_IN),
    Act("/konto/sessioner", SIGNED_IN),
    Act(ORGANISATION + "/kontakt", ADMINISTRATORS, SUPPLIER, (("mailbox", "post@people.example"),)),
    Act(ORGANISATION + "/inviter", ADMINISTRATORS, SUPPLIER, NEW),
    Act(ORGANISATION + "/inviter", frozenset({"administrator", "foreign_municipality", "both"}), KOMMUNE, NEW),
    act(PERSON, COLLEAGUE, ("roles", "administrator")),
    act(PERSON + "/fjern"),
    act(PERSON + "/genoptag"),
    act(PERSON + "/invitation"),
)
