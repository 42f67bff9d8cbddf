"""Which elements a document of ours has, in which order, and what each may hold.

Stricter than the UBL schema: what we never write is refused, so that nothing can stand in a document that
the exact checks do not know, an allowance that changes the sum, say.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, NoReturn

from lxml import etree

from services.invoicing.documents.invoice import CURRENCY, DocumentRefused, Kind
from services.invoicing.documents.ubl import (
    BANK_TRANSFER,
    CAC,
    CBC,
    CREDIT_TERMS,
    CUSTOMIZATION_ID,
    CVR_SCHEME,
    GLN_SCHEME,
    LINE_PROPERTIES,
    ONE,
    PAYMENT_SLIP,
    PROFILE_ID,
    STANDARD_RATED,
    TYPE_CODES,
)
from shared.money import VAT_PERCENT


@dataclass(frozen=True, slots=True)
class Rule:
    """What a text must be: a test and the sentence that says it."""

    sentence: str
    holds: Callable[[str], bool]


def one_of(*values: str) -> Rule:
    """One of these exact texts."""
    return Rule("it must be " + " or ".join(repr(value) for value in values), lambda text: text in values)


def pattern(expression: str, sentence: str) -> Rule:
    """A text that fits a regular expression from end to end."""
    compiled = re.compile(expression)
    return Rule(sentence, lambda text: compiled.fullmatch(text) is not None)


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


WORDS: Final = Rule("it must say something", lambda text: bool(text.strip()))
DAY: Final = Rule("it must be a date that exists, as 2027-03-31", _is_date)
AMOUNT: Final = pattern(r"(0|[1-9][0-9]{0,14})\.[0-9]{2}", "it must be kroner with two decimals, not negative")
PRICE: Final = pattern(r"(0|[1-9][0-9]{0,14})(\.[0-9]{1,6})?", "it must be kroner with at most six decimals")
COUNT: Final = pattern(r"0|[1-9][0-9]{0,14}", "it must be a whole number, not negative")
VAT_NUMBER: Final = pattern(r"DK[0-9]{8}", "it must be DK and the eight digits of a CVR number")
SERVICE_ID: Final = pattern(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "it must be the service's UUID")
NUMBER: Final = pattern(
    "[A-Za-z0-9][A-Za-z0-9/-]{0,39}", "it must be a document number of letters, digits, - and /, up to 40"
)


@dataclass(frozen=True, slots=True)
class Leaf:
    """An element with text."""

    name: str
    rule: Rule
    attributes: Mapping[str, Rule] = field(default_factory=dict)
    optional: bool = False
    many: bool = False

    @property
    def tag(self) -> str:
        return f"{{{CBC}}}{self.name}"


@dataclass(frozen=True, slots=True)
class Group:
    """An element with elements in it, in this order."""

    name: str
    parts: tuple["Leaf | Group", ...]
    optional: bool = False
    many: bool = False

    @property
    def tag(self) -> str:
        return f"{{{CAC}}}{self.name}"


def _amount(name: str, rule: Rule = AMOUNT) -> Leaf:
    return Leaf(name, rule, {"currencyID": one_of(CURRENCY)})


def _vat_category(name: str) -> Group:
    return Group(
        name,
        (
            Leaf("ID", one_of(STANDARD_RATED)),
            Leaf("Percent", one_of(f"{VAT_PERCENT:f}")),
            Group("TaxScheme", (Leaf("ID", one_of("VAT")),)),
        ),
    )


def _period() -> Group:
    return Group("InvoicePeriod", (Leaf("StartDate", DAY), Leaf("EndDate", DAY)))


def _party(role: str, *, sells: bool) -> Group:
    scheme = one_of(CVR_SCHEME) if sells else one_of(GLN_SCHEME, CVR_SCHEME)
    address = (
        Leaf("StreetName", WORDS, optional=not sells),
        Leaf("CityName", WORDS, optional=not sells),
        Leaf("PostalZone", pattern("[0-9]{4}", "it must be a Danish postal code"), optional=not sells),
        Group("Country", (Leaf("IdentificationCode", one_of("DK")),)),
    )
    tax: Group = Group(
        "PartyTaxScheme",
        (Leaf("CompanyID", VAT_NUMBER), Group("TaxScheme", (Leaf("ID", one_of("VAT")),))),
    )
    legal = (
        Leaf("RegistrationName", WORDS),
        Leaf("CompanyID", VAT_NUMBER, {"schemeID": one_of(CVR_SCHEME)}),
    )
    mail = pattern(r"[^@\s]+@[^@\s]+", "it must be an e-mail address")
    party: tuple[Leaf | Group, ...] = (
        Leaf("EndpointID", WORDS, {"schemeID": scheme}),
        Group("PartyName", (Leaf("Name", WORDS),)),
        Group("PostalAddress", address),
        *([tax] if sells else []),
        Group("PartyLegalEntity", legal),
        Group("Contact", (Leaf("ElectronicMail", mail),), optional=True),
    )
    return Group(role, (Group("Party", party),))


def _payment_means() -> Group:
    branch = Group(
        "FinancialInstitutionBranch",
        (Leaf("ID", pattern("[0-9]{4}", "a bank's registration number is four digits")),),
        optional=True,
    )
    account = Leaf("ID", pattern("[0-9]{1,10}", "an account or creditor number is at most ten digits"))
    return Group(
        "PaymentMeans",
        (
            Leaf("PaymentMeansCode", one_of(BANK_TRANSFER, PAYMENT_SLIP)),
            Leaf("PaymentID", WORDS),
            Group("PayeeFinancialAccount", (account, branch)),
        ),
    )


def _line(kind: Kind) -> Group:
    billed = kind is Kind.INVOICE
    unit = {"unitCode": one_of(ONE)}
    properties: tuple[Leaf | Group, ...] = tuple(
        Group("AdditionalItemProperty", (Leaf("Name", one_of(name)), Leaf("Value", WORDS)))
        for name in LINE_PROPERTIES
    )
    item: tuple[Leaf | Group, ...] = (
        Leaf("Description", WORDS),
        Leaf("Name", WORDS),
        Group("SellersItemIdentification", (Leaf("ID", SERVICE_ID),)),
        _vat_category("ClassifiedTaxCategory"),
        *properties,
    )
    return Group(
        "InvoiceLine" if billed else "CreditNoteLine",
        (
            Leaf("ID", COUNT),
            Leaf("Note", WORDS, optional=True),
            Leaf("InvoicedQuantity" if billed else "CreditedQuantity", COUNT, unit),
            _amount("LineExtensionAmount"),
            Leaf("AccountingCost", WORDS, optional=True),
            _period(),
            Group("Item", item),
            Group("Price", (_amount("PriceAmount", PRICE), Leaf("BaseQuantity", one_of("1"), unit))),
        ),
        many=True,
    )


def shape_of(kind: Kind) -> Group:
    """The whole shape of an invoice or a credit note."""
    billed = kind is Kind.INVOICE
    reference = Group("InvoiceDocumentReference", (Leaf("ID", NUMBER), Leaf("IssueDate", DAY)))
    only_invoice = (_payment_means(),)
    only_credit_note = (Group("PaymentTerms", (Leaf("Note", one_of(CREDIT_TERMS)),)),)
    subtotal = (_amount("TaxableAmount"), _amount("TaxAmount"), _vat_category("TaxCategory"))
    totals = ("LineExtensionAmount", "TaxExclusiveAmount", "TaxInclusiveAmount", "PayableAmount")
    return Group(
        "Invoice" if billed else "CreditNote",
        (
            Leaf("CustomizationID", one_of(CUSTOMIZATION_ID)),
            Leaf("ProfileID", one_of(PROFILE_ID)),
            Leaf("ID", NUMBER),
            Leaf("IssueDate", DAY),
            *((Leaf("DueDate", DAY),) if billed else ()),
            Leaf("InvoiceTypeCode" if billed else "CreditNoteTypeCode", one_of(TYPE_CODES[kind])),
            Leaf("Note", WORDS, optional=True),
            Leaf("DocumentCurrencyCode", one_of(CURRENCY)),
            Leaf("BuyerReference", WORDS),
            _period(),
            *(() if billed else (Group("BillingReference", (reference,)),)),
            _party("AccountingSupplierParty", sells=True),
            _party("AccountingCustomerParty", sells=False),
            *(only_invoice if billed else only_credit_note),
            Group("TaxTotal", (_amount("TaxAmount"), Group("TaxSubtotal", subtotal))),
            Group("LegalMonetaryTotal", tuple(_amount(name) for name in totals)),
            _line(kind),
        ),
    )


@dataclass(frozen=True, slots=True)
class Shape:
    """Compares one document with a shape; ``document`` is its number, for the refusal's sentence."""

    document: str

    def check(self, root: etree._Element, expected: Group) -> None:
        """Refuse the first element that is missing, unknown, out of order or holds what it may not.

        :raises DocumentRefused: with the path of that element.
        """
        self._group(root, expected, "")

    def _group(self, element: etree._Element, expected: Group, path: str) -> None:
        if element.attrib:
            name = str(element.keys()[0])
            self._refuse(f"{path}@{name}", element.get(name), "no such attribute belongs here")
        if (element.text or "").strip():
            self._refuse(path, element.text, "it holds elements, not text")
        children = list(element)
        place = 0
        for part in expected.parts:
            found = 0
            while place < len(children) and children[place].tag == part.tag and (part.many or not found):
                found += 1
                self._part(children[place], part, f"{path}{part.name}{f'[{found}]' if part.many else ''}")
                place += 1
            if not found and not part.optional:
                self._refuse(f"{path}{part.name}", None, "it is mandatory, at this place")
        if place < len(children):
            unknown = children[place]
            name = etree.QName(unknown).localname if isinstance(unknown.tag, str) else "comment or instruction"
            self._refuse(f"{path}{name}", unknown.text, "it does not belong here, or not once more")

    def _part(self, element: etree._Element, part: Leaf | Group, path: str) -> None:
        if (element.tail or "").strip():
            self._refuse(path, element.tail, "no text may follow it")
        if isinstance(part, Group):
            self._group(element, part, f"{path}/")
            return
        if len(element):
            self._refuse(path, None, "it holds text, not elements")
        for name, rule in part.attributes.items():
            self._held(f"{path}@{name}", element.get(name), rule)
        for attribute in map(str, element.keys()):
            if attribute not in part.attributes:
                self._refuse(f"{path}@{attribute}", element.get(attribute), "no such attribute belongs here")
        self._held(path, element.text, part.rule)

    def _held(self, path: str, text: str | None, rule: Rule) -> None:
        if text is None or not rule.holds(text):
            self._refuse(path, text, rule.sentence)

    def _refuse(self, path: str, value: str | None, rule: str) -> NoReturn:
        raise DocumentRefused(document=self.document, field=path.strip("/"), value=value, rule=rule)
