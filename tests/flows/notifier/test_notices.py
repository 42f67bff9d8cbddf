"""What became of notices: who sees them, what they never show, and trying one again."""

from uuid import uuid4

import asyncpg
import pytest

from deploy.local.smtp import Mailbox
from tests import tokens
from tests.flows.notifier.conftest import SECRET, PostOffice, World


async def test_each_organisation_sees_its_own_notices_and_nobody_their_content(
    office: PostOffice, mailbox: Mailbox, world: World
) -> None:
    await office.hear(*world.both(), world.requested(), world.approved("approved"), world.link())
    await office.send_due()
    everyone = {
        "helpdesk": (tokens.as_helpdesk(), {"agreement_requested", "agreement_approved", "invitation"}),
        "municipality": (
            tokens.as_person(["municipality"], "user", organisation=world.municipality),
            {"agreement_requested"},
        ),
        "supplier": (
            tokens.as_person(["supplier"], "user", organisation=world.supplier),
            {"agreement_approved"},
        ),
        "other": (tokens.as_person(["supplier"], "administrator"), set()),
    }
    for who, (headers, kinds) in everyone.items():
        answer = await office.client.get("/notices", headers=headers)
        assert answer.status_code == 200, who
        assert {item["kind"] for item in answer.json()["items"]} == kinds, who
        assert SECRET not in answer.text
        shown = [item["addresses"] for item in answer.json()["items"]]
        assert all(shown) if who == "helpdesk" else not any(shown), who
    refused = {"system": (tokens.as_system(uuid4(), world.supplier), 403), "nobody": ({}, 401)}
    for who, (headers, status) in refused.items():
        assert (await office.client.get("/notices", headers=headers)).status_code == status, who


async def test_one_notice_is_shown_to_its_organisation_and_helpdesk_only(
    office: PostOffice, mailbox: Mailbox, world: World
) -> None:
    await office.hear(*world.both(), world.requested())
    await office.send_due()
    [notice] = await office.notices()
    path = f"/notices/{notice['id']}"

    own = await office.client.get(
        path, headers=tokens.as_person(["municipality"], "economy", organisation=world.municipality)
    )
    foreign = await office.client.get(
        path, headers=tokens.as_person(["supplier"], "user", organisation=world.supplier)
    )

    assert (own.status_code, foreign.status_code) == (200, 404)
    assert [entry["what"] for entry in own.json()["timeline"]] == ["queued", "sent"]
    assert own.json()["addresses"] is None


async def test_notices_are_narrowed_and_paged(office: PostOffice, mailbox: Mailbox, world: World) -> None:
    event = world.requested()
    await office.hear(*world.both(), event, world.requested(), world.approved("approved"))
    await office.send_due()

    assert len(await office.notices(kind="agreement_requested")) == 2
    assert len(await office.notices(about_id=str(event.agreement.id))) == 1
    assert await office.notices(state="failed") == []
    to_one = await office.notices(organisation_id=str(event.agreement.municipality_id))
    assert {one["organisation_id"] for one in to_one} == {str(event.agreement.municipality_id)}
    assert {one["organisation_name"] for one in to_one} == {event.agreement.municipality_name}
    first = (await office.client.get("/notices?limit=2", headers=tokens.as_helpdesk())).json()
    rest = (await office.client.get(f"/notices?after={first['next']}", headers=tokens.as_helpdesk())).json()
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (2, 1, None)
    unknown = await office.client.get(f"/notices?after={uuid4()}", headers=tokens.as_helpdesk())
    assert (unknown.status_code, unknown.json()["code"]) == (422, "page.after_unknown")


async def test_helpdesk_sends_a_failed_notice_again(office: PostOffice, mailbox: Mailbox, world: World) -> None:
    mailbox.refuse("550 no such mailbox")
    await office.hear(*world.both(), world.dispatched())
    await office.send_due()
    [failed] = await office.notices(state="failed")
    mailbox.refuse(None)
    path = f"/notices/{failed['id']}/retry"
    others = {
        "own": tokens.as_person(["municipality"], "administrator", organisation=world.municipality),
        "other": tokens.as_person(["supplier"], "administrator"),
        "system": tokens.as_system(uuid4(), world.supplier),
    }
    for who, headers in others.items():
        assert (await office.client.post(path, headers=headers)).status_code == 403, who
    assert (await office.client.post(path)).status_code == 401

    answer = await office.client.post(path, headers=tokens.as_helpdesk())

    assert (answer.status_code, answer.json()["state"], answer.json()["attempts"]) == (200, "queued", 0)
    await office.send_due()
    [mail] = mailbox.messages()
    assert len(list(mail.iter_attachments())) == 2
    again = await office.client.post(path, headers=tokens.as_helpdesk())
    assert (again.status_code, again.json()["code"]) == (409, "notice.already_sent")
    unknown = await office.client.post(f"/notices/{uuid4()}/retry", headers=tokens.as_helpdesk())
    assert (unknown.status_code, unknown.json()["code"]) == (404, "notice.unknown")
    [audited] = await office.fetch("SELECT action, subject FROM audit")
    assert (audited["action"], audited["subject"]) == ("notice.retry", failed["id"])


async def test_history_can_not_be_changed_by_the_service(office: PostOffice, mailbox: Mailbox, world: World) -> None:
    await office.hear(*world.both(), world.requested())

    for statement in (
        "DELETE FROM notice_history",
        "UPDATE notice_history SET reason = 'andet'",
        "TRUNCATE notice_history",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await office.fetch(statement)
