"""What every other service checks tokens with."""

from tests.flows.registry.conftest import Registry


async def test_the_public_keys_may_be_kept_and_are_the_public_halves_only(registry: Registry) -> None:
    answer = await registry.client.get("/.well-known/jwks.json")

    assert answer.status_code == 200
    assert answer.headers.get_list("cache-control") == ["public, max-age=300"]
    [key] = answer.json()["keys"]
    assert set(key) == {"kty", "crv", "x", "y", "kid", "alg", "use"}
    assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("EC", "P-256", "ES256", "sig")
