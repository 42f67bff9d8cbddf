"""The invoice as people read it: a PDF in Danish, with the electronic invoice attached inside (PDF/A-3b)."""

import json
import unicodedata
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path

import typst

from services.invoicing.documents.invoice import BankTransfer, Invoice, Kind, Line, Payment
from services.invoicing.documents.ubl import CREDIT_TERMS, NO_REFERENCE
from shared.days import danish_day
from shared.money import VAT_PERCENT, danish, danish_count

ATTACHMENTS = {Kind.INVOICE: "faktura.xml", Kind.CREDIT_NOTE: "kreditnota.xml"}
"""What the attached electronic document is called inside the PDF."""

MISSING_LETTER = "□"
PRINTED: tuple[tuple[int, int], ...] = (
    (0x20, 0x7E),
    (0xA0, 0x24F),
    (0x370, 0x4FF),
    (0x1E00, 0x1EFF),
    (0x2010, 0x2027),
    (0x2030, 0x203F),
    (0x20A0, 0x20BF),
    (0x2190, 0x2199),
    (0x2200, 0x22FF),
    (0x25A0, 0x25FF),
)
"""Code points, first and last, that the fonts can print: Latin, Greek, Cyrillic, punctuation, symbols.

An archive file may hold no letter without its shape, so one emoji in a system's name would otherwise stop
the whole invoice.
"""

_TEMPLATE = Path(__file__).with_name("invoice.typ")
_HEADINGS = {Kind.INVOICE: "Faktura", Kind.CREDIT_NOTE: "Kreditnota"}
_COLUMNS = ("Nr.", "Service og it-system", "Periode", "Antal opslag", "Stykpris kr.", "Beløb kr.")


def build_pdf(invoice: Invoice, xml: bytes, *, demonstration: bool) -> bytes:
    """The PDF of an invoice or credit note. The same arguments give the same bytes.

    Takes processor time only, some milliseconds and more for hundreds of lines: call it in a thread.

    :param xml: the electronic document, attached as ``faktura.xml`` or ``kreditnota.xml``.
        Names stand in it letter for letter; on paper, letters the fonts lack are shown as □.
    :param demonstration: mark every page as a demonstration that is not to be paid.
    :raises MoneyError: an amount of the invoice is not money.
    """
    texts = json.dumps(_printable(_texts(invoice, demonstration=demonstration)), ensure_ascii=False)
    compiler = typst.Compiler(
        _template(), font_paths=_fonts(), sys_inputs={"data": texts, "xml": xml.decode("utf-8")}
    )
    # Midnight of the day of issue stands for the moment of making, which would differ at every run.
    made = datetime.combine(invoice.issue_date, time(), tzinfo=UTC)
    pdf = compiler.compile(format="pdf", pdf_standards="a-3b", timestamp=made)
    assert isinstance(pdf, bytes)
    return pdf


def printable(text: str) -> str:
    """The text as it can be printed: composed letters, single spaces, and □ for what the fonts lack."""
    composed = " ".join(unicodedata.normalize("NFC", text).split())
    return "".join(letter if _has_shape(letter) else MISSING_LETTER for letter in composed)


def _has_shape(letter: str) -> bool:
    # Controls, format characters and unassigned code points ("C…") have none, wherever they lie.
    return unicodedata.category(letter)[0] != "C" and any(first <= ord(letter) <= last for first, last in PRINTED)


