"""The official rules gate documents where an installation has them, and say so where they cannot."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from services.invoicing.documents import rules
from services.invoicing.documents.invoice import DocumentRefused
from services.invoicing.documents.rules import STYLESHEETS, OfficialRules, RulesUnusableError
from services.invoicing.documents.ubl import CAC, CBC, build_xml

KINDS = ["invoice", "slip", "without EAN", "late calls", "credit note", "long"]


@pytest.fixture(scope="module")
def official():
    folder = os.environ.get("SP_EINVOICE_RULES")
    if not folder:
        pytest.skip("SP_EINVOICE_RULES names no folder with the official rule sets, which are not the project's")
    loaded = OfficialRules(Path(folder))
    yield loaded
    loaded.close()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_document_is_clean(official, samples, kind):
    xml = build_xml(samples.every_kind()[kind])

    official.check(xml)
    assert official.findings(xml) == []


def test_late_calls_outside_the_period_of_the_document_are_found(official, samples):
    xml = build_xml(samples.with_late_calls())
    narrow = xml.replace(b"<cbc:StartDate>2027-01-01", b"<cbc:StartDate>2027-04-01", 1)

    assert "PEPPOL-EN16931-R110" in {finding.rule for finding in official.findings(narrow) if finding.fatal}
    with pytest.raises(DocumentRefused, match="R110") as refused:
        official.check(narrow)
    assert refused.value.document == "FAK-2027-000123"


def test_a_wrong_ean_number_is_found(official, samples):
    invoice = samples.invoice()
    wrong = replace(invoice, buyer=replace(invoice.buyer, ean="5790000000000"))

    assert "PEPPOL-COMMON-R040" in {finding.rule for finding in official.findings(build_xml(wrong))}


def test_the_schema_is_checked_where_the_folder_has_it(official, samples):
    if not (official.folder / "xsd").exists():
        pytest.skip("the folder SP_EINVOICE_RULES names has no UBL schema")
    root = etree.fromstring(build_xml(samples.invoice()))
    currency = root.find(f"{{{CBC}}}DocumentCurrencyCode")
    root.find(f"{{{CAC}}}TaxTotal").addprevious(currency)

    assert "UBL schema" in {finding.rule for finding in official.findings(etree.tostring(root))}


def test_a_warning_does_not_stop_a_document(official, samples):
    root = etree.fromstring(build_xml(samples.invoice()))
    root.find(f".//{{{CAC}}}PartyTaxScheme/{{{CBC}}}CompanyID").set("schemeID", "DK:SE")
    xml = etree.tostring(root)

    assert [(finding.rule, finding.fatal) for finding in official.findings(xml)] == [("UBL-CR-652", False)]
    official.check(xml)


def test_the_log_line_names_the_folder(official):
    assert str(official.folder) in rules.describe(official)


def test_without_a_folder_the_gate_is_off_and_says_so():
    assert rules.load(None) is None
    assert "SP_EINVOICE_RULES is not set" in rules.describe(None)


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(RulesUnusableError, match="no folder"):
        rules.load(tmp_path / "nowhere")


@pytest.mark.parametrize("missing", STYLESHEETS)
def test_a_missing_rule_set_is_an_error(tmp_path, missing):
    for name in STYLESHEETS:
        if name != missing:
            (tmp_path / name).write_text("<x/>")

    with pytest.raises(RulesUnusableError, match=f"{missing} is missing"):
        rules.load(tmp_path)


def test_half_a_schema_is_an_error(tmp_path):
    for name in STYLESHEETS:
        (tmp_path / name).write_text("<x/>")
    (tmp_path / "xsd").mkdir()

    with pytest.raises(RulesUnusableError, match=r"UBL-Invoice-2\.1\.xsd is missing"):
        rules.load(tmp_path)


def test_a_missing_library_is_an_error(tmp_path, monkeypatch):
    for name in STYLESHEETS:
        (tmp_path / name).write_text("<x/>")
    monkeypatch.setitem(sys.modules, "saxonche", None)  # what importing it finds where it is not installed

    with pytest.raises(RulesUnusableError, match=r"requirements/einvoice\.lock"):
        rules.load(tmp_path)


def test_a_rule_set_that_cannot_be_compiled_is_an_error(official, tmp_path):
    for name in STYLESHEETS:
        (tmp_path / name).write_text("this is no stylesheet")

    with pytest.raises(RulesUnusableError, match="cannot be compiled"):
        rules.load(tmp_path)
