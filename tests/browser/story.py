"""The small story the visited platform has behind it: everything there is to look at, in every state it can have."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from datetime import datetime, timedelta
from typing import Any

import aio_pika

from clients.python.call import Call
from clients.python.signing import Signer
from demo.__main__ import world_of
from demo.api import Person
from demo.chapters import people as arrivals
from demo.chapters.billing import GRACE
from demo.chapters.calls import _another_key, sender_of
from demo.chapters.systems import register
from demo.mails import text
from demo.world import Progress, Supplier, SupplierFacts, System, World
from deploy.local.platform import Platform
from shared.quarters import Quarter
from tests.browser.cast import FOREIGN_SUPPLIER, MUNICIPALITIES, SUPPLIER, TEST_SUPPLIER, Scene, Somebody, numbers
from tests.servers import broker_connection

PURPOSE = "Omsorgssystemet slår borgerens stamdata op, når en medarbejder i hjemmeplejen åbner en sag."
REASON = "Kommunen bruger ikke systemet endnu; send en ny anmodning, når kontrakten er underskrevet."
SERVICES = (
    ("SF1520", "CPR PersonBaseDataExtended", "0.0485", "Navn, adresse, personnummer, adressebeskyttelse"),
    ("SF1530", "CVR Online", "0.0125", "Virksomheder og deres deltagere"),
    ("SF6004", "CPR Service", "1.35", "Navn, adresse, personnummer, adressebeskyttelse"),
    ("SF0101", "DemoService", "0", "Ingen personoplysninger"),
)
APPROVES, APPROVES_TOO, SOME, REJECTS, WAITS, TERMINATES, WITHDRAWN, BOTH = MUNICIPALITIES[:8]
"""What becomes of the supplier's request at each; the last is a supplier too."""
FORMULA = "=Byens Selvbetjening"
"""A system's name that a spreadsheet would run, were it let to."""
NAMES = {
    "supplier": "Lis Havmose",
    "supplier_user": "Troels Birkelund",
    "several": "Bodil Ravnsbæk",
    "foreign_supplier": "Jens Egelykke",
    "test_supplier": "Nanna Skovmose",
    "administrator": "Hanne Lyngby",
    "signatory": "Uffe Granly",
    "economy": "Mette Toftelund",
    "municipality_user": "Rasmus Klitgaard",
    "foreign_municipality": "Vibeke Højbjerg",
    "both": "Gorm Markvang",
}
WAYS = ("mouse", "keyboard", "plain")
"""How a journey is made: each has things of its own."""
PATIENCE = 60


class Quiet(Progress):
    """Nobody watches."""

    def _write(self, line: str) -> None:
        """Says nothing."""