def _printable(value: object) -> object:
    """Every text within a value made printable, so that no field can be forgotten."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {key: _printable(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_printable(part) for part in value]
    return value


@cache
def _template() -> bytes:
    return _TEMPLATE.read_bytes()


@cache
def _fonts() -> typst.Fonts:
    # Only the fonts within the library: a document looks the same on every machine.
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)


def danish_period(first: date, last: date) -> str:
    """``1.4.–30.6.2027``; the first year is written too when it is another one."""
    begin = f"{first.day}.{first.month}." + (str(first.year) if first.year != last.year else "")
    return f"{begin}–{last.day}.{last.month}.{last.year}"


def _texts(invoice: Invoice, *, demonstration: bool) -> dict[str, object]:
    """Every text of the document, ready to print, as the template names them."""
    heading = _HEADINGS[invoice.kind]
    issued = invoice.issue_date
    return {
        "title": f"{heading} {invoice.number}",
        "heading": heading,
        "demonstration": demonstration,
        "issued": (issued.year, issued.month, issued.day),
        "seller": {"name": invoice.seller.name, "footer": _seller_footer(invoice)},
        "buyer": {"name": invoice.buyer.name, "lines": _buyer_lines(invoice)},
        "facts": _facts(invoice),
        "explanation": _explanation(invoice),
        "note": invoice.note,
        "columns": _COLUMNS,
        "lines": [_line(line) for line in invoice.lines],
        "totals": {
            "net": ("Beløb ekskl. moms", danish(invoice.net)),
            "vat": (f"Moms {VAT_PERCENT:f} %", danish(invoice.vat)),
            "gross": (_gross_label(invoice), danish(invoice.gross)),
        },
        "payment": _payment(invoice),
        "attachment": {
            "name": ATTACHMENTS[invoice.kind],
            "description": f"{heading} {invoice.number} som elektronisk dokument (Peppol BIS Billing 3.0)",
        },
    }


def _seller_footer(invoice: Invoice) -> list[str]:
    seller = invoice.seller
    reached = []
    if seller.address is not None:
        reached.append(f"{seller.address.street}, {seller.address.postal_code} {seller.address.city}")
    if seller.email is not None:
        reached.append(seller.email)
    return [f"{seller.name} · CVR-nr. {seller.cvr}", " · ".join(reached)]


def _buyer_lines(invoice: Invoice) -> list[str]:
    buyer = invoice.buyer
    address = buyer.address
    where = [address.street, f"{address.postal_code} {address.city}"] if address is not None else []
    return [*where, f"CVR-nr. {buyer.cvr}"]


def _facts(invoice: Invoice) -> list[tuple[str, str]]:
    billed = invoice.kind is Kind.INVOICE
    facts = [
        ("Fakturanummer" if billed else "Kreditnotanummer", invoice.number),
        ("Fakturadato" if billed else "Dato", danish_day(invoice.issue_date)),
    ]
    if invoice.due_date is not None:
        facts.append(("Betales senest", danish_day(invoice.due_date)))
    if invoice.credits is not None:
        facts.append(("Krediterer faktura", invoice.credits.number))
        facts.append(("Fakturaens dato", danish_day(invoice.credits.issue_date)))
    facts.append(("Kvartal", invoice.quarter))
    if invoice.buyer.ean is not None:
        facts.append(("EAN-nummer", invoice.buyer.ean))
    facts.append(("Jeres reference", invoice.buyer.reference or NO_REFERENCE))
    return facts


def _explanation(invoice: Invoice) -> str:
    calls = (
        f"de opslag, som it-systemer har foretaget på vegne af {invoice.buyer.name} i {invoice.quarter} "
        "efter aftaler, I har godkendt. "
        "Hver linje er ét it-systems brug af én service: antal opslag gange stykpris ekskl. moms, "
        "afrundet til hele øre. Momsen er beregnet én gang af summen."
    )
    if invoice.credits is not None:
        return f"Kreditnotaen ophæver faktura {invoice.credits.number}, som dækkede {calls}"
    return f"Fakturaen dækker {calls}"


def _line(line: Line) -> dict[str, object]:
    remarks = [line.note] if line.note is not None else []
    if line.accounting_info is not None:
        remarks.append(f"Kontering: {line.accounting_info}")
    return {
        "position": str(line.position),
        "service": line.service_name,
        "used-by": f"{line.system_name} · {line.supplier_name}",
        "remarks": remarks,
        "period": danish_period(line.period_from, line.period_to),
        "quantity": danish_count(line.quantity),
        "price": danish(line.unit_price, unit=""),
        "amount": danish(line.amount, unit=""),
    }


def _gross_label(invoice: Invoice) -> str:
    return "At betale inkl. moms" if invoice.kind is Kind.INVOICE else "Til gode inkl. moms"


def _payment(invoice: Invoice) -> dict[str, object]:
    if invoice.payment is None or invoice.due_date is None:
        return {"heading": "Udligning", "facts": [], "text": CREDIT_TERMS}
    facts = [("Beløb", danish(invoice.gross)), ("Betales senest", danish_day(invoice.due_date))]
    return {"heading": "Betaling", "facts": facts + _payment_facts(invoice, invoice.payment), "text": None}


def _payment_facts(invoice: Invoice, payment: Payment) -> list[tuple[str, str]]:
    if isinstance(payment, BankTransfer):
        return [
            ("Bankkonto", f"Reg.nr. {payment.registration}, kontonr. {payment.account}"),
            ("Anfør venligst", invoice.number),
        ]
    return [("Betalings-id", f"+71<{payment.payment_id}+{payment.creditor}<")]
