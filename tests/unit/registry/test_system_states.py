"""The states of a system, and the rules for binding and ending its certificates."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demo.authority import Authority
from services.registry.domain.binding import (
    LIVE_AT_MOST,
    Binding,
    foreign_holder,
    renewal,
    require_another,
    require_room,
)
from services.registry.domain.certificate import read_certificate
from services.registry.domain.system import TRANSITIONS, after, allowed_from, require_environment
from services.registry.domain.thumbprint import read_thumbprint
from shared.problem import Conflict, Invalid

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
STATES = ("registered", "paused", "deactivated")


@pytest.mark.parametrize("act", sorted(TRANSITIONS))
@pytest.mark.parametrize("state", STATES)
def test_every_act_is_done_where_it_may_be_and_refused_elsewhere(act, state) -> None:
    if state in TRANSITIONS[act]:
        assert after(state, act) == TRANSITIONS[act][state]
        assert state in allowed_from(act)
        return
    with pytest.raises(Conflict) as caught:
        after(state, act)
    assert caught.value.code == ("system.deactivated" if state == "deactivated" else "system.wrong_state")


@settings(derandomize=True, max_examples=300)
@given(st.lists(st.sampled_from(sorted(TRANSITIONS)), max_size=30))
def test_nothing_leads_out_of_deactivated(acts) -> None:
    state = "registered"
    deactivated = False
    for act in acts:
        try:
            state = after(state, act)
        except Conflict:
            continue
        assert not deactivated
        assert state in STATES
        deactivated = state == "deactivated"


def test_a_test_organisation_lives_in_external_test_only() -> None:
    require_environment("test", test_organisation=True)
    require_environment("test", test_organisation=False)
    require_environment("production", test_organisation=False)
    with pytest.raises(Invalid, match="external test"):
        require_environment("production", test_organisation=True)


def binding(number: int, *, bound_to: datetime | None = None, days: int = 10) -> Binding:
    return Binding(
        id=UUID(int=number),
        sequence=1,
        system_id=uuid4(),
        supplier_id=uuid4(),
        environment="production",
        kind="VOCES",
        subject_serial="UI:DK-O:G:00000000-0000-4000-8000-000000000000",
        cvr="12345674",
        common_name="Omsorg",
        organisation_name=None,
        issuer="CN=Demonstration",
        x509_serial=f"{number:x}",
        thumbprint=bytes(32),
        x5t_s256="A" * 43,
        public_key_pem="",
        pem="",
        valid_from=NOW - timedelta(days=1),
        valid_to=NOW + timedelta(days=days),
        bound_from=NOW - timedelta(days=1),
        bound_to=bound_to,
        last_used_hour=None,
    )


ENDED = binding(90, bound_to=NOW)
EXPIRED = binding(91, days=-1)
FUTURE = replace(binding(92), valid_from=NOW + timedelta(days=1))


def test_a_live_certificate_is_bound_and_valid() -> None:
    assert binding(1).live(NOW)
    assert binding(1, days=0).live(NOW)
    assert not any(one.live(NOW) for one in (ENDED, EXPIRED, FUTURE))


def test_room_is_for_five_live_ones() -> None:
    bound = [binding(number) for number in range(LIVE_AT_MOST)]
    require_room([*bound[1:], ENDED, EXPIRED], NOW)
    with pytest.raises(Conflict) as caught:
        require_room([*bound, ENDED], NOW)
    assert caught.value.code == "certificate.too_many"


@pytest.mark.parametrize("others", [[], [ENDED], [EXPIRED], [FUTURE], [ENDED, EXPIRED, FUTURE]], ids=len)
def test_the_last_live_one_is_not_ended(others) -> None:
    one, two = binding(1), binding(2)
    require_another([one, two, *others], one.id, NOW)
    with pytest.raises(Conflict) as caught:
        require_another([one, *others], one.id, NOW)
    assert caught.value.code == "certificate.last"


def test_a_renewal_is_of_the_same_holder_or_warns_or_is_refused(authority: Authority) -> None:
    def made(**wanted):
        kind = wanted.pop("kind", "VOCES")
        return read_certificate(authority.issue(kind, name="N", **{"cvr": "12345674", **wanted}).certificate_pem)

    old = made()
    same = made(subject_serial=old.subject_serial)
    organisation = made()
    other = made(cvr="87654338")
    assert renewal(same, [old]) == []
    assert renewal(same, [other, old]) == []
    (warning,) = renewal(organisation, [old])
    assert organisation.subject_serial in warning
    for bound in ([old], [same, organisation]):
        with pytest.raises(Invalid) as caught:
            renewal(other, bound)
        assert caught.value.code == "certificate.other_holder"
    assert foreign_holder(old, "12345674") == []
    assert len(foreign_holder(other, "12345674")) == 1


@pytest.mark.parametrize(
    "text",
    ["", "A" * 42, "A" * 44, "a" * 63, "g" * 64, "A" * 43 + "=", "+" * 43, "A" * 42 + "B", "æ" * 43, "0x" + "a" * 62],
)
def test_what_is_no_thumbprint_is_none(text: str) -> None:
    assert read_thumbprint(text) is None


@settings(derandomize=True)
@given(st.binary(min_size=32, max_size=32))
def test_a_thumbprint_is_read_in_either_writing(digest: bytes) -> None:
    assert read_thumbprint(digest.hex()) == digest
    assert read_thumbprint(digest.hex().upper()) == digest
    assert read_thumbprint(base64.urlsafe_b64encode(digest).rstrip(b"=").decode()) == digest