class Story:
    """Played once, on a platform that has just started."""

    def __init__(self, platform: Platform) -> None:
        self.world: World = world_of(platform, calls=0, progress=Quiet())
        self.world.chance = random.Random(4)
        self.scene = Scene(platform.public_url, str(platform.directory))
        self.ids = self.scene.ids
        self.organisations: dict[str, str] = {}
        self._people: dict[str, Person] = {}
        self._broker_url = platform.broker_url("registry")
        self._cvr = numbers(91_000_000)

    async def play(self) -> Scene:
        """All of it; under ten seconds on two cores."""
        for part in (self._arrive, self._register, self._ask, self._quarter, self._now):
            began = time.monotonic()
            await part()
            print(f"{part.__name__}: {time.monotonic() - began:.1f} s", flush=True)
        await self.world.api.close()
        return self.scene

    def person(self, key: str) -> Person:
        return self._people[key]

    # --- people and organisations --------------------------------------------------------------------------------

    async def _arrive(self) -> None:
        world = self.world
        await arrivals._helpdesk(world)
        desk = world.desk
        self._people["helpdesk"] = desk
        told = Somebody(desk.name, desk.email, desk.password, desk.organisation_id, "", ("operator",), ("helpdesk",))
        self.scene.people["helpdesk"] = told
        services = [self._publish(*one) for one in SERVICES]
        made = [self._organisation(name, ["supplier"]) for name in (SUPPLIER, FOREIGN_SUPPLIER)]
        made.append(self._organisation(TEST_SUPPLIER, ["supplier"], test=True))
        made.append(self._organisation("Testkommunen", ["municipality"], test=True))
        for place, name in enumerate(MUNICIPALITIES):
            kinds = ["municipality", "supplier"] if name == BOTH else ["municipality"]
            made.append(self._organisation(name, kinds, code=f"{place + 101:04d}"))
        await self._at_once([*services, *made])
        for key, name in (
            ("supplier", SUPPLIER),
            ("foreign_supplier", FOREIGN_SUPPLIER),
            ("test_supplier", TEST_SUPPLIER),
            ("municipality", APPROVES),
            ("foreign_municipality", APPROVES_TOO),
            ("both", BOTH),
            ("waiting_municipality", WAITS),
            ("test_municipality", "Testkommunen"),
        ):
            self.ids[key] = self.organisations[name]
        supplier, municipality = ("supplier",), ("municipality",)
        await self._at_once(
            [
                self._invite("supplier", SUPPLIER, supplier, "administrator"),
                self._invite("supplier_user", SUPPLIER, supplier, "user"),
                self._invite("foreign_supplier", FOREIGN_SUPPLIER, supplier, "administrator", "user"),
                self._invite("test_supplier", TEST_SUPPLIER, supplier, "administrator"),
                self._invite("administrator", APPROVES, municipality, "administrator"),
                self._invite("signatory", APPROVES, municipality, "signatory"),
                self._invite("economy", APPROVES, municipality, "economy"),
                self._invite("municipality_user", APPROVES, municipality, "user"),
                self._invite("foreign_municipality", APPROVES_TOO, municipality, "administrator", "signatory"),
                self._invite("both", BOTH, ("supplier", "municipality"), "administrator", "signatory"),
                *(
                    self._invite(f"at {name}", name, municipality, "administrator", "signatory")
                    for name in (SOME, REJECTS, TERMINATES)
                ),
            ]
        )
        await self._several()
        await self._more_people()

    async def _at_once(self, acts: list[Any]) -> None:
        gate = asyncio.Semaphore(8)

        async def one(act: Any) -> None:
            async with gate:
                await act

        await asyncio.gather(*(one(act) for act in acts))

    async def _organisation(
        self, name: str, kinds: list[str], *, test: bool = False, code: str | None = None
    ) -> None:
        answer = await self.world.desk.post(
            "/registry/organisations",
            {
                "name": name,
                "cvr": next(self._cvr),
                "kinds": kinds,
                "municipality_code": code,
                "test": test,
                "mailbox": f"post-{len(self.organisations)}-{uuid.uuid4().hex[:6]}@organisation.example",
            },
        )
        self.organisations[name] = answer["id"]

    async def _invite(self, key: str, organisation: str, kinds: tuple[str, ...], *roles: str) -> None:
        name = NAMES.get(key) or f"Palle Pilegaard ({key.removeprefix('at ')})"
        email = f"{key.replace('_', '.').replace(' ', '-').lower()}@people.example".replace("å", "aa").replace(
            "ø", "oe"
        )
        organisation_id = self.organisations[organisation]
        await self.world.desk.post(
            f"/registry/organisations/{organisation_id}/people", {"name": name, "email": email, "roles": list(roles)}
        )
        person = await arrivals.accept(self.world, name, email, organisation_id)
        self._people[key] = person
        self.scene.people[key] = Somebody(name, email, person.password, organisation_id, organisation, kinds, roles)

    async def _several(self) -> None:
        """Somebody with a place in two organisations."""
        await self._invite("several", SUPPLIER, ("supplier",), "user")
        person = self.scene.people["several"]
        await self.world.desk.post(
            f"/registry/organisations/{self.organisations[FOREIGN_SUPPLIER]}/people",
            {"name": person.name, "email": person.email, "roles": ["user"]},
        )

    async def _more_people(self) -> None:
        """Who was invited and has not come, and who is no longer there: at the supplier and the municipality."""
        for key, organisation in (("supplier", SUPPLIER), ("municipality", APPROVES)):
            path = f"/registry/organisations/{self.organisations[organisation]}/people"
            invited = await self.world.desk.post(
                path, {"name": "Inga Indbudt", "email": f"indbudt.{key}@people.example", "roles": ["user"]}
            )
            self.ids[f"invited_at_{key}"] = invited["id"]
            gone = await self.world.desk.post(
                path, {"name": "Ditlev Damsted", "email": f"tidligere.{key}@people.example", "roles": ["user"]}
            )
            await self.world.desk.ask("PATCH", f"{path}/{gone['id']}", json={"active": False})
            self.ids[f"gone_at_{key}"] = gone["id"]
            listed = (await self.world.desk.get(path))["items"]
            user = "supplier_user" if key == "supplier" else "municipality_user"
            self.ids[f"person_at_{key}"] = next(
                one["id"] for one in listed if one["email"] == self.scene.people[user].email
            )

    # --- services and systems ------------------------------------------------------------------------------------

    async def _publish(self, number: str, name: str, price: str, data: str) -> None:
        answer = await self.world.desk.post(
            "/registry/services",
            {
                "name": name,
                "version": "1",
                "number": number,
                "entity_id": f"http://service.example/{number}/1",
                "description": f"Svarer på et opslag: {name}.",
                "data_categories": data,
            },
        )
        year = (await self.world.now()).year
        await self.world.desk.put(f"/invoicing/prices/{answer['id']}", {"starts": f"{year}-01-01", "per_call": price})
        self.ids[number] = answer["id"]

    def _supplier(self, key: str) -> Supplier:
        facts = SupplierFacts(self.scene.people[key].organisation, next(self._cvr))
        return Supplier(facts, self.scene.people[key].organisation_id, self.person(key))

    async def _register(self) -> None:
        self.ids["service"] = self.ids["SF1520"]
        own = await self._with_cvr("supplier")
        systems: tuple[tuple[str, str, str, str, str], ...] = (
            ("system", "supplier", "Omsorg", "FOCES", "production"),
            ("paused_system", "supplier", "Borgerindgang", "VOCES", "production"),
            ("gone_system", "supplier", "Gammelt arkiv", "VOCES", "production"),
            ("idle_system", "supplier", "Hjemmepleje Mobil", "VOCES", "production"),
            ("test_system", "supplier", "Skoleliv Prøve", "VOCES", "test"),
            ("foreign_system", "foreign_supplier", "Havnelogistik", "VOCES", "production"),
            ("own_system", "both", FORMULA, "VOCES", "production"),
            ("test_organisations_system", "test_supplier", "Prøvesystem", "VOCES", "test"),
        )
        suppliers = {"supplier": own} | {
            key: await self._with_cvr(key) for key in ("foreign_supplier", "both", "test_supplier")
        }
        self.systems: dict[str, System] = {}
        for key, who, name, kind, environment in systems:
            self.systems[key] = await register(self.world, suppliers[who], name, kind=kind, environment=environment)
            self.ids[key] = self.systems[key].id
        person = own.person
        await person.post(f"/registry/systems/{self.ids['paused_system']}/pause")
        await person.post(f"/registry/systems/{self.ids['gone_system']}/deactivate")
        # Two more certificates, one of which is in use no longer.
        path = f"/registry/systems/{self.ids['system']}"
        for name in ("andet", "tredje"):
            issued = self.world.authority.issue(
                "VOCES", cvr=own.facts.cvr, name=f"Omsorg {name}", organisation=own.facts.name
            )
            await person.post(f"{path}/certificates", {"certificate": issued.certificate_pem.decode()})
        by_name = {one["common_name"]: one["id"] for one in (await person.get(path))["certificates"]}
        self.ids["certificate"], self.ids["ended_certificate"] = by_name["Omsorg (FOCES)"], by_name["Omsorg andet"]
        await person.post(f"{path}/certificates/{self.ids['ended_certificate']}/end")

    async def _with_cvr(self, key: str) -> Supplier:
        """The supplier with the CVR number it was created with: certificates bear it."""
        person = self.scene.people[key]
        answer = await self.world.desk.get(f"/registry/organisations/{person.organisation_id}")
        return Supplier(SupplierFacts(person.organisation, answer["cvr"]), person.organisation_id, self.person(key))

    # --- agreements ----------------------------------------------------------------------------------------------

    async def _ask(self) -> None:
        three = [self.ids[number] for number in ("SF1520", "SF1530", "SF6004")]
        asked = (APPROVES, APPROVES_TOO, SOME, REJECTS, WAITS, TERMINATES, WITHDRAWN, BOTH)
        request = await self._request("supplier", "system", three, asked)
        self.ids["request"] = request["id"]
        found = {one["municipality_id"]: one["id"] for one in request["agreements"]}
        for key, name in (
            ("agreement", APPROVES),
            ("agreement_of_foreign_municipality", APPROVES_TOO),
            ("agreement_partly", SOME),
            ("agreement_rejected", REJECTS),
            ("agreement_waiting_elsewhere", WAITS),
            ("agreement_terminated", TERMINATES),
            ("agreement_withdrawn", WITHDRAWN),
            ("agreement_at_both", BOTH),
        ):
            self.ids[key] = found[self.organisations[name]]
        await self._decide("signatory", "agreement", "approve", {})
        await self._decide("foreign_municipality", "agreement_of_foreign_municipality", "approve", {})
        await self._decide(f"at {SOME}", "agreement_partly", "approve", {"service_ids": three[:2]})
        await self._decide(f"at {REJECTS}", "agreement_rejected", "reject", {"reason": REASON})
        await self._decide(f"at {TERMINATES}", "agreement_terminated", "approve", {})
        await self._decide("both", "agreement_at_both", "approve", {})
        await self._decide("supplier", "agreement_withdrawn", "withdraw", {"reason": "Vi bad om det ved en fejl."})
        foreign = await self._request("foreign_supplier", "foreign_system", three[:1], (APPROVES_TOO,))
        self.ids["foreign_request"], self.ids["foreign_agreement"] = foreign["id"], foreign["agreements"][0]["id"]
        await self._decide("foreign_municipality", "foreign_agreement", "approve", {})
        own = await self._request("both", "own_system", three[1:2], (BOTH,))
        await self.person("both").post(f"/agreements/agreements/{own['agreements'][0]['id']}/approve", {})
        await self._decide(
            f"at {TERMINATES}",
            "agreement_terminated",
            "terminate",
            {"reason": "Kontrakten med leverandøren er ophørt."},
        )
        trial = await self._trial("supplier", "test_system", [self.ids["SF0101"]])
        await self.person("supplier").post(f"/agreements/trials/{trial}/close")
        self.ids["closed_trial"] = trial
        self.ids["trial"] = await self._trial("supplier", "test_system", [self.ids["SF0101"], three[1]])
        self.ids["foreign_trial"] = await self._trial(
            "test_supplier", "test_organisations_system", [self.ids["SF0101"]]
        )

    async def _request(self, who: str, system: str, services: list[str], municipalities: tuple[str, ...]) -> Any:
        return await self.person(who).post(
            "/agreements/requests",
            {
                "system_id": self.ids[system],
                "service_ids": services,
                "municipality_ids": [self.organisations[name] for name in municipalities],
                "purpose": PURPOSE,
                "expected_calls_per_quarter": 5000,
            },
        )

    async def _decide(self, who: str, agreement: str, act: str, body: dict[str, Any]) -> None:
        await self.person(who).post(f"/agreements/agreements/{self.ids[agreement]}/{act}", body)

    async def _trial(self, who: str, system: str, services: list[str]) -> str:
        body = {"system_id": self.ids[system], "service_ids": services}
        trial: str = (await self.person(who).post("/agreements/trials", body))["id"]
        return trial

    # --- calls and invoices --------------------------------------------------------------------------------------

    async def _quarter(self) -> None:
        """A quarter of calls, sealed and billed."""
        quarter = Quarter.of(await self.world.now()).next
        self.ids["quarter"] = str(quarter)
        await self.world.move_clock(quarter.starts + timedelta(days=89))
        await self._calls(quarter.starts + timedelta(days=1), days=87, number=60)
        await self.world.move_clock(quarter.ends + GRACE + timedelta(hours=1))
        await self._until(self._billed, "the quarter's invoices")
        for key, who in (("invoice", "economy"), ("foreign_invoice", "foreign_municipality")):
            listed = await self.person(who).get("/invoicing/invoices")
            self.ids[key] = listed["items"][0]["id"]

    async def _billed(self) -> bool:
        answer = await self.world.desk.get("/invoicing/billing", quarter=self.ids["quarter"])
        states = answer["states"]
        return states.get("invoiced", 0) >= 3 and set(states) <= {"invoiced", "no_usage"}

    async def _calls(self, starts: datetime, *, days: int, number: int) -> None:
        """Counted ones and refused ones, in production and in external test."""
        world = self.world
        before = (await self._reconciled(starts))["sent"]
        at_random = world.chance.uniform
        planned: dict[str, list[tuple[str, str]]] = {
            "system": [
                (self.organisations[name], self.ids[service])
                for name in (APPROVES, APPROVES, APPROVES_TOO, SOME, BOTH)
                for service in ("SF1520", "SF1530")
            ]
            + [(self.organisations[APPROVES], self.ids["SF6004"])],
            "foreign_system": [(self.organisations[APPROVES_TOO], self.ids["SF1520"])],
            "own_system": [(self.organisations[BOTH], self.ids["SF1530"])],
            "test_system": [(self.ids["test_municipality"], self.ids["SF0101"])],
        }
        refused = [(self.organisations[REJECTS], self.ids["SF1520"]), (self.organisations[WAITS], self.ids["SF1530"])]
        sent = 0
        for key, routes in planned.items():
            async with sender_of(world, self.systems[key]) as sender:
                counts = [(route, number) for route in routes]
                counts += [(route, 4) for route in refused] if key == "system" else []
                calls = [
                    _call(municipality, service, starts + timedelta(days=at_random(0, days)))
                    for (municipality, service), often in counts
                    for _ in range(often)
                ]
                await sender.send(calls)
                sent += len(calls)
                if key == "system":
                    sender.signer = Signer(self.systems[key].issued.certificate_pem, _another_key())
                    await sender.send(
                        [_call(*routes[0], starts + timedelta(days=at_random(0, days))) for _ in range(3)]
                    )
                    sent += 3

        async def judged() -> bool:
            known = await self._reconciled(starts)
            return bool(known["sent"] >= before + sent)

        await self._until(judged, "the calls")

    async def _reconciled(self, at: datetime) -> Any:
        answer = await self.world.desk.get("/metering/reconciliation", quarter=str(Quarter.of(at)))
        return answer["everything"]

    # --- what is going on ----------------------------------------------------------------------------------------

    async def _now(self) -> None:
        """The quarter that runs: some calls, new requests, a mail nobody takes."""
        quarter = Quarter.parse(self.ids["quarter"]).next
        await self.world.move_clock(quarter.starts + timedelta(days=40))
        await self._calls(quarter.starts + timedelta(days=8), days=31, number=12)
        waiting = await self._request("foreign_supplier", "foreign_system", [self.ids["SF1520"]], (APPROVES,))
        self.ids["agreement_waiting"] = waiting["agreements"][0]["id"]
        await self._link()
        await self._unread_mail()
        await self._unreadable_message()
        refused = (await self.person("supplier").get("/metering/refused", quarter=str(quarter)))["refused"]
        self.ids["refused_call"] = refused[0]["id"]

        async def shown() -> bool:
            overview = await self.person("economy").get("/invoicing/overview", quarter=str(quarter))
            return bool(overview["calls"])

        await self._until(shown, "the running quarter's overview")

    async def _link(self) -> None:
        """A link that nobody has used yet."""
        person = f"{self.organisations[SUPPLIER]}/people/{self.ids['invited_at_supplier']}"
        await self.world.desk.post(f"/registry/organisations/{person}/invitation")
        mails = await self.world.mails.wait(arrivals.INVITATION, "indbudt.supplier@people.example", least=2)
        found = arrivals._LINK.search(text(mails[-1]))
        assert found, "the invitation has no link"
        self.ids["link"] = found[1]

    async def _unread_mail(self) -> None:
        """A new request whose mails their server refuses for good: something for helpdesk to look after."""
        refusing = self.scene.mails / "REFUSE"
        refusing.write_text("550 no such mailbox\n")
        keys = ("failed_notice", *(f"failed_notice_{way}" for way in WAYS))
        two = [self.ids["SF1520"], self.ids["SF1530"]]
        second = await self._request("supplier", "idle_system", two, (APPROVES, SOME, BOTH))
        self.ids["second_request"] = second["id"]
        self.ids["second_agreement_waiting"] = next(
            one["id"] for one in second["agreements"] if one["municipality_id"] == self.ids["municipality"]
        )
        waiting = self.ids["agreement_waiting_elsewhere"]
        await self.person("supplier").post(f"/agreements/agreements/{waiting}/resend-notice")

        async def failed() -> bool:
            listed = (await self.world.desk.get("/notifier/notices", state="failed"))["items"]
            self.ids |= dict(zip(keys, (one["id"] for one in listed), strict=False))
            return len(listed) == len(keys)

        await self._until(failed, "the failed mail")
        refusing.unlink()
        sent = (await self.world.desk.get("/notifier/notices", state="sent"))["items"]
        self.ids["notice"] = sent[0]["id"]

    async def _unreadable_message(self) -> None:
        """A message nobody can read: parked by its one listener, for a person to look at."""
        connection = await broker_connection(self._broker_url)
        async with connection:
            events = await (await connection.channel()).get_exchange("platform.events", ensure=False)
            await events.publish(aio_pika.Message(b"no event"), "user.link_issued.v1")

        async def parked() -> bool:
            listed = (await self.world.desk.get("/notifier/parked"))["items"]
            if listed:
                self.ids["parked"] = listed[0]["id"]
            return bool(listed)

        await self._until(parked, "the parked message")

    async def _until(self, look: Any, what: str) -> None:
        for _ in range(PATIENCE * 20):
            if await look():
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"{what}: not there after {PATIENCE} s")


def _call(municipality: str, service: str, at: datetime) -> Call:
    return Call(id=str(uuid.uuid4()), time=at, service=service, municipality=municipality, accounting_info="")
