"""Real, public certificates, where they are at hand: what they say must be what is read."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.registry.domain.certificate import SameHolder, read_certificate, same_holder
from services.registry.domain.judgement import judge
from services.registry.domain.refusal import CertificateRefused
from services.registry.domain.serial import Meaning, read_serial
from services.registry.domain.trust import Trust


@pytest.fixture
def index(real_certificates: Path) -> list[dict[str, str]]:
    with (real_certificates / "INDEX.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@pytest.fixture
def real_trust(real_certificates: Path) -> Trust:
    authorities = {env: sorted(real_certificates.glob(f"ca-*-{env}-*.pem")) for env in ("prod", "test")}
    production, test = ([(file.name, file.read_bytes()) for file in files] for files in authorities.values())
    return Trust.of(production=production, test=test)


def test_each_says_what_its_index_entry_says(real_certificates: Path, index: list[dict[str, str]]) -> None:
    read = 0
    for row in index:
        data = (real_certificates / row["file"]).read_bytes()
        if row["file"].startswith(("ca-", "notoces-")):
            with pytest.raises(CertificateRefused) as caught:
                read_certificate(data)
            assert caught.value.code == "certificate.not_oces", row["file"]
            continue
        certificate = read_certificate(data)
        generation, kind, *_ = row["file"].split("-")
        assert (certificate.generation.value.lower(), certificate.kind.value.lower()) == (generation, kind)
        assert certificate.thumbprint_sha256 == row["sha256"]
        assert certificate.subject_serial == row["subject_serial"]
        assert certificate.x509_serial == int(row["x509_serial_dec"])
        assert certificate.x509_serial_hex == row["x509_serial_hex"]
        assert f"{certificate.valid_from:%Y-%m-%d %H:%M:%S}" == row["not_before"]
        assert f"{certificate.valid_to:%Y-%m-%d %H:%M:%S}" == row["not_after"]
        assert (certificate.key_type, certificate.key_size) == ("RSA", int(row["key"]))
        assert f"CN={certificate.common_name}" in row["subject"]
        if kind == "poces":
            assert certificate.cvr is None
        else:
            assert certificate.cvr is not None
            assert f"CVR:{certificate.cvr}" in row["subject"] or f"NTRDK-{certificate.cvr}" in row["subject"]
            assert certificate.organisation_name is not None
            assert f"O={certificate.organisation_name}" in row["subject"]
        for text in (
            row["x509_serial_hex"],
            row["x509_serial_dec"],
            row["subject_serial"],
            row["subject"],
            row["sha256"],
        ):
            assert read_serial(text).matches(certificate), text
        assert read_serial(row["subject"]).readings[0].meaning is Meaning.SUBJECT_SERIAL
        read += 1
    assert read == 14


def test_each_is_judged_by_its_kind_its_authority_and_its_time(
    real_certificates: Path, index: list[dict[str, str]], real_trust: Trust
) -> None:
    judged = set()
    for row in index:
        if row["file"].startswith(("ca-", "notoces-")):
            continue
        certificate = read_certificate((real_certificates / row["file"]).read_bytes())
        begins = datetime.fromisoformat(row["not_before"]).replace(tzinfo=UTC)
        ends = datetime.fromisoformat(row["not_after"]).replace(tzinfo=UTC)
        for environment in ("production", "test"):
            for at in (begins - timedelta(days=1), begins + timedelta(days=1), ends + timedelta(days=1)):
                if certificate.kind in {"MOCES", "POCES"}:
                    expected = "certificate.kind_not_accepted"
                elif at < begins:
                    expected = "certificate.not_yet_valid"
                elif at > ends:
                    expected = "certificate.expired"
                elif environment == "production" and "prodca" not in row["file"]:
                    expected = "certificate.wrong_environment"
                else:
                    expected = "accepted"
                try:
                    judge(certificate, environment=environment, trust=real_trust, now=at)
                    answer = "accepted"
                except CertificateRefused as error:
                    answer = error.code
                assert answer == expected, (row["file"], environment, at)
                judged.add(answer)
    assert len(judged) == 5


def test_none_is_trusted_by_the_demonstrations_authorities(
    real_certificates: Path, index: list[dict[str, str]], trust: Trust
) -> None:
    for row in index:
        if "-foces-" in row["file"] or "-voces-" in row["file"]:
            certificate = read_certificate((real_certificates / row["file"]).read_bytes())
            with pytest.raises(CertificateRefused) as caught:
                judge(certificate, environment="test", trust=trust, now=certificate.valid_from)
            assert caught.value.code == "certificate.untrusted_issuer"


def test_renewals_are_known_and_the_change_of_generation_is_warned_about(real_certificates: Path) -> None:
    def read(name: str):
        return read_certificate((real_certificates / f"{name}.pem").read_bytes())

    old, new = (
        read("oces3-voces-system-expired-kombit-demoklient-2023"),
        read("oces3-voces-system-valid-kombit-demoklient-2026"),
    )
    assert same_holder(old, new) is SameHolder.YES
    assert (
        same_holder(read("oces2-voces-expired-tu-gyldig-2017"), read("oces2-voces-expired-tu-gyldig-2019"))
        is SameHolder.YES
    )
    assert same_holder(read("oces2-foces-expired-kombit-demo-serv"), old) is SameHolder.SAME_ORGANISATION
    assert same_holder(read("oces3-voces-organisation-dinovino-o1"), old) is SameHolder.NO
