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


FILES = (File("/helpdesk/organisationer/opret-mange/skabelon", HELPDESK, "helpdesk"),)

PAGES = (
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
    act("/mails/{notice_id}/proev-igen", (("notice_id", "failed_notice"),)),
)
