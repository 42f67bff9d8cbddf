"""Writes the documents that follow from the code: `python -m deploy.documents` (`--check`: only says if stale).

docs/events.md and docs/asyncapi.yaml from the contracts and the services' handlers; docs/settings.md from the
services' settings; docs/api/<service>.json, each service's OpenAPI.
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from deploy.rabbitmq.definitions import listens
from shared.bus import CALLS, EVENTS
from shared.contracts import EVENTS as ALL_EVENTS
from shared.contracts import SERVICES, calls, said_by
from shared.contracts.event import Event
from shared.http import describe
from shared.run import VERSION, Service
from shared.settings import Settings, is_secret

PROJECT = Path(__file__).parent.parent
DOCS = PROJECT / "docs"
GENERATED = "<!-- Written by `python -m deploy.documents` from the code; do not edit. -->\n"


def services() -> dict[str, Service[Any]]:
    """Every service as it declares itself."""
    return {name: importlib.import_module(f"services.{name}.__main__").SERVICE for name in SERVICES}


def documents() -> dict[Path, str]:
    """Every generated document with its content."""
    return {
        DOCS / "events.md": events(),
        DOCS / "asyncapi.yaml": asyncapi(),
        DOCS / "settings.md": settings(),
        **{
            DOCS / "api" / f"{name}.json": json.dumps(
                describe(service, version=VERSION), indent=2, ensure_ascii=False
            )
            + "\n"
            for name, service in services().items()
        },
    }


def _heard_by(event: type[Event]) -> list[str]:
    return [name for name, events in listens().items() if event in events]


def _meaning(thing: type) -> str:
    return inspect.cleandoc(thing.__doc__ or "").replace("\n", " ")


def events() -> str:
    """docs/events.md"""
    lines = [
        "# Events",
        "",
        GENERATED,
        "What the services tell each other, on the exchange `" + EVENTS + "`. Each is a CloudEvents 1.0 event in",
        "structured JSON; its `type` is the routing key, `subject` the id of what it is about, `sequence` that",
        "thing's version. `data` holds the whole present state. The fields are described in",
        "[asyncapi.yaml](asyncapi.yaml); how they are delivered in [architecture.md](architecture.md).",
        "",
    ]
    for name in filter(said_by, SERVICES):
        lines += [f"## {name}", "", "| event | what happened | heard by |", "|---|---|---|"]
        for event in said_by(name):
            alone = f" (for {event.only_for} alone)" if event.only_for else ""
            heard = ", ".join(_heard_by(event)) or "–"
            lines.append(f"| `{event.type}` | {_meaning(event)}{alone} | {heard} |")
        lines.append("")
    lines += [
        "## Supplier systems",
        "",
        f"On the exchange `{CALLS}`, heard by metering: {_meaning(calls.CallEvent)}",
        "",
    ]
    return "\n".join(lines)


def asyncapi() -> str:
    """docs/asyncapi.yaml: AsyncAPI 3.0 of everything on the broker."""
    schemas: dict[str, Any] = {}

    def reference(model: type[BaseModel]) -> dict[str, str]:
        schema = model.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
        schemas.update(schema.pop("$defs", {}))
        schemas[model.__name__] = schema
        return {"$ref": f"#/components/schemas/{model.__name__}"}

    messages: dict[str, Any] = {}
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for name, event in ALL_EVENTS.items():
        messages[event.__name__] = {
            "name": name,
            "title": _meaning(event),
            "contentType": "application/cloudevents+json",
            "payload": {
                "type": "object",
                "required": [
                    "specversion",
                    "id",
                    "source",
                    "type",
                    "subject",
                    "time",
                    "correlationid",
                    "sequence",
                    "data",
                ],
                "properties": {
                    "specversion": {"const": "1.0"},
                    "id": {"type": "string", "format": "uuid"},
                    "source": {"const": f"urn:serviceplatform:{event.speaker}"},
                    "type": {"const": name},
                    "subject": {"type": "string", "format": "uuid"},
                    "time": {"type": "string", "format": "date-time"},
                    "datacontenttype": {"const": "application/json"},
                    "correlationid": {"type": "string"},
                    "causationid": {"type": "string", "format": "uuid"},
                    "sequence": {"type": "integer", "minimum": 1},
                    "traceparent": {"type": "string"},
                    "data": reference(event),
                },
            },
        }
        channels[event.__name__] = {
            "address": name,
            "messages": {event.__name__: {"$ref": f"#/components/messages/{event.__name__}"}},
            "bindings": {
                "amqp": {"is": "routingKey", "exchange": {"name": EVENTS, "type": "topic", "durable": True}}
            },
        }
        for action, who in (("send", [event.speaker]), ("receive", _heard_by(event))):
            for service in who:
                operations[f"{service}_{action}_{event.__name__}"] = {
                    "action": action,
                    "channel": {"$ref": f"#/channels/{event.__name__}"},
                    "tags": [{"name": service}],
                }
    messages["Call"] = {
        "name": "call.made.v1",
        "title": _meaning(calls.CallEvent),
        "contentType": "application/cloudevents+json",
        "payload": reference(calls.CallEvent),
    }
    channels["Calls"] = {
        "address": "{system}.{environment}",
        "parameters": {
            "system": {"description": "The id of the system that calls; its token allows no other."},
            "environment": {"enum": ["production", "test"]},
        },
        "messages": {"Call": {"$ref": "#/components/messages/Call"}},
        "bindings": _exchange(CALLS),
    }
    operations["metering_receive_Call"] = {
        "action": "receive",
        "channel": {"$ref": "#/channels/Calls"},
        "tags": [{"name": "metering"}],
    }
    document = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Serviceplatform self-service: events",
            "version": VERSION,
            "description": "Written by `python -m deploy.documents` from the code; do not edit.",
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": dict(sorted(schemas.items()))},
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)


def _exchange(name: str) -> dict[str, Any]:
    return {"amqp": {"is": "routingKey", "exchange": {"name": name, "type": "topic", "durable": True}}}


def settings() -> str:
    """docs/settings.md"""
    lines = [
        "# Settings",
        "",
        GENERATED,
        "Environment variables, read once at start. A wrong or missing value stops the service with a sentence",
        "that names the variable. A secret may stand in a file instead: `SP_…_FILE` then names it, for example",
        "`SP_DATABASE_URL_FILE=/run/secrets/database-url`.",
        "",
        "## Every service",
        "",
        *_table(Settings, set()),
    ]
    common = set(Settings.model_fields)
    for name, service in services().items():
        own = _table(service.settings, common)
        if len(own) > len(_HEAD) + 1:
            lines += [f"## {name}", "", *own]
    return "\n".join(lines)


_HEAD = ["| variable | default | unit | what it is |", "|---|---|---|---|"]


def _table(kind: type[Settings], leave_out: set[str]) -> list[str]:
    rows = list(_HEAD)
    for name, info in kind.model_fields.items():
        if name in leave_out:
            continue
        extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
        if info.default is PydanticUndefined:
            default = "required"
        elif info.default is None:
            default = "–"
        else:
            default = f"`{info.default}`" if info.default != "" else "empty"
        secret = " (secret)" if is_secret(info.annotation) else ""
        rows.append(
            f"| `SP_{name.upper()}` | {default} | {extra.get('unit', '')} | {info.description or ''}{secret} |"
        )
    return [*rows, ""]


def main() -> None:
    stale = []
    for path, content in documents().items():
        if path.exists() and path.read_text(encoding="utf-8") == content:
            continue
        stale.append(str(path.relative_to(PROJECT)))
        if "--check" not in sys.argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
    if "--check" in sys.argv and stale:
        print(f"Stale: {', '.join(stale)}. Run `make documents` and commit the result.", file=sys.stderr)
        raise SystemExit(1)
    print(f"{'wrote ' + ', '.join(stale) if stale else 'all documents are current'}")


if __name__ == "__main__":
    main()
