"""What a supplier pastes is understood and judged before it is registered."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from demo.authority import Authority
from tests.flows.registry.conftest import Registry
from tests.flows.registry.systems import CVR, Supplier, issue, supplier
from tests.tokens import as_helpdesk, as_person, as_system


@pytest.fixture
async def ours(registry: Registry) -> Supplier:
    return await supplier(registry)


async def read(who: Supplier, text: str) -> dict[str, Any]:
    answer = await who.post("/certificates/read", {"text": text})
    assert answer.status_code == 200, answer.text
    understood: dict[str, Any] = answer.json()
    return understood


async def test_a_certificate_is_understood_and_judged_for_each_environment(
    registry: Registry, authority: Authority, ours: Supplier
) -> None:
    issued = issue(authority, "VOCES", environment="test")

    understood = await read(ours, issued.certificate_pem.decode())

    assert (understood["what"], understood["serial"], understood["registered"]) == ("certificate", None, [])
    certificate = understood["certificate"]
    assert (certificate["kind"], certificate["generation"], certificate["cvr"]) == ("VOCES", "OCES3", CVR)
    assert certificate["subject_serial"] == issued.subject_serial
    assert int(certificate["x509_serial"], 16) == int(certificate["x509_serial_decimal"])
    assert certificate["key"] == "RSA 2048"
    environments = understood["environments"]
    assert (environments["production"]["accepted"], environments["production"]["code"]) == (
        False,
        "certificate.wrong_environment",
    )
    test = environments["test"]
    assert (test["accepted"], test["code"], test["detail"]) == (True, None, None)
    assert all(check["ok"] for check in test["checks"])
    assert [check["check"] for check in environments["production"]["checks"] if not check["ok"]] == ["issuer"]
    assert await registry.fetch("SELECT * FROM certificates") == []


async def test_what_would_be_refused_says_why(registry: Registry, authority: Authority, ours: Supplier) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    used = issue(authority)
    system = await ours.register(used)
    cases = {
        "certificate.kind_not_accepted": issue(authority, "MOCES", name="Inger Lindholt"),
        "certificate.expired": issue(authority, valid_to=now - timedelta(hours=1)),
        "certificate.untrusted_issuer": issue(authority, environment="untrusted"),
        "certificate.already_used": used,
    }
    for code, issued in cases.items():
        environments = (await read(ours, issued.certificate_pem.decode()))["environments"]
        assert {name: (one["accepted"], one["code"]) for name, one in environments.items()} == {
            "production": (False, code),
            "test": (False, code),
        }
    (match,) = (await read(ours, used.certificate_pem.decode()))["registered"]
    assert (match["system_id"], match["ended"]) == (system["id"], False)
    bad = issue(authority, "MOCES", name="Inger Lindholt", valid_to=now - timedelta(hours=1), cvr="25052943")
    told = (await read(ours, bad.certificate_pem.decode()))["environments"]["production"]
    failed = [check["code"] for check in told["checks"] if not check["ok"]]
    assert failed == ["certificate.kind_not_accepted", "certificate.expired", "certificate.foreign_holder"]
    assert told["code"] == failed[0]
    tester = await supplier(registry, name="Testleverandør", cvr="11111111", test=True)
    environments = (await read(tester, issue(authority).certificate_pem.decode()))["environments"]
    assert environments["production"]["code"] == "system.test_organisation"
    assert environments["test"]["accepted"] is True


async def test_a_pasted_number_is_understood_and_found_among_ones_own(
    registry: Registry, authority: Authority, ours: Supplier
) -> None:
    issued = issue(authority, "FOCES")
    system = await ours.register(issued)
    await ours.register(issue(authority), name="Andet")
    shown = system["certificates"][0]
    theirs = await supplier(registry, name="Anden IT ApS", cvr="87654338")

    texts = {
        shown["subject_serial"]: "subject_serial",
        f"SERIALNUMBER={shown['subject_serial'].lower()}, O=X": "subject_serial",
        f"0x{shown['x509_serial']}": "x509_serial",
        "\u200e" + ":".join(shown["thumbprint_sha256"][place : place + 2] for place in range(0, 64, 2)): (
            "thumbprint_sha256"
        ),
        shown["x5t_s256"]: "thumbprint_sha256",
    }
    for text, meaning in texts.items():
        understood = await read(ours, text)
        assert (understood["what"], understood["certificate"], understood["environments"]) == ("serial", None, None)
        assert understood["serial"]["readings"][0]["meaning"] == meaning, text
        assert [match["system_id"] for match in understood["registered"]] == [system["id"]], text
        assert (await read(theirs, text))["registered"] == []
    ambiguous = (await read(ours, "58181234"))["serial"]
    assert ambiguous["ambiguous"] is True
    assert len(ambiguous["readings"]) > 1


async def test_what_is_neither_is_refused_and_a_private_key_never_repeated(
    authority: Authority, ours: Supplier
) -> None:
    key = issue(authority).private_key_pem.decode()
    cases = {
        "serial.unreadable": "hej!",
        "certificate.unreadable": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        "certificate.private_key": key,
    }
    for code, text in cases.items():
        answer = await ours.post("/certificates/read", {"text": text})
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert text[40:80] not in answer.text or code != "certificate.private_key"
    assert key.splitlines()[5] not in (await ours.post("/certificates/read", {"text": key})).text


async def test_only_suppliers_people_read(registry: Registry, authority: Authority) -> None:
    body = {"text": issue(authority).certificate_pem.decode()}
    for headers, status in (
        ({}, 401),
        (as_helpdesk(), 403),
        (as_person(["municipality"], "administrator"), 403),
        (as_person(["supplier"], "signatory"), 403),
        (as_system(uuid4(), uuid4()), 403),
        (as_person(["supplier"], "administrator"), 200),
        (as_person(["supplier"], "user"), 200),
    ):
        answer = await registry.client.post("/certificates/read", json=body, headers=headers)
        assert answer.status_code == status
