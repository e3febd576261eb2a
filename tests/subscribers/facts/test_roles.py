"""The role of a person: one of a few words, or nothing."""

import pytest

from mailer.subscribers.facts.roles import ROLES, RoleError, parse_role


@pytest.mark.parametrize("role", ["", *ROLES])
def test_a_role_is_known_in_any_case(role: str) -> None:
    assert parse_role(role) == parse_role(f" {role.upper()} ") == role


@pytest.mark.parametrize("role", ["sykepleier", "kommunen", "r" * 99, "kommune\x07"])
def test_another_role_is_refused_with_the_list(role: str) -> None:
    with pytest.raises(RoleError, match=", ".join(ROLES)) as refused:
        parse_role(role)
    assert refused.value.what.startswith(f"the role {role[:80]!r} is not one of kommune, ")
    assert refused.value.hint == "Or leave it empty."
