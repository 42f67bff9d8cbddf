"""The municipality's pages: read by all its people, decided on by its signatories alone."""

from __future__ import annotations

from tests.browser.declared.route import ANY_MUNICIPALITY, MUNICIPALITY, OTHER_MUNICIPALITIES, Act, File, Page

SIGNATORIES = frozenset({"signatory"})
INVOICES = frozenset({"administrator", "signatory", "economy"})
AGREEMENT = (("agreement_id", "agreement"),)
WAITING = (("agreement_id", "agreement_waiting"),)
INVOICE = (("invoice_id", "invoice"),)
LINE = (*INVOICE, ("position", "=1"))
AGREEMENTS = "/kommune/serviceaftaler"
INVOICED = "/kommune/fakturaer"
EVERY_ROLE = ("signatory", "administrator", "economy", "municipality_user")
OTHERS = OTHER_MUNICIPALITIES
NOT_SIGNATORIES = MUNICIPALITY - SIGNATORIES

FILES = (
    File("/kommune/forbrug/csv", ANY_MUNICIPALITY, "economy"),
    File(INVOICED + "/{invoice_id}/linjer/{position}/csv", INVOICES, "economy", LINE),
    File(INVOICED + "/{invoice_id}/{kind}", INVOICES, "economy", (*INVOICE, ("kind", "=pdf"))),
    File(INVOICED + "/{invoice_id}/{kind}", INVOICES, "economy", (*INVOICE, ("kind", "=xml"))),
)

PAGES = (
    Page("/kommune", ANY_MUNICIPALITY, (*EVERY_ROLE, "both", "foreign_municipality")),
    Page(AGREEMENTS, ANY_MUNICIPALITY, (*EVERY_ROLE, "both")),
    Page(AGREEMENTS, ANY_MUNICIPALITY, ("signatory",), query="q=findes-ikke", note="without a hit"),
    Page(AGREEMENTS, ANY_MUNICIPALITY, ("signatory",), query="state=requested"),
    Page(AGREEMENTS + "/{agreement_id}", MUNICIPALITY, EVERY_ROLE, WAITING, note="to be decided"),
    Page(AGREEMENTS + "/{agreement_id}", MUNICIPALITY, EVERY_ROLE, AGREEMENT, note="approved"),
    *(
        Page(AGREEMENTS + "/{agreement_id}", frozenset({who}), (who,), (("agreement_id", key),), note=key)
        for key, who in (
            ("agreement_of_foreign_municipality", "foreign_municipality"),
            ("agreement_at_both", "both"),
        )
    ),
    Page(AGREEMENTS + "/{agreement_id}/godkend", SIGNATORIES, ("signatory",), WAITING, led_on=NOT_SIGNATORIES),
    Page(AGREEMENTS + "/{agreement_id}/afvis", SIGNATORIES, ("signatory",), WAITING, led_on=NOT_SIGNATORIES),
    Page(AGREEMENTS + "/{agreement_id}/opsig", SIGNATORIES, ("signatory",), AGREEMENT, led_on=NOT_SIGNATORIES),
    Page(
        AGREEMENTS + "/godkend-flere",
        SIGNATORIES,
        ("signatory",),
        (("one", "agreement_waiting"), ("two", "second_agreement_waiting")),
        query="agreement_id={one}&agreement_id={two}",
        led_on=NOT_SIGNATORIES,
        own=OTHERS,
    ),
    Page(
        AGREEMENTS + "/godkendt-flere",
        MUNICIPALITY,
        ("signatory",),
        (("one", "agreement"), ("two", "second_agreement_waiting")),
        query="agreement_id={one}&agreement_id={two}:agreement.not_waiting",
        own=OTHERS,
    ),
    Page("/kommune/forbrug", ANY_MUNICIPALITY, EVERY_ROLE),
    Page("/kommune/forbrug", ANY_MUNICIPALITY, ("economy",), (("quarter", "quarter"),), query="quarter={quarter}"),
    Page("/kommune/forbrug", ANY_MUNICIPALITY, ("economy",), query="quarter=2026Q1", note="without any"),
    Page(INVOICED, INVOICES | OTHERS, ("economy", "administrator", "signatory", "both")),
    Page(INVOICED + "/{invoice_id}", INVOICES, ("economy",), INVOICE),
    Page(INVOICED + "/{invoice_id}/linjer/{position}", INVOICES, ("economy",), LINE),
)

ACTS = (
    Act(AGREEMENTS + "/{agreement_id}/godkend", SIGNATORIES, WAITING, (("service_id", "{service}"),)),
    Act(AGREEMENTS + "/{agreement_id}/afvis", SIGNATORIES, WAITING, (("chosen", "not_ours"),)),
    Act(AGREEMENTS + "/{agreement_id}/opsig", SIGNATORIES, AGREEMENT, (("chosen", "not_used"), ("sure", "yes"))),
    Act(AGREEMENTS + "/godkend-flere", SIGNATORIES, form=(("agreement_id", "{agreement_waiting}"),), own=OTHERS),
)
