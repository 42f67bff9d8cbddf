"""The story itself: what `make demo` plays, with fewer calls, on a platform of its own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from decimal import Decimal
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from deploy.local.places import PROJECT
from deploy.local.ports import free_block
from services.invoicing.documents import check_xml

CALLS = 4_000


@pytest.mark.timeout(280)
def test_from_a_suppliers_first_system_to_a_billed_quarter(tmp_path: Path) -> None:
    directory = tmp_path / "demo"
    played = subprocess.run(
        [
            sys.executable,
            "-m",
            "demo",
            f"--directory={directory}",
            f"--port={free_block().edge}",
            f"--calls={CALLS}",
        ],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert played.returncode == 0, f"{played.stdout}\n{played.stderr}"

    report = json.loads((directory / "report.json").read_text())
    rows = report["municipalities"]
    assert report["totals"]["sent"] >= CALLS
    for row in rows:
        assert row["sent"] == row["counted"] + sum(row["refused"].values()) + row["duplicates"]
    assert {reason for row in rows for reason in row["refused"]} >= {
        "signature.not_valid",
        "access.none",
        "access.ended",
    }
    assert sum(row["duplicates"] for row in rows) > 0

    billed = [row for row in rows if row["invoices"]]
    assert len(billed) >= 12
    for invoice in (invoice for row in billed for invoice in row["invoices"]):
        xml = directory / "invoices" / f"{invoice['number']}.xml"
        check_xml(xml.read_bytes())
        text = "".join(
            page.extract_text() for page in PdfReader(directory / "invoices" / f"{invoice['number']}.pdf").pages
        )
        assert invoice["number"] in text
        assert Decimal(invoice["net"]) == sum(Decimal(line["amount"]) for line in invoice["lines"])

    mails = [
        BytesParser(policy=policy.default).parsebytes(path.read_bytes())
        for path in (directory / "mail").glob("*.eml")
    ]
    kinds = {mail["X-Serviceplatform-Event"] for mail in mails}
    assert kinds >= {
        "user.link_issued.v1",
        "agreement.requested.v1",
        "agreement.approved.v1",
        "agreement.rejected.v1",
        "agreement.terminated.v1",
        "trial.opened.v1",
        "invoice.dispatched.v1",
    }
    approval = next(line for line in _lines(directory, "agreements") if line.get("route", "").endswith("/approve"))
    followed = {
        service
        for service in ("registry", "agreements", "notifier", "metering", "invoicing")
        for line in _lines(directory, service)
        if line.get("correlation_id") == approval["correlation_id"]
    }
    assert followed == {"registry", "agreements", "notifier", "metering", "invoicing"}
    logs = "".join(path.read_text() for path in (directory / "log").glob("*.log"))
    people = {name for mail in mails for name in re.findall(r"^Hej (.+)$", _text(mail), re.MULTILINE)}
    assert len(people) > 50
    assert not [name for name in people if name in logs], "a person's name stands in a log"
    addresses = {
        address
        for mail in mails
        for address in re.findall(r"[\w.-]+@[\w.-]+", str(mail["To"]))
        if "administrator" in address
    }
    assert addresses
    assert not [address for address in addresses if address in logs], "a person's address stands in a log"


def _lines(directory: Path, service: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (directory / "log" / f"{service}.log").read_text().splitlines()]


def _text(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())
