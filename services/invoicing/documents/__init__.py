"""The documents of a finished invoice: its XML for computers, its PDF for people, and the gates both pass.

``build_xml`` makes the electronic invoice, ``check_xml`` refuses it unless it is exact, ``build_pdf`` makes
the paper with the XML inside. All are plain functions of their arguments and take processor time only: call
them in a thread. ``rules.load`` is the optional second gate, the official rule sets.
"""

from services.invoicing.documents.checks import check_xml
from services.invoicing.documents.invoice import DocumentRefused
from services.invoicing.documents.pdf import build_pdf
from services.invoicing.documents.ubl import build_xml

__all__ = ["DocumentRefused", "build_pdf", "build_xml", "check_xml"]
