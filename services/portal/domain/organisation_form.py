"""What is filled in to create or change an organisation, checked before it is sent to the registry."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from services.portal.domain.language import later
from shared.cvr import CvrError, check_cvr
from shared.gln import GlnError, check_gln

KINDS = {"supplier": ("supplier",), "municipality": ("municipality",), "both": ("supplier", "municipality")}
"""What an organisation can be, as the form names it."""
ROLES = ("administrator", "user", "signatory", "economy")
ONLY_MUNICIPALITY = frozenset({"signatory", "economy"})
MUNICIPALITY_ROLES = ROLES
SUPPLIER_ROLES = ("administrator", "user")
LONGEST = 255
_MAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+")
_CODE = re.compile(r"[0-9]{4}")

FIELD_OF_CODE = {
    "organisation.cvr": "cvr",
    "organisation.exists": "cvr",
    "organisation.ean": "ean",
    "organisation.municipality_code": "municipality_code",
    "organisation.municipality_code_taken": "municipality_code",
    "organisation.test_municipality_exists": "test",
    "organisation.roles_in_use": "kind",
    "person.roles": "roles",
    "person.exists": "admin_email",
}
"""Which field of the form a refusal of the registry is about."""

NAMES = {
    "name": later("Navn"),
    "cvr": later("CVR-nummer"),
    "kind": later("Type"),
    "municipality_code": later("Kommunekode"),
    "test": later("Testorganisation"),
    "mailbox": later("Postkasse til adviser"),
    "invoice_mailbox": later("Postkasse til fakturaer"),
    "ean": later("EAN-nummer"),
    "buyer_reference": later("Jeres reference på fakturaen"),
    "admin_name": later("Administratorens navn"),
    "admin_email": later("Administratorens mailadresse"),
    "roles": later("Administratorens roller"),
}


@dataclass(frozen=True)
class Filled:
    """What was filled in, as it was written."""

    name: str = ""
    cvr: str = ""
    kind: str = "supplier"
    municipality_code: str = ""
    test: bool = False
    mailbox: str = ""
    invoice_mailbox: str = ""
    ean: str = ""
    buyer_reference: str = ""
    admin_name: str = ""
    admin_email: str = ""
    roles: tuple[str, ...] = ("administrator",)

    @classmethod
    def of(cls, organisation: Mapping[str, Any]) -> Filled:
        """An organisation as the registry has it."""
        kinds = set(organisation["kinds"])
        return cls(
            name=organisation["name"],
            cvr=organisation["cvr"],
            kind=next((kind for kind, these in KINDS.items() if set(these) == kinds), "supplier"),
            municipality_code=organisation["municipality_code"] or "",
            test=organisation["test"],
            mailbox=organisation["mailbox"] or "",
            invoice_mailbox=organisation["invoice_mailbox"] or "",
            ean=organisation["ean"] or "",
            buyer_reference=organisation["buyer_reference"] or "",
        )

    @property
    def municipality(self) -> bool:
        return "municipality" in KINDS.get(self.kind, ())

    def problems(self, *, new: bool) -> dict[str, str]:
        """What can't be right, by field. `new`: the first administrator is asked for too, and may be left out."""
        found: dict[str, str] = {}
        if not self.name:
            found["name"] = later("Skriv organisationens navn.")
        if self.kind not in KINDS:
            found["kind"] = later("Vælg, om det er en leverandør, en kommune eller begge dele.")
        found |= self._number_problems()
        for field in ("mailbox", "invoice_mailbox"):
            if (told := getattr(self, field)) and not _MAIL.fullmatch(told):
                found[field] = later("Skriv én mailadresse, for eksempel post@kommunen.dk.")
        for field in ("name", "buyer_reference", "admin_name"):
            if len(getattr(self, field)) > LONGEST:
                found[field] = later("Det er for langt: højst 255 tegn.")
        return found | (self._administrator_problems() if new else {})

    def _number_problems(self) -> dict[str, str]:
        found: dict[str, str] = {}
        try:
            check_cvr(self.cvr, test_organisation=self.test)
        except CvrError:
            found["cvr"] = later("Skriv de otte cifre i CVR-nummeret. Se efter, om et af dem er forkert.")
        if self.municipality_code and not self.municipality:
            found["municipality_code"] = later("Kun en kommune har en kommunekode. Lad feltet stå tomt.")
        elif self.municipality_code and not _CODE.fullmatch(self.municipality_code):
            found["municipality_code"] = later("Kommunekoden er fire cifre, for eksempel 0101.")
        elif self.municipality and not self.test and not self.municipality_code:
            found["municipality_code"] = later("En kommune skal have sin kommunekode: fire cifre, for eksempel 0101.")
        if self.ean:
            try:
                check_gln(self.ean)
            except GlnError:
                found["ean"] = later("Skriv de 13 cifre i EAN-nummeret. Se efter, om et af dem er forkert.")
        return found

    def _administrator_problems(self) -> dict[str, str]:
        found: dict[str, str] = {}
        if not (self.admin_name or self.admin_email):
            return found
        if not self.admin_name:
            found["admin_name"] = later("Skriv administratorens navn.")
        if not _MAIL.fullmatch(self.admin_email):
            found["admin_email"] = later("Skriv den mailadresse, invitationen skal sendes til.")
        if "administrator" not in self.roles:
            found["roles"] = later("Den første person skal være administrator.")
        elif not self.municipality and ONLY_MUNICIPALITY & set(self.roles):
            found["roles"] = later("Rollerne underskriftsberettiget og økonomi findes kun i en kommune.")
        return found

    def changes(self) -> dict[str, Any]:
        """What the registry is sent to change it to this."""
        return {
            "name": self.name,
            "cvr": self.cvr,
            "kinds": list(KINDS[self.kind]),
            "municipality_code": self.municipality_code or None,
            "mailbox": self.mailbox or None,
            "invoice_mailbox": self.invoice_mailbox or None,
            "ean": self.ean or None,
            "buyer_reference": self.buyer_reference or None,
        }

    def body(self) -> dict[str, Any]:
        """What the registry is sent to create it."""
        first = None
        if self.admin_email:
            first = {"name": self.admin_name, "email": self.admin_email, "roles": list(self.roles)}
        return self.changes() | {"test": self.test, "first_administrator": first}


def valid_mail(text: str) -> bool:
    """Whether this can be a mail address."""
    return bool(_MAIL.fullmatch(text))


def roles_of(kinds: Iterable[str]) -> tuple[str, ...]:
    """The roles people can have in an organisation of these kinds."""
    found = set(kinds)
    if "operator" in found:
        return ("helpdesk",)
    return MUNICIPALITY_ROLES if "municipality" in found else SUPPLIER_ROLES
