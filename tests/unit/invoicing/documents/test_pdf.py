"""The PDF says in Danish what the invoice says, and holds the electronic invoice itself."""

import io
import re
import unicodedata
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from pypdf import PdfReader

from services.invoicing.documents import build_pdf, build_xml
from services.invoicing.documents.pdf import PRINTED, danish_period, printable
from shared.days import danish_day

KINDS = ["invoice", "slip", "without EAN", "late calls", "credit note", "long"]


def read(invoice, *, demonstration=False) -> PdfReader:
    return PdfReader(io.BytesIO(build_pdf(invoice, build_xml(invoice), demonstration=demonstration)))


def pages(invoice, *, demonstration=False) -> list[str]:
    """The text of each page, with every run of blanks as one space."""
    reader = read(invoice, demonstration=demonstration)
    return [" ".join(page.extract_text().split()) for page in reader.pages]


def test_an_invoice_of_few_lines_is_one_page_with_everything_on_it(samples):
    (page,) = pages(samples.invoice())

    for text in (
        "Serviceplatformen Demo A/S",
        "Faktura",
        "Fakturanummer FAK-2027-000123",
        "Fakturadato 12. juli 2027",
        "Betales senest 11. august 2027",
        "Kvartal 2. kvartal 2027",
        "EAN-nummer 5798009811578",
        "Jeres reference IT-afdelingen, att. Økonomi",
        "Aabenraa Kommune Skelbækvej 2 6200 Aabenraa CVR-nr. 29189854",
        "på vegne af Aabenraa Kommune i 2. kvartal 2027",
        "1 CPR-opslag Borgerportal · Nordlys Data ApS 1.4.–30.6.2027 1.234 0,0485 59,85",
        "2 CPR-opslag Borgerportal · Nordlys Data ApS 1.4.–30.6.2027 250.000 0,0012 300,00",
        "Beløb ekskl. moms 359,85 kr.",
        "Moms 25 % 89,96 kr.",
        "At betale inkl. moms 449,81 kr.",
        "Reg.nr. 9999, kontonr. 0012345678",
        "Anfør venligst FAK-2027-000123",
        "CVR-nr. 12345674",
        "Prøvevej 1, 1000 København K",
        "Side 1 af 1",
    ):
        assert text in page
    assert "Kreditnota" not in page


def test_a_credit_note_says_what_it_cancels_and_asks_for_no_payment(samples):
    (page,) = pages(samples.credit_note())

    for text in (
        "Kreditnota",
        "Kreditnotanummer KRE-2027-000004",
        "Krediterer faktura FAK-2027-000123",
        "Kreditnotaen ophæver faktura FAK-2027-000123",
        "Til gode inkl. moms 449,81 kr.",
        "modregnes",
    ):
        assert text in page
    assert "Betal" not in page


def test_late_calls_and_accounts_stand_on_their_line(samples):
    (page,) = pages(samples.with_late_calls())

    assert "Sent modtagne opslag, vedrører 1. kvartal 2027 Kontering: 4711-22 1.1.–31.3.2027 17 1,35 22,95" in page
    assert "Bemærk: Indeholder sent modtagne opslag" in page


def test_a_slip_is_printed_as_banks_want_it(samples):
    (page,) = pages(samples.with_slip())

    assert "+71<000000000001230+81234567<" in page
    assert "Bankkonto" not in page


def test_a_buyer_without_ean_reference_or_address_is_shown_so(samples):
    (page,) = pages(samples.without_ean())

    assert "Ærø Kommune CVR-nr. 28856075" in page
    assert "Ingen reference oplyst" in page
    assert "EAN" not in page


def test_many_lines_repeat_the_head_of_the_table_and_number_the_pages(samples):
    invoice = samples.long(120)
    texts = pages(invoice)
    assert len(texts) > 2
    for number, text in enumerate(texts, start=1):
        assert f"Faktura FAK-2027-000123 · Side {number} af {len(texts)}" in text
        if "CPR-opslag" in text:
            assert "Nr. Service og it-system Periode Antal opslag Stykpris kr. Beløb kr." in text
    whole = " ".join(texts)
    positions = [int(found) for found in re.findall(r"(\d+) CPR-opslag", whole)]
    assert positions == list(range(1, 121))
    assert whole.count("At betale inkl. moms") == 1
    assert f"{invoice.gross:,.2f}".translate(str.maketrans(",.", ".,")) in texts[-1]


@pytest.mark.parametrize("kind", KINDS)
def test_a_demonstration_says_so_on_every_page_and_a_real_invoice_never(samples, kind):
    invoice = samples.every_kind()[kind]

    assert all("DEMONSTRATION – dette er ikke et krav" in text for text in pages(invoice, demonstration=True))
    assert not any("demonstration" in text.lower() for text in pages(invoice))


