"""Suppliers register systems, pause them, end them, and renew their certificates."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from demo.authority import Authority
from services.registry.__main__ import SERVICE
from shared.contracts.registry import (
    CertificateBound,
    CertificateEnded,
    CertificateRestated,
    SystemChanged,
    SystemRegistered,
    SystemRestated,
)
from tests.flows.registry.conftest import Registry
from tests.flows.registry.systems import CVR, Supplier, issue, supplier, x5t
from tests.tokens import as_helpdesk, as_person


@pytest.fixture
async def ours(registry: Registry) -> Supplier:
    return await supplier(registry)


@pytest.fixture
async def theirs(registry: Registry) -> Supplier:
    return await supplier(registry, name="Anden IT ApS", cvr="87654338")


@pytest.mark.parametrize("kind", ["FOCES", "VOCES"])
async def test_a_system_is_registered_and_everyone_is_told(
    registry: Registry, authority: Authority, ours: Supplier, kind: str
) -> None:
    issued = issue(authority, kind)

    system = await ours.register(issued)

    assert (system["name"], system["environment"], system["state"]) == ("Omsorg", "production", "registered")
    assert system["supplier_id"] == str(ours.id)
    assert system["warnings"] == []
    (certificate,) = system["certificates"]
    assert (certificate["kind"], certificate["state"]) == (kind, "in_use")
    assert certificate["x5t_s256"] == x5t(issued)
    assert certificate["subject_serial"] == issued.subject_serial
    told = [event.system for event in await registry.said(SystemRegistered)]
    assert [(str(one.id), one.sequence, one.state, len(one.active)) for one in told] == [
        (system["id"], 1, "registered", 1)
    ]
    assert told[0].active[0].ends is None
    (bound,) = [event.certificate for event in await registry.said(CertificateBound)]
    assert (str(bound.id), str(bound.system_id), bound.environment) == (certificate["id"], system["id"], "production")
    assert bound.x5t_s256 == x5t(issued)
    assert bound.public_key_pem.startswith("-----BEGIN PUBLIC KEY-----")
    assert [(one.starts == told[0].active[0].starts, one.ends) for one in bound.bound] == [(True, None)]


async def test_each_refused_certificate_says_why_and_leaves_nothing(
    registry: Registry, authority: Authority, ours: Supplier
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    taken = issue(authority)
    await ours.register(taken)
    tries = {
        "certificate.kind_not_accepted": issue(authority, "MOCES", name="Inger Lindholt").certificate_pem,
        "certificate.expired": issue(authority, valid_to=now - timedelta(hours=1)).certificate_pem,
        "certificate.not_yet_valid": issue(authority, valid_from=now + timedelta(days=1)).certificate_pem,
        "certificate.untrusted_issuer": issue(authority, environment="untrusted").certificate_pem,
        "certificate.wrong_environment": issue(authority, environment="test").certificate_pem,
        "certificate.unreadable": b"hello",
        "certificate.private_key": taken.private_key_pem,
        "certificate.already_used": taken.certificate_pem,
    }
    answers = {code: await ours.try_register(pem, name="Nyt") for code, pem in tries.items()}

    assert {wanted: answer.json()["code"] for wanted, answer in answers.items()} == {code: code for code in tries}
    statuses = {code: answer.status_code for code, answer in answers.items()}
    assert statuses.pop("certificate.already_used") == 409
    assert set(statuses.values()) == {422}
    assert len({answer.json()["detail"] for answer in answers.values()}) == len(answers)
    assert len((await ours.get("/systems")).json()["items"]) == 1
    for table, rows in {"systems": 1, "certificates": 1, "certificate_holders": 1, "system_history": 2}.items():
        assert (await registry.fetch(f"SELECT count(*) FROM {table}"))[0]["count"] == rows


async def test_a_certificate_is_used_for_good_whoever_has_it_and_whatever_its_state(
    authority: Authority, ours: Supplier, theirs: Supplier
) -> None:
    issued = issue(authority)
    renewed = issue(authority, subject_serial=issued.subject_serial)
    system = await ours.register(issued)
    body = {"certificate": renewed.certificate_pem.decode()}
    assert (await ours.post(f"/systems/{system['id']}/certificates", body)).status_code == 201
    first = system["certificates"][0]["id"]
    assert (await ours.post(f"/systems/{system['id']}/certificates/{first}/end")).status_code == 200
    assert (await ours.post(f"/systems/{system['id']}/deactivate")).status_code == 200

    for certificate in (issued, renewed, issue(authority, subject_serial=issued.subject_serial)):
        own = await ours.try_register(certificate.certificate_pem)
        foreign = await theirs.try_register(certificate.certificate_pem)

        assert [own.status_code, foreign.status_code] == [409, 409]
        assert own.json()["code"] == foreign.json()["code"] == "certificate.already_used"
        assert "Omsorg" in own.json()["detail"]
        assert system["id"] in own.json()["detail"]
        assert "Omsorg" not in foreign.json()["detail"]
        assert system["id"] not in foreign.text


async def test_of_many_who_register_one_certificate_at_once_one_wins(
    registry: Registry, authority: Authority, ours: Supplier, theirs: Supplier
) -> None:
    issued = issue(authority)
    renewed = issue(authority, subject_serial=issued.subject_serial)

    answers = await asyncio.gather(
        *(
            who.try_register(certificate.certificate_pem)
            for who in (ours, theirs)
            for certificate in (issued, renewed)
            for _ in range(3)
        )
    )

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 11
    assert len(await registry.said(SystemRegistered)) == 1
    assert (await registry.fetch("SELECT count(*) FROM systems"))[0]["count"] == 1


async def test_a_test_organisation_registers_for_external_test_only(registry: Registry, authority: Authority) -> None:
    tester = await supplier(registry, name="Testleverandør", cvr="11111111", test=True)
    issued = issue(authority, cvr="11111111")

    refused = await tester.try_register(issued.certificate_pem, environment="production")
    accepted = await tester.try_register(issued.certificate_pem, environment="test")

    assert (refused.status_code, refused.json()["code"]) == (422, "system.test_organisation")
    assert accepted.status_code == 201


async def test_external_test_takes_certificates_of_both_authorities(authority: Authority, ours: Supplier) -> None:
    for environment in ("production", "test"):
        await ours.register(issue(authority, environment=environment), environment="test")


async def test_another_organisations_certificate_is_taken_with_a_warning(
    authority: Authority, ours: Supplier
) -> None:
    system = await ours.register(issue(authority, cvr="87654338"))

    (warning,) = system["warnings"]
    assert "87654338" in warning
    assert CVR in warning


async def test_a_system_is_paused_resumed_and_deactivated(
    registry: Registry, authority: Authority, ours: Supplier
) -> None:
    system = await ours.register(issue(authority))
    path = f"/systems/{system['id']}"

    states = []
    for act in ("resume", "pause", "pause", "resume", "deactivate", "resume", "pause", "deactivate"):
        answer = await ours.post(f"{path}/{act}")
        states.append((act, answer.json().get("state") or answer.json()["code"]))

    assert states == [
        ("resume", "system.wrong_state"),
        ("pause", "paused"),
        ("pause", "system.wrong_state"),
        ("resume", "registered"),
        ("deactivate", "deactivated"),
        ("resume", "system.deactivated"),
        ("pause", "system.deactivated"),
        ("deactivate", "system.deactivated"),
    ]
    told = [event.system for event in await registry.said(SystemRegistered, SystemChanged)]
    assert [(one.sequence, one.state) for one in told] == [
        (1, "registered"),
        (2, "paused"),
        (3, "registered"),
        (4, "deactivated"),
    ]
    assert [[span.ends is None for span in one.active] for one in told] == [
        [True],
        [False],
        [False, True],
        [False, False],
    ]
    detail = (await ours.get(path)).json()
    assert [line["what"] for line in detail["history"]] == [
        "registered",
        "certificate bound",
        "paused",
        "resumed",
        "deactivated",
    ]
    audited = await registry.fetch("SELECT action FROM audit WHERE subject = $1 ORDER BY position", system["id"])
    assert [row["action"] for row in audited] == [
        "system.register",
        "system.pause",
        "system.resume",
        "system.deactivate",
    ]


async def test_of_two_who_pause_at_once_one_is_told_it_is_paused(authority: Authority, ours: Supplier) -> None:
    system = await ours.register(issue(authority))

    answers = await asyncio.gather(*(ours.post(f"/systems/{system['id']}/pause") for _ in range(4)))

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]


async def test_a_system_is_renamed(registry: Registry, authority: Authority, ours: Supplier) -> None:
    system = await ours.register(issue(authority))

    for name, sequence in (("Omsorg 2", 2), ("Omsorg 2", 2), ("Ældreomsorg", 3)):
        answer = await registry.client.patch(f"/systems/{system['id']}", json={"name": name}, headers=ours.headers)
        assert answer.json()["name"] == name
        changed = await registry.said(SystemChanged)
        assert (changed[-1].system.sequence, changed[-1].system.name) == (sequence, name)
    assert (await ours.post(f"/systems/{system['id']}/deactivate")).status_code == 200
    refused = await registry.client.patch(f"/systems/{system['id']}", json={"name": "X"}, headers=ours.headers)
    assert (refused.status_code, refused.json()["code"]) == (409, "system.deactivated")


async def test_a_certificate_is_renewed_with_overlap_and_the_old_one_ended(
    registry: Registry, authority: Authority, ours: Supplier
) -> None:
    issued = issue(authority)
    system = await ours.register(issued)
    path = f"/systems/{system['id']}/certificates"
    renewed = issue(authority, subject_serial=issued.subject_serial)

    last = await ours.post(f"{path}/{system['certificates'][0]['id']}/end")
    again = await ours.post(path, {"certificate": issued.certificate_pem.decode()})
    bound = await ours.post(path, {"certificate": renewed.certificate_pem.decode()})
    ended = await ours.post(f"{path}/{system['certificates'][0]['id']}/end")
    twice = await ours.post(f"{path}/{system['certificates'][0]['id']}/end")
    now_last = await ours.post(f"{path}/{bound.json()['certificate']['id']}/end")

    assert (last.status_code, last.json()["code"]) == (409, "certificate.last")
    assert (again.status_code, again.json()["code"]) == (409, "certificate.already_used")
    assert (bound.status_code, bound.json()["warnings"]) == (201, [])
    assert (ended.status_code, ended.json()["state"]) == (200, "ended")
    assert (twice.status_code, twice.json()["code"]) == (409, "certificate.ended")
    assert (now_last.status_code, now_last.json()["code"]) == (409, "certificate.last")
    (told,) = [event.certificate for event in await registry.said(CertificateEnded)]
    assert (str(told.id), told.sequence, told.bound[0].ends is None) == (system["certificates"][0]["id"], 2, False)
    shown = (await ours.get(f"/systems/{system['id']}")).json()["certificates"]
    assert [one["state"] for one in shown] == ["ended", "in_use"]


async def test_a_paused_systems_last_certificate_may_be_ended(authority: Authority, ours: Supplier) -> None:
    system = await ours.register(issue(authority))
    await ours.post(f"/systems/{system['id']}/pause")

    ended = await ours.post(f"/systems/{system['id']}/certificates/{system['certificates'][0]['id']}/end")

    assert ended.status_code == 200


async def test_a_renewal_has_the_same_holder(authority: Authority, ours: Supplier) -> None:
    system = await ours.register(issue(authority, "FOCES"))
    path = f"/systems/{system['id']}/certificates"

    new_generation = await ours.post(path, {"certificate": issue(authority).certificate_pem.decode()})
    stranger = await ours.post(path, {"certificate": issue(authority, cvr="87654338").certificate_pem.decode()})

    assert new_generation.status_code == 201
    assert "another than before" in new_generation.json()["warnings"][0]
    assert (stranger.status_code, stranger.json()["code"]) == (422, "certificate.other_holder")


async def test_a_system_has_at_most_five_certificates_in_use(authority: Authority, ours: Supplier) -> None:
    first = issue(authority)
    system = await ours.register(first)
    path = f"/systems/{system['id']}/certificates"
    renewals = [issue(authority, subject_serial=first.subject_serial) for _ in range(6)]

    answers = await asyncio.gather(
        *(ours.post(path, {"certificate": one.certificate_pem.decode()}) for one in renewals)
    )

    assert sorted(answer.status_code for answer in answers) == [201, 201, 201, 201, 409, 409]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"certificate.too_many"}


async def test_lists_go_page_by_page_in_the_order_of_registration(
    registry: Registry, authority: Authority, ours: Supplier, theirs: Supplier
) -> None:
    for number in range(5):
        await ours.register(issue(authority), name=f"System {number}")
    await theirs.register(issue(authority, cvr="87654338"), name="Andet")

    names, after = [], {}
    while True:
        page = (await ours.get("/systems", limit=2, **after)).json()
        names.append([system["name"] for system in page["items"]])
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    everyone = await registry.client.get("/systems", headers=as_helpdesk())
    one = await registry.client.get("/systems", params={"supplier_id": str(theirs.id)}, headers=as_helpdesk())
    foreign = await ours.get("/systems", supplier_id=str(theirs.id))

    assert names == [["System 0", "System 1"], ["System 2", "System 3"], ["System 4"]]
    assert len(everyone.json()["items"]) == 6
    assert [system["name"] for system in one.json()["items"]] == ["Andet"]
    assert foreign.json() == {"items": [], "next": None}


async def test_a_list_is_narrowed_by_name_state_and_environment(
    registry: Registry, authority: Authority, ours: Supplier
) -> None:
    omsorg = await ours.register(issue(authority), name="Omsorg")
    trial = await ours.register(issue(authority), name="Omsorg prøve", environment="test")
    await ours.post(f"/systems/{trial['id']}/pause")

    async def ids(**narrowed: str) -> list[str]:
        return [one["id"] for one in (await ours.get("/systems", **narrowed)).json()["items"]]

    assert await ids(q="OMSORG") == [omsorg["id"], trial["id"]]
    assert await ids(q="%") == []
    assert await ids(q=trial["id"]) == [trial["id"]]
    assert await ids(environment="test") == [trial["id"]]
    assert await ids(state="registered") == [omsorg["id"]]
    assert (await ours.get("/systems", state="sleeping")).status_code == 422


async def test_only_the_suppliers_own_people_act_on_its_systems(
    registry: Registry, authority: Authority, ours: Supplier, theirs: Supplier
) -> None:
    issued = issue(authority)
    system = await ours.register(issued)
    path = f"/systems/{system['id']}"
    certificate = system["certificates"][0]["id"]
    acts = [
        ("PATCH", path, {"name": "X"}),
        ("POST", f"{path}/pause", None),
        ("POST", f"{path}/resume", None),
        ("POST", f"{path}/deactivate", None),
        ("POST", f"{path}/certificates", {"certificate": issue(authority).certificate_pem.decode()}),
        ("POST", f"{path}/certificates/{certificate}/end", None),
    ]
    both = ["supplier", "municipality"]
    callers = {
        "nobody": ({}, 401),
        "helpdesk": (as_helpdesk(), 403),
        "municipality administrator": (as_person(["municipality"], "administrator"), 403),
        "municipality signatory": (as_person(["municipality"], "signatory"), 403),
        "both, but only signatory": (as_person(both, "signatory", "economy", organisation=ours.id), 403),
        "another supplier": (theirs.headers, 404),
        "another supplier's administrator": (as_person(["supplier"], "administrator"), 404),
    }
    for who, (headers, status) in callers.items():
        for method, url, body in acts:
            answer = await registry.client.request(method, url, json=body, headers=headers)
            assert answer.status_code == status, f"{who}: {method} {url}"
        register = await registry.client.post(
            "/systems",
            json={"name": "N", "environment": "test", "certificate": issued.certificate_pem.decode()},
            headers=headers,
        )
        assert register.status_code in ({401: {401}, 403: {403}, 404: {403, 409}}[status]), who
        looked = await registry.client.get(path, headers=headers)
        assert looked.status_code == (200 if who == "helpdesk" else status), who
        listed = await registry.client.get("/systems", headers=headers)
        assert listed.status_code == (200 if who == "helpdesk" or status == 404 else status), who
        if status == 404:
            assert listed.json()["items"] == []
    for role in ("administrator", "user"):
        headers = as_person(["supplier"], role, organisation=ours.id)
        assert (await registry.client.get(path, headers=headers)).json()["state"] == "registered"


async def test_what_is_sent_is_bounded(registry: Registry, authority: Authority, ours: Supplier) -> None:
    good = {"name": "N", "environment": "test", "certificate": issue(authority).certificate_pem.decode()}
    for change in (
        {"name": ""},
        {"name": "x" * 256},
        {"name": "a\x00b"},
        {"environment": "live"},
        {"certificate": ""},
        {"certificate": "A" * 200_001},
        {"more": 1},
    ):
        answer = await ours.post("/systems", {**good, **change})
        assert (answer.status_code, answer.json()["code"]) == (422, "request.not_valid"), change
    large = await ours.post("/systems", {**good, "certificate": "A" * 100_000})
    assert (large.status_code, large.json()["code"]) == (413, "certificate.too_large")
    assert (await ours.get("/systems", limit=501)).status_code == 422
    assert (await ours.get(f"/systems/{uuid.uuid4()}")).json()["code"] == "system.unknown"


async def test_everything_can_be_said_again(registry: Registry, authority: Authority, ours: Supplier) -> None:
    system = await ours.register(issue(authority))
    await ours.post(f"/systems/{system['id']}/pause")

    async with registry.running.database.transaction() as tx:
        assert await SERVICE.restate["system"](tx) == 1
        assert await SERVICE.restate["certificate"](tx) == 1

    (restated,) = await registry.said(SystemRestated)
    assert restated.system == (await registry.said(SystemChanged))[-1].system
    (certificate,) = await registry.said(CertificateRestated)
    assert certificate.certificate == (await registry.said(CertificateBound))[-1].certificate
    assert certificate.certificate.system_id == UUID(system["id"])
