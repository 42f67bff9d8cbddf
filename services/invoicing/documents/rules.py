"""The second gate: the official Peppol rule sets, run on every document where an installation has them.

The rule sets are published by others and are not part of this project. An installation that wants them
names a folder (``SP_EINVOICE_RULES``) with these files in it:

* ``CEN-EN16931-UBL.xslt`` and ``PEPPOL-EN16931-UBL.xslt``: the compiled Schematron rules; both needed;
* ``xsd/maindoc/UBL-Invoice-2.1.xsd`` and ``UBL-CreditNote-2.1.xsd`` with what they import: the UBL 2.1
  schema; checked too when ``xsd`` is there.

They need the library in ``requirements/einvoice.lock``, which is large and therefore no part of the
ordinary installation. A folder that is named but cannot be used stops the service: it never silently
falls back to the exact checks alone.
"""

import importlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from lxml import etree

from services.invoicing.documents.invoice import DocumentRefused, Kind
from services.invoicing.documents.ubl import CBC, ROOTS

STYLESHEETS: Final = ("CEN-EN16931-UBL.xslt", "PEPPOL-EN16931-UBL.xslt")
SCHEMAS: Final = {
    Kind.INVOICE: "xsd/maindoc/UBL-Invoice-2.1.xsd",
    Kind.CREDIT_NOTE: "xsd/maindoc/UBL-CreditNote-2.1.xsd",
}
_SVRL: Final = "{http://purl.oclc.org/dsdl/svrl}"


class RulesUnusableError(Exception):
    """The folder of official rules is named, but they cannot be run."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule said of a document.

    :ivar rule: the rule's id, such as ``PEPPOL-EN16931-R110``.
    :ivar fatal: whether the document must not leave; otherwise a warning.
    :ivar location: where in the document, as an XPath.
    """

    rule: str
    fatal: bool
    location: str
    text: str


class OfficialRules:
    """The official rules, compiled once (half a second) and run in a thread of their own, one at a time.

    The library allows one processor per process, so one instance serves the whole service.
    Its methods may be called from any thread and block until done: tens of milliseconds a document,
    more for hundreds of lines.
    """

    def __init__(self, folder: Path) -> None:
        """:raises RulesUnusableError: a file or the library is missing, or cannot be used; it says which."""
        _require_files(folder)
        self.folder = folder
        self._schemas = _schemas(folder)
        saxon = _library()
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="einvoice-rules")
        try:
            self._run = self._worker.submit(_compile, saxon, folder).result()
        except Exception as error:
            self._worker.shutdown()
            raise RulesUnusableError(f"the official rules in {folder} cannot be compiled: {error}") from error

    @property
    def description(self) -> str:
        """One sentence for the log at start."""
        schema = "the UBL schema, " if self._schemas else ""
        return f"official e-invoice rules are on: {schema}{' and '.join(STYLESHEETS)} from {self.folder}"

    def findings(self, xml: bytes) -> list[Finding]:
        """Everything the rules say of a document, warnings too; empty for a clean one."""
        return self._schema_findings(xml) + self._worker.submit(self._run, xml).result()

    def check(self, xml: bytes) -> None:
        """Pass a document the rules have no fatal finding on.

        :raises DocumentRefused: with the first fatal finding's place, rule id and text.
        """
        for finding in self.findings(xml):
            if finding.fatal:
                number = etree.fromstring(xml).findtext(f"{{{CBC}}}ID")
                raise DocumentRefused(
                    document=number or "?",
                    field=finding.location,
                    value="refused by an official rule",
                    rule=f"{finding.rule}: {finding.text}",
                )

    def close(self) -> None:
        """End the thread."""
        self._worker.shutdown()

    def _schema_findings(self, xml: bytes) -> list[Finding]:
        root = etree.fromstring(xml)
        schema = self._schemas.get(str(root.tag))
        if schema is None or schema.validate(root):
            return []
        return [
            Finding("UBL schema", fatal=True, location=error.path or f"line {error.line}", text=error.message)
            for error in schema.error_log  # type: ignore[attr-defined]  # iterable, the stubs do not know
        ]


def load(folder: Path | None) -> OfficialRules | None:
    """The official rules of an installation, or None where it names no folder.

    :param folder: the setting ``SP_EINVOICE_RULES``.
    :raises RulesUnusableError: a folder is named and cannot be used.
    """
    return None if folder is None else OfficialRules(folder)


def describe(rules: OfficialRules | None) -> str:
    """Which gates documents pass before they leave: one sentence for the log at start."""
    if rules is not None:
        return rules.description
    return "official e-invoice rules are off (SP_EINVOICE_RULES is not set); the exact checks alone gate invoices"


def _require_files(folder: Path) -> None:
    if not folder.is_dir():
        raise RulesUnusableError(f"SP_EINVOICE_RULES names {folder}, which is no folder; name one or unset it")
    wanted = [*STYLESHEETS, *(SCHEMAS.values() if (folder / "xsd").exists() else ())]
    for name in wanted:
        if not (folder / name).is_file():
            raise RulesUnusableError(
                f"SP_EINVOICE_RULES names {folder}, where {name} is missing; put it there or unset the setting"
            )


def _schemas(folder: Path) -> dict[str, etree.XMLSchema]:
    if not (folder / "xsd").exists():
        return {}
    try:
        return {ROOTS[kind]: etree.XMLSchema(etree.parse(str(folder / name))) for kind, name in SCHEMAS.items()}
    except etree.LxmlError as error:
        raise RulesUnusableError(f"the UBL schema in {folder / 'xsd'} cannot be used: {error}") from error


def _library() -> Any:
    try:
        return importlib.import_module("saxonche")
    except ImportError as error:
        raise RulesUnusableError(
            "SP_EINVOICE_RULES is set, but the library that runs the rules is not installed; "
            "install requirements/einvoice.lock or unset the setting"
        ) from error


def _compile(saxon: Any, folder: Path) -> Callable[[bytes], list[Finding]]:
    """Compile the stylesheets; everything of the processor stays in the thread that called this."""
    processor = saxon.PySaxonProcessor(license=False)
    compiler = processor.new_xslt30_processor()
    sheets = [compiler.compile_stylesheet(stylesheet_file=str(folder / name)) for name in STYLESHEETS]
    return partial(_findings, processor, sheets)


def _findings(processor: Any, sheets: list[Any], xml: bytes) -> list[Finding]:
    document = processor.parse_xml(xml_text=xml.decode("utf-8"))
    found: list[Finding] = []
    for name, sheet in zip(STYLESHEETS, sheets, strict=True):
        report = etree.fromstring(sheet.transform_to_string(xdm_node=document).encode("utf-8"))
        if report.find(f"{_SVRL}fired-rule") is None:
            raise RulesUnusableError(f"{name} examined nothing in the document: it is not the rule set it says")
        found += [_finding(said) for said in report.iter(f"{_SVRL}failed-assert", f"{_SVRL}successful-report")]
    return found


def _finding(said: etree._Element) -> Finding:
    return Finding(
        rule=str(said.get("id", "?")),
        # A finding that does not say how grave it is must not pass as a warning.
        fatal=said.get("flag", "fatal") != "warning",
        location=str(said.get("location", "?")),
        text=" ".join("".join(map(str, said.itertext())).split()),
    )