@pytest.mark.parametrize("kind", KINDS)
def test_the_electronic_document_is_attached_unchanged(samples, kind):
    invoice = samples.every_kind()[kind]
    name = "kreditnota.xml" if kind == "credit note" else "faktura.xml"

    assert read(invoice).attachments == {name: [build_xml(invoice)]}


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_invoice_gives_the_same_bytes(samples, kind):
    invoice = samples.every_kind()[kind]
    xml = build_xml(invoice)

    assert build_pdf(invoice, xml, demonstration=True) == build_pdf(invoice, xml, demonstration=True)


def test_it_is_an_archive_file_in_danish_made_on_the_day_of_issue(samples):
    reader = read(samples.invoice())
    metadata = reader.xmp_metadata
    packet = metadata.stream.get_data().decode()

    assert "<pdfaid:part>3</pdfaid:part>" in packet
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in packet
    assert reader.root_object["/Lang"].startswith("da")
    assert reader.metadata.title == "Faktura FAK-2027-000123"
    assert reader.metadata.creation_date.date() == date(2027, 7, 12)


def test_names_are_printed_as_they_are_never_run(samples):
    odd = '#panic("x") *not bold* $x$ <a> \\ [b] @c // d'
    invoice = samples.invoice([samples.line(service_name=odd)])
    (page,) = pages(replace(invoice, note=odd))

    assert page.count(odd) == 2


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("System \U0001f600", "System □"),
        ("中文", "□□"),
        ("A\u0301rhus", "Árhus"),
        ("a\tb\n c", "a b c"),
        ("a\u202eb\u200bc", "a□b□c"),
        ("Łódź ΑΒΓ Кириллица €", "Łódź ΑΒΓ Кириллица €"),
    ],
)
def test_letters_the_fonts_lack_do_not_stop_an_invoice(samples, name, shown):
    assert printable(name) == shown
    (page,) = pages(samples.invoice([samples.line(service_name=name)]))
    assert f"1 {shown} Borgerportal" in page


@pytest.mark.parametrize(("first", "last"), PRINTED)
def test_every_letter_that_is_printed_has_a_shape(samples, first, last):
    assigned = [chr(code) for code in range(first, last + 1) if unicodedata.category(chr(code))[0] != "C"]
    letters = " ".join(unicodedata.normalize("NFC", "".join(assigned)))

    # The library refuses an archive file with a letter that no font has.
    build_pdf(samples.invoice([samples.line(service_name=letters)]), b"<x/>", demonstration=False)


def test_an_unbroken_name_is_broken_before_the_next_column(samples):
    reader = read(samples.invoice([samples.line(system_name="x9_" * 40)]))
    written = []
    reader.pages[0].extract_text(visitor_text=lambda text, *_: written.extend(text.split()))

    runs = [run for run in written if "x9_" in run]
    assert len(runs) > 3
    assert max(map(len, runs)) < 60


def test_long_names_stay_within_the_page(samples):
    long_name = "Meget langt navn på en sammensat fagsystemintegration " * 6
    reference = "Kontoret for digitale løsninger og it-drift, att. sagsbehandler 42 " * 3
    line = samples.line(1, 98_765_432, "1234.567891", service_name=long_name, supplier_name=long_name)
    invoice = samples.invoice([line])
    invoice = replace(invoice, buyer=replace(invoice.buyer, reference=reference))
    reader = read(invoice)
    seen = []

    def visit(text, page_matrix, text_matrix, _font, _size):
        if text.strip():
            seen.append(text_matrix[4] * page_matrix[0] + page_matrix[4])

    for page in reader.pages:
        page.extract_text(visitor_text=visit)
    assert min(seen) > 50
    assert max(seen) < 595 - 50
    text = " ".join(" ".join(page.extract_text().split()) for page in reader.pages)
    assert "98.765.432 1.234,567891" in text
    assert text.count("Meget langt navn") == 12


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        (date(2027, 4, 1), date(2027, 6, 30), "1.4.–30.6.2027"),
        (date(2026, 12, 1), date(2027, 1, 31), "1.12.2026–31.1.2027"),
    ],
)
def test_periods_are_short(first, last, text):
    assert danish_period(first, last) == text


def test_dates_are_written_out():
    months = [danish_day(date(2027, month, 1)).split()[1] for month in range(1, 13)]

    assert danish_day(date(2027, 3, 31)) == "31. marts 2027"
    assert len(set(months)) == 12


def test_what_is_not_money_is_not_printed(samples):
    with pytest.raises(ValueError, match="not a finite amount"):
        build_pdf(samples.invoice(net=Decimal("NaN")), b"<x/>", demonstration=False)
