"""The stories' port on Teams: Microsoft, played on loopback, and the company that talks to us through it."""

import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from redis.asyncio import Redis

from bot.pace import FreePace
from guardrails.pii import Guard
from rag.library import Library
from tests.bot.house import until
from tests.conformance.reading import actions, card_in, card_of, data_of, filled, grouped
from tests.conformance.surface import Lacking, Said, Shown, Someone, Surface, Verdict
from tests.teams import standin
from tests.teams.company import (
    CHANNEL,
    HELPDESK,
    MENTION,
    PEOPLE,
    Activity,
    Colleague,
    Company,
    company_of,
    microsoft,
)
from tests.teams.standin import Sent

LEASE_SECONDS: Final = 3.0
_EMOJI: Final[Mapping[Verdict, str]] = {"up": "like", "down": "1f44e_thumbsdown-tone3"}
_THUMB: Final[Mapping[Verdict, str]] = {"up": "like", "down": "dislike"}


@asynccontextmanager
async def on_teams(
    folder: Path, monkeypatch: pytest.MonkeyPatch, redis: Redis, parts: tuple[Guard, Library], replicas: int
) -> AsyncIterator["OnTeams"]:
    """A company with so many replicas; `folder` takes the throw-away certificates."""
    for name in ("HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    async with microsoft(folder) as played:
        for name, value in played.environment.items():
            monkeypatch.delenv(name.lower(), raising=False)
            monkeypatch.setenv(name, value)
        async with company_of(replicas, played, redis, parts, LEASE_SECONDS, FreePace()) as company:
            yield OnTeams(company)
        assert company.untaken == []


class OnTeams(Surface):
    """The company as its people see it in Teams."""

    platform = "teams"

    def __init__(self, company: Company) -> None:
        self._company = company
        self._connector = company.microsoft.connector
        self.model = company.model
        self.words: dict[str, str] = {}  # by message: what people wrote,
        self.before: dict[str, frozenset[str]] = {}  # and what of ours stood there then
        self.anna, self.beat, self.guest, self.robot = (
            Somebody(self, company, PEOPLE[name]) for name in ("anna", "beat", "gast", "robot")
        )

    def standing(self, conversation: str = "") -> list[Sent]:
        """Our messages, in one conversation or in all."""
        return [sent for sent in self._connector.messages if conversation in ("", sent.conversation)]

    async def idle(self) -> None:
        await self._company.idle()

    async def reads(self, someone: Someone, said: Said) -> Sequence[Shown]:
        return list(grouped(sent for sent in self.standing(said.thread) if sent.id not in self.before[said.id]))

    async def all_said(self) -> Sequence[Shown]:
        return list(grouped(sent for sent in self.standing() if sent.conversation.startswith(CHANNEL)))

    async def handed(self) -> Sequence[str]:
        return [sent.text for sent in self.standing(HELPDESK)]

    async def verdicts(self) -> dict[str, str]:
        names = {one.aad: name for name, one in PEOPLE.items()}
        kept = await self._company.verdicts()
        return {re.sub(r"[\w-]+", lambda match: names.get(match[0], match[0]), who): it for who, it in kept.items()}

    def hears_mentions_only(self) -> None:
        self._company.consent = False

    def redelivers(self, times: int) -> None:
        self._company.copies = times

    async def dies(self) -> None:
        shifts = self._company.shifts
        busy = next(number for number, shift in enumerate(shifts) if shift.busy)
        self._company.doors = [door for number, door in enumerate(self._company.doors) if number != busy]
        await shifts[busy].dies()

    def is_away(self, calls: int) -> None:
        self._connector.refusals.extend([standin.refusal(503) for _ in range(calls)])


class Somebody(Someone):
    """A person in Teams; what they press is answered to them alone."""

    def __init__(self, surface: OnTeams, company: Company, self_: Colleague) -> None:
        self._surface = surface
        self._company = company
        self._self = self_
        self._answers: list[str] = []
        self._form: Activity = {}
        self._judged: tuple[Shown, Verdict] | None = None
        self.id, self.name = self_.id, self_.name

    async def writes(self, text: str) -> Said:
        return await self._post(self._self.direct, text)

    async def says(self, text: str, under: Said | None = None) -> Said:
        return await self._post(under.thread if under else "", text)

    async def mentions(self, text: str, under: Said | None = None) -> Said:
        return await self.says(f"{MENTION} {text}", under)

    async def calls(self, other: Someone, text: str, under: Said) -> Said:
        them = PEOPLE[other.name].account
        words = f"<at>{them['name']}</at>"
        mention = {"type": "mention", "mentioned": {"id": them["id"], "name": them["name"]}, "text": words}
        return await self._post(under.thread, f"{words} {text}", entities=[mention])

    async def follows(self, text: str, said: Said) -> Said:
        return await self._post(said.thread, text)

    async def attaches(self, name: str, content: bytes, text: str, *, openly: bool = False) -> Said:
        link = self._company.microsoft.share(name, content)
        kind = "application/vnd.microsoft.teams.file.download.info"
        told = {"downloadUrl": link, "uniqueId": "f-1", "fileType": name.rpartition(".")[2]}
        file = {"contentType": kind, "name": name, "contentUrl": link.partition("?")[0], "content": told}
        if openly:
            return await self._post("", f"{MENTION} {text}", attachments=[file])
        return await self._post(self._self.direct, text, attachments=[file])

    async def edits(self, said: Said, text: str) -> None:
        mention = f"{MENTION} " if MENTION in self._surface.words[said.id] else ""
        self._surface.words[said.id] = mention + text
        changed = {"type": "messageUpdate", "channelData": {"eventType": "editMessage"}}
        await self._company.deliver(self._message(said, changed))

    async def deletes(self, said: Said) -> None:
        gone = self._company.activity(
            self._self, said.thread, "messageDelete", id=said.id, channelData={"eventType": "softDeleteMessage"}
        )
        await self._company.deliver(gone)

    async def judges(self, shown: Shown, verdict: Verdict) -> None:
        judged = self._sent(shown, lambda sent: "feedbackLoop" in (sent.activity.get("channelData") or {}))
        value = {"actionName": "feedback", "actionValue": {"reaction": _THUMB[verdict]}}
        assert judged.activity["channelData"]["feedbackLoop"] == {"type": "custom"}
        said = {"data": value} if verdict == "down" else value  # as the SDKs have it, and as the documentation
        task = (await self._invoke(judged, "message/fetchTask", said))["task"]
        if task["type"] == "message":
            self._answers.append(task["value"])
            return
        self._form = card_of(task["value"]["card"])
        self._judged = Shown(judged.conversation, (judged.id,), "", frozenset()), verdict

    async def explains(self, reason: str, comment: str) -> None:
        assert self._judged
        shown, verdict = self._judged
        feedback = json.dumps(filled(self._form, reason, comment))
        value = {"actionName": "feedback", "actionValue": {"reaction": _THUMB[verdict], "feedback": feedback}}
        heard = await self._invoke(self._sent(shown), "message/submitAction", value)
        assert heard == {}

    async def names(self, document: str, comment: str) -> None:
        assert self._judged
        [action] = [one for one in actions(self._form) if one["type"] == "Action.Execute"]
        await self._execute(self._sent(self._judged[0]), action, filled(self._form, document, comment))

    async def reacts(self, shown: Shown, verdict: Verdict) -> None:
        await self._react(shown.ids[0], "reactionsAdded", verdict)

    async def unreacts(self, shown: Shown, verdict: Verdict) -> None:
        await self._react(shown.ids[0], "reactionsRemoved", verdict)

    async def likes(self, said: Said) -> None:
        """Of reactions to people's messages Teams tells us nothing."""

    async def presses(self, shown: Shown, button: str) -> None:
        for sent in self._those(shown):
            for action in actions(card_in(sent)):
                if action["title"] == button:
                    await self._press(sent, action)
                    return
        raise AssertionError(f"no {button} here")

    async def stops(self, said: Said) -> None:
        streams = self._company.microsoft.connector.streams
        await until(lambda: any(one.conversation == said.thread for one in streams.known.values()))
        streams.stop(next(message for message, one in streams.known.items() if one.conversation == said.thread))

    async def commands(self, words: str, said: Said | None = None) -> None:
        if said and said.thread == self._self.direct:
            await self.follows(words, said)
        else:
            await self.mentions(words, said)

    async def asks_apart(self, question: str) -> None:
        await self._extend("compose", CHANNEL, question)

    async def asks_about(self, said: Said, question: str) -> None:
        await self._extend("message", said.thread, question, said)

    async def finds(self, words: str) -> Sequence[str]:
        asked: Activity = {"commandId": "find", "parameters": [{"name": "query", "value": words}]}
        asked["queryOptions"] = {"skip": 0, "count": 25}
        heard = await self._invoked(CHANNEL, "composeExtension/query", asked)
        return [json.dumps(one["content"]) for one in heard["composeExtension"].get("attachments", [])]

    async def opens(self) -> Sequence[str]:
        raise Lacking("Teams shows the commands of the manifest, and no questions of ours.")

    async def told(self) -> Sequence[str]:
        places = {self._self.direct} | {sent.conversation for sent in self._surface.standing()}
        lines = [sent for sent in self._surface.standing() if sent.conversation in places]
        return [*self._answers, *(shown.text for shown in grouped(lines) if not shown.thumbs)]

    async def apart(self) -> Sequence[Shown]:
        await self._company.idle()
        return [shown for shown in grouped(self._surface.standing(self._self.direct)) if shown.thumbs]

    async def _post(self, thread: str, text: str, **more: Any) -> Said:
        number = self._company.number()
        thread = thread or f"{CHANNEL};messageid={number}"
        said = Said(thread.partition(";")[0], thread, number)
        self._surface.words[said.id] = text
        self._surface.before[said.id] = frozenset(sent.id for sent in self._surface.standing(thread))
        if self._company.consent or MENTION in text or thread == self._self.direct:
            await self._company.deliver(self._message(said, more))
        return said

    def _message(self, said: Said, more: Mapping[str, Any]) -> Activity:
        return self._company.message(self._self, said.thread, self._surface.words[said.id], **{"id": said.id, **more})

    def _those(self, shown: Shown) -> list[Sent]:
        return [sent for sent in self._surface.standing() if sent.id in shown.ids]

    def _sent(self, shown: Shown, wanted: Any = bool) -> Sent:
        return next(sent for sent in self._those(shown) if wanted(sent))

    async def _press(self, sent: Sent, action: Activity) -> None:
        if action["type"] == "Action.Submit":
            pressed = self._company.activity(
                self._self,
                sent.conversation,
                "message",
                id=self._company.number(),
                value=action["data"],
                replyToId=sent.id,
            )
            await self._company.deliver(pressed)
            return
        await self._execute(sent, action, {})

    async def _execute(self, sent: Sent, action: Activity, inputs: Mapping[str, str]) -> None:
        data = {**action.get("data", {}), **inputs}
        pressed = {"type": "Action.Execute", "title": action["title"], "verb": action["verb"], "data": data}
        heard = await self._invoke(sent, "adaptiveCard/action", {"action": pressed, "trigger": "manual"})
        if heard["type"] == "application/vnd.microsoft.card.adaptive":
            self._form, self._judged = heard["value"], (Shown(sent.conversation, (sent.id,), "", frozenset()), "down")
        else:
            self._answers.append(heard["value"])

    async def _invoke(self, sent: Sent, name: str, value: Activity) -> Any:
        return await self._invoked(sent.conversation, name, value, replyToId=sent.id)

    async def _invoked(self, conversation: str, name: str, value: Activity, **more: Any) -> Any:
        asked = self._company.activity(self._self, conversation, "invoke", name=name, value=value, **more)
        return await self._company.deliver(asked)

    async def _react(self, message: str, key: str, verdict: Verdict) -> None:
        place = next(sent for sent in self._surface.standing() if sent.id == message).conversation.partition(";")[0]
        reaction = {key: [{"type": _EMOJI[verdict]}], "replyToId": message}
        await self._company.deliver(self._company.activity(self._self, place, "messageReaction", **reaction))

    async def _extend(self, context: str, place: str, question: str, about: Said | None = None) -> None:
        """Opens the message extension's form and sends it."""
        opened: Activity = {"commandId": "ask", "commandContext": context}
        if about:
            body = {"contentType": "html", "content": f"<p>{self._surface.words[about.id]}</p>"}
            opened["messagePayload"] = {"id": about.id, "body": body, "from": {"user": {"displayName": "Beat"}}}
        task = (await self._invoked(place, "composeExtension/fetchTask", opened))["task"]
        form = card_of(task["value"]["card"])
        data = {**data_of(form), **filled(form, "", question)}
        heard = await self._invoked(place, "composeExtension/submitAction", {**opened, "data": data})
        if heard and heard.get("task", {}).get("type") == "message":
            self._answers.append(heard["task"]["value"])
