"""Mails' links lead each party to the thing's page under its own hat, and nobody else anywhere."""

from dataclasses import replace
from uuid import UUID

from services.portal.domain.linked import KINDS
from services.portal.domain.session import SignedIn
from tests.unit.portal.test_session import ANSWER

BOTH = SignedIn.of(ANSWER)
OWN, OTHER = str(BOTH.organisation_id), str(UUID(int=9))
AGREEMENT = KINDS["serviceaftale"]


def test_each_party_sees_it_under_its_own_hat() -> None:
    asked = {"id": "7", "municipality_id": OWN, "supplier_id": OTHER}
    asking = {"id": "7", "municipality_id": OTHER, "supplier_id": OWN}

    assert AGREEMENT.page(asked, BOTH) == "/kommune/serviceaftaler/7"
    assert AGREEMENT.page(asking, BOTH) == "/leverandoer/serviceaftaler/7"
    assert KINDS["faktura"].page({"id": "7", "municipality_id": OWN}, BOTH) == "/kommune/fakturaer/7"
    assert KINDS["proevetilslutning"].page(asking, BOTH) == "/leverandoer/proevetilslutninger/7"
    assert KINDS["anmodning"].page(asking, BOTH) == "/leverandoer/anmodninger/7"


def test_who_has_no_part_in_it_is_led_nowhere() -> None:
    foreign = {"id": "7", "municipality_id": OTHER, "supplier_id": OTHER}

    assert AGREEMENT.page(foreign, BOTH) is None
    assert (
        AGREEMENT.page({"id": "7", "municipality_id": OWN, "supplier_id": OTHER}, replace(BOTH, kinds=("supplier",)))
        is None
    )


def test_the_helpdesk_sees_everything_on_its_own_pages() -> None:
    desk = replace(BOTH, kinds=("operator",), roles=("helpdesk",))

    assert AGREEMENT.page({"id": "7", "municipality_id": OTHER, "supplier_id": OTHER}, desk) == (
        "/helpdesk/serviceaftaler/7"
    )
