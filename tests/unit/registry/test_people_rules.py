"""Roles, who must be left, and how a person is told of."""

import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.registry.domain.person import (
    ROLES,
    Member,
    Person,
    Standing,
    as_user,
    checked_roles,
    chief,
    require_chief_left,
)
from shared.contracts.registry import Organisation, OrganisationKind, Role
from shared.problem import Conflict, Invalid

ALL_ROLES: list[Role] = ["helpdesk", "administrator", "signatory", "economy", "user"]
kinds = st.lists(st.sampled_from(sorted(ROLES)), min_size=1, max_size=3)
roles = st.lists(st.sampled_from(ALL_ROLES), max_size=6)


def someone(number: int = 1) -> Person:
    return Person(uuid.UUID(int=number), 1, "Navn", f"p{number}@example.com", None)


def organisation(number: int = 1, *, active: bool = True) -> Organisation:
    return Organisation(
        id=uuid.UUID(int=number), sequence=1, name="O", cvr="12345674", kinds=("supplier",), active=active
    )


@settings(derandomize=True, max_examples=200)
@given(kinds, roles)
def test_roles_are_accepted_exactly_when_one_of_the_kinds_has_each(
    of: list[OrganisationKind], wanted: list[Role]
) -> None:
    allowed = {role for kind in of for role in ROLES[kind]}
    if wanted and set(wanted) <= allowed:
        given_ = checked_roles(of, wanted)

        assert set(given_) == set(wanted)
        assert len(given_) == len(set(wanted))
        assert given_ == checked_roles(of, list(reversed(wanted)))
    else:
        with pytest.raises(Invalid) as refused:
            checked_roles(of, wanted)
        assert refused.value.code == "person.roles"


def test_a_refusal_names_the_wrong_role_and_those_there_are() -> None:
    with pytest.raises(Invalid, match="signatory: not a role in this organisation. It has: administrator, user."):
        checked_roles(["supplier"], ["user", "signatory"])


members = st.lists(st.tuples(roles.filter(bool), st.booleans()), min_size=1, max_size=4).map(
    lambda told: [Member(someone(number), tuple(held), active) for number, (held, active) in enumerate(told)]
)


@settings(derandomize=True, max_examples=300)
@given(members, roles.filter(bool), st.booleans())
def test_an_organisation_that_had_a_chief_always_has_one(
    before: list[Member], new_roles: list[Role], active: bool
) -> None:
    after = Member(before[0].person, tuple(new_roles), active)
    left = [after, *before[1:]]
    had = any(chief(member) for member in before)
    has = any(chief(member) for member in left)
    if had and not has:
        with pytest.raises(Conflict) as refused:
            require_chief_left(before, after)
        assert refused.value.code == "person.last_administrator"
    else:
        require_chief_left(before, after)


def test_ended_memberships_are_not_told() -> None:
    standings = [
        Standing(organisation(1), ("user",), active=True),
        Standing(organisation(2), ("user",), active=False),
    ]

    user = as_user(someone(), standings)

    assert [one.organisation_id for one in user.memberships] == [uuid.UUID(int=1)]
    assert user.active


def test_who_has_no_membership_is_not_active() -> None:
    user = as_user(someone(), [Standing(organisation(), ("user",), active=False)])

    assert user.memberships == ()
    assert not user.active


def test_a_password_hash_does_not_show_in_logs() -> None:
    person = Person(uuid.UUID(int=1), 1, "Navn", "p@example.com", "$argon2id$secret")

    assert "secret" not in repr(person)
