"""A registered system connects to the real broker with its token at once, and may publish its calls only."""

from urllib.parse import quote
from uuid import uuid4

import aio_pika
import pytest
from aiormq.exceptions import ChannelAccessRefused

from demo.authority import Authority
from tests.conftest import MakeDatabase
from tests.flows.registry.conftest import settings_for, started
from tests.flows.registry.systems import ask_token, assertion, issue, supplier
from tests.servers import Broker, broker_connection


async def test_a_registered_system_connects_and_publishes_its_own_calls(
    make_database: MakeDatabase, broker: Broker, authority: Authority
) -> None:
    settings = settings_for(
        await make_database("registry"),
        broker.signing_key,
        authority.trust_directory,
        system_scope=f"platform.write:{quote(broker.vhost, safe='')}/platform.calls/{{system_id}}.*",
    )
    async with started(settings) as registry:
        issued = issue(authority)
        system = await (await supplier(registry)).register(issued)
        token = (await ask_token(registry, assertion(system["id"], issued))).json()["access_token"]

    connection = await broker_connection(broker.token_url(token))
    try:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        calls = await channel.get_exchange("platform.calls", ensure=False)
        message = aio_pika.Message(b"[]", user_id=system["id"], delivery_mode=2)
        await calls.publish(message, f"{system['id']}.calls", timeout=5)
        with pytest.raises(ChannelAccessRefused):
            await calls.publish(aio_pika.Message(b"[]"), f"{uuid4()}.calls", timeout=5)
    finally:
        await connection.close()
