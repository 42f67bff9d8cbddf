"""The supplier's pages: what is one supplier's own no other has; a municipality may be a supplier too."""

from __future__ import annotations

from tests.browser.declared.route import ANY_SUPPLIER, OTHER_SUPPLIERS, SUPPLIERS, Act, File, Page

BY = ("supplier", "supplier_user")
ALL = ("supplier", "both", "test_supplier")
ADMINISTRATOR = frozenset({"supplier"})
Example = tuple[tuple[str, str], ...]


def page(path: str, example: Example = (), query: str = "", note: str = "") -> Page:
    """A page of every supplier, with what is its own in it."""
    return Page(f"/leverandoer{path}", ANY_SUPPLIER, ALL, example, query, note)


def own(path: str, example: Example, query: str = "", note: str = "") -> Page:
    """A page about what is Nordlys Fagsystemer's; where the address asks for it, others get theirs without it."""
    others = OTHER_SUPPLIERS if "{" in query else frozenset[str]()
    return Page(f"/leverandoer{path}", SUPPLIERS, BY, example, query, note, own=others)


def act(path: str, example: Example = (), who: frozenset[str] = SUPPLIERS, **form: str) -> Act:
    return Act(f"/leverandoer{path}", who, example, tuple(form.items()))


def system(name: str = "system") -> Example:
    return (("system_id", name),)


def agreement(name: str = "agreement") -> Example:
    return (("agreement_id", name),)


REQUEST = (("request_id", "request"),)
TRIAL = (("trial_id", "trial"),)
CERTIFICATE = (*system(), ("certificate_id", "certificate"))

FILES = (
    File("/leverandoer/forbrug/csv", ANY_SUPPLIER, "supplier"),
    File("/leverandoer/forbrug/csv", ANY_SUPPLIER, "supplier", query="vis=dag"),
)

PAGES = (
    page(""),
    page("/it-systemer"),
    page("/it-systemer", query="q=findes-ikke", note="without a hit"),
    page("/it-systemer/nyt"),
    own("/it-systemer/{system_id:uuid}", system()),
    own("/it-systemer/{system_id:uuid}", system("test_system"), note="in test"),
    own("/it-systemer/{system_id:uuid}", system("paused_system"), note="paused"),
    own("/it-systemer/{system_id:uuid}", system("gone_system"), note="deactivated"),
    own("/it-systemer/{system_id:uuid}", system("idle_system"), note="without calls"),
    own("/it-systemer/{system_id:uuid}/navn", system()),
    own("/it-systemer/{system_id:uuid}/kald", system()),
    own("/it-systemer/{system_id:uuid}/kald", system(), query="service=x", note="with errors"),
    own("/it-systemer/{system_id:uuid}/{act}", (*system(), ("act", "=pause"))),
    own("/it-systemer/{system_id:uuid}/{act}", (*system("paused_system"), ("act", "=genoptag")), note="again"),
    own("/it-systemer/{system_id:uuid}/{act}", (*system(), ("act", "=nedlaeg")), note="for good"),
    own("/it-systemer/{system_id:uuid}/certifikater/nyt", system()),
    own("/it-systemer/{system_id:uuid}/certifikater/{certificate_id:uuid}/fjern", CERTIFICATE),
    page("/serviceaftaler"),
    page("/serviceaftaler", query="q=findes-ikke", note="without a hit"),
    page("/serviceaftaler", query="tilstand=approved&sort=-municipality"),
    page("/serviceaftaler/ny"),
    own("/serviceaftaler/ny", (("copied", "agreement_rejected"),), query="kopi={copied}", note="as a copy"),
    own("/serviceaftaler/{agreement_id:uuid}", agreement()),
    own("/serviceaftaler/{agreement_id:uuid}", agreement("agreement_waiting_elsewhere"), note="waiting"),
    own("/serviceaftaler/{agreement_id:uuid}", agreement("agreement_partly"), note="approved in part"),
    own("/serviceaftaler/{agreement_id:uuid}", agreement("agreement_rejected"), note="rejected"),
    own("/serviceaftaler/{agreement_id:uuid}", agreement("agreement_terminated"), note="terminated"),
    own("/serviceaftaler/{agreement_id:uuid}", agreement("agreement_withdrawn"), note="withdrawn"),
    own("/serviceaftaler/{agreement_id:uuid}/opsig", agreement()),
    own("/serviceaftaler/{agreement_id:uuid}/traek-tilbage", agreement("agreement_waiting_elsewhere")),
    own("/serviceaftaler/{agreement_id:uuid}/traek-tilbage", agreement(), note="answered already"),
    page("/anmodninger"),
    own("/anmodninger/{request_id:uuid}", REQUEST),
    own("/anmodninger/{request_id:uuid}/traek-tilbage", REQUEST),
    page("/proevetilslutninger"),
    page("/proevetilslutninger", query="tilstand=closed"),
    page("/proevetilslutninger/ny"),
    own("/proevetilslutninger/{trial_id:uuid}", TRIAL),
    own("/proevetilslutninger/{trial_id:uuid}", (("trial_id", "closed_trial"),), note="closed"),
    own("/proevetilslutninger/{trial_id:uuid}/luk", TRIAL),
    page("/forbrug"),
    page("/forbrug", query="vis=dag"),
    page("/forbrug", query="miljoe=test&vis=kommune"),
    page("/forbrug", (("last", "quarter"),), query="kvartal={last}&vis=system", note="last quarter"),
    page("/afviste-kald"),
    page("/afviste-kald", query="kvartal=alle&tilstand=alle"),
    page("/kald"),
    page("/kald", query="id=findes-ikke", note="without a hit"),
    own("/kald", (("call", "refused_call"),), query="id={call}", note="refused"),
)

ACTS = (
    act("/it-systemer/nyt", who=ANY_SUPPLIER, name="", action="check"),
    act("/it-systemer/{system_id:uuid}/navn", system(), name="Omsorg"),
    act("/it-systemer/{system_id:uuid}/{act}", (*system("paused_system"), ("act", "=pause"))),
    act("/it-systemer/{system_id:uuid}/certifikater/nyt", system(), action="check"),
    act(
        "/it-systemer/{system_id:uuid}/certifikater/{certificate_id:uuid}/fjern",
        (*system(), ("certificate_id", "ended_certificate")),
    ),
    act("/serviceaftaler/ny", who=ANY_SUPPLIER, action="check"),
    act("/serviceaftaler/ny/send", who=ANY_SUPPLIER),
    act("/serviceaftaler/{agreement_id:uuid}/gensend", agreement()),
    act("/serviceaftaler/{agreement_id:uuid}/traek-tilbage", agreement()),
    act("/serviceaftaler/{agreement_id:uuid}/opsig", agreement("agreement_rejected"), ADMINISTRATOR, reason="Forbi."),
    act("/anmodninger/{request_id:uuid}/gensend", REQUEST),
    act("/anmodninger/{request_id:uuid}/traek-tilbage", (("request_id", "second_request"),)),
    act("/proevetilslutninger/ny", who=ANY_SUPPLIER),
    act("/proevetilslutninger/{trial_id:uuid}/luk", (("trial_id", "closed_trial"),)),
)
