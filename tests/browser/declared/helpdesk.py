"""The helpdesk's pages. Nobody else has any of them."""

from __future__ import annotations

from tests.browser.declared.route import HELPDESK, Act, File, Page

BY = ("helpdesk",)
ORGANISATION = (("organisation_id", "supplier"),)
MUNICIPALITY = (("organisation_id", "municipality"),)
PERSON = (*ORGANISATION, ("person_id", "person_at_supplier"))


def page(path: str, example: tuple[tuple[str, str], ...] = (), query: str = "", note: str = "") -> Page:
    return Page(f"/helpdesk{path}", HELPDESK, BY, example, query, note)


def act(path: str, example: tuple[tuple[str, str], ...] = (), **form: str) -> Act:
    return Act(f"/helpdesk{path}", HELPDESK, example, tuple(form.items()))


SERVICE = (("service_id", "service"),)
AGREEMENT = (("agreement_id", "agreement"),)
TRIAL = (("trial_id", "trial"),)
QUARTER = (("quarter", "quarter"),)
INVOICE = (("invoice_id", "invoice"),)
PARKED = (("service", "=notifier"), ("parked_id", "parked"))

FILES = (
    File("/helpdesk/organisationer/opret-mange/skabelon", HELPDESK, "helpdesk"),
    File("/helpdesk/fakturaer/{invoice_id}/{kind}", HELPDESK, "helpdesk", (*INVOICE, ("kind", "=pdf"))),
    File("/helpdesk/fakturaer/{invoice_id}/{kind}", HELPDESK, "helpdesk", (*INVOICE, ("kind", "=xml"))),
)

PAGES = (
    page(""),
    page("/find"),
    page("/find", query="q=fjord"),
    page("/find", query="q=findes-ikke", note="without a hit"),
    page("/organisationer"),
    page("/organisationer", query="q=findes-ikke", note="without a hit"),
    page("/organisationer", query="kind=supplier"),
    page("/organisationer/opret"),
    page("/organisationer/opret-mange"),
    page("/organisationer/{organisation_id}", ORGANISATION),
    page("/organisationer/{organisation_id}", MUNICIPALITY, note="a municipality"),
    page("/organisationer/{organisation_id}/ret", MUNICIPALITY),
    page("/organisationer/{organisation_id}/luk", ORGANISATION),
    page("/organisationer/{organisation_id}/personer/inviter", MUNICIPALITY),
    page("/organisationer/{organisation_id}/personer/{person_id}", PERSON),
    page(
        "/organisationer/{organisation_id}/personer/{person_id}",
        (*ORGANISATION, ("person_id", "invited_at_supplier")),
        note="who has not come yet",
    ),
    page(
        "/organisationer/{organisation_id}/personer/{person_id}",
        (*ORGANISATION, ("person_id", "gone_at_supplier")),
        note="who is there no longer",
    ),
    page("/personer/{person_id}", (("person_id", "person_at_supplier"),)),
    *(
        page("/serviceaftaler/{agreement_id}", (("agreement_id", key),), note=key)
        for key in ("agreement", "agreement_waiting", "agreement_rejected", "agreement_terminated")
    ),
    page("/serviceaftaler"),
    page("/serviceaftaler", query="q=findes-ikke", note="without a hit"),
    page("/serviceaftaler/{agreement_id}/opsig", AGREEMENT),
    page("/anmodninger/{request_id}", (("request_id", "request"),)),
    page("/proevetilslutninger/{trial_id}", TRIAL),
    page("/proevetilslutninger/{trial_id}", (("trial_id", "closed_trial"),), note="closed"),
    page("/it-systemer/{system_id}", (("system_id", "system"),)),
    page("/it-systemer/{system_id}", (("system_id", "test_system"),), note="in external test"),
    page("/kald", (("call", "refused_call"),), query="id={call}"),
    page("/services"),
    page("/services/opret"),
    page("/services/{service_id}", SERVICE),
    page("/services/{service_id}/ret", SERVICE),
    page("/services/{service_id}/pris", SERVICE),
    page("/afregning"),
    page("/afregning/{quarter}", QUARTER),
    page("/fakturaer/{invoice_id}", INVOICE),
    page("/drift"),
    page("/log"),
    page("/parkerede"),
    page("/parkerede/{service}/{parked_id}", PARKED),
    page("/mails"),
    page("/mails", query="state=failed"),
    page("/mails/{notice_id}", (("notice_id", "notice"),)),
    page("/mails/{notice_id}", (("notice_id", "failed_notice"),), note="failed"),
)

ACTS = (
    act("/find", q="omsorg"),
    act("/organisationer/opret", name="Ny leverandør", cvr="90000004", kinds="supplier"),
    act("/organisationer/opret-mange", lines="navn;cvr"),
    act("/organisationer/opret-mange/opret", lines="navn;cvr"),
    act("/organisationer/{organisation_id}/ret", ORGANISATION, name="Et andet navn"),
    act("/organisationer/{organisation_id}/luk", ORGANISATION),
    act("/organisationer/{organisation_id}/aabn", ORGANISATION),
    act("/organisationer/{organisation_id}/personer/inviter", ORGANISATION, name="En ny", email="ny@people.example"),
    act("/organisationer/{organisation_id}/personer/{person_id}", PERSON, name="Et andet navn"),
    act("/organisationer/{organisation_id}/personer/{person_id}/aktiv", PERSON, active="0"),
    act("/organisationer/{organisation_id}/personer/{person_id}/invitation", PERSON),
    act("/serviceaftaler/{agreement_id}/opsig", AGREEMENT, reason="Kontrakten er ophørt."),
    act("/proevetilslutninger/{trial_id}/luk", TRIAL),
    act("/services/opret", name="En service", version="1", number="SF1", entity_id="http://service.example/x"),
    act("/services/{service_id}/ret", SERVICE, name="En anden service"),
    act("/services/{service_id}/pris", SERVICE, starts="2028-01-01", per_call="1"),
    act("/parkerede/{service}/{parked_id}/proev-igen", PARKED),
    act("/parkerede/{service}/{parked_id}/opgiv", PARKED, reason="Kan ikke læses."),
    act("/mails/{notice_id}/proev-igen", (("notice_id", "failed_notice"),)),
)
