"""A case being told: its clock, its words, its steps."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from infra.demo import seasons
from infra.demo.arrivals import SPOKEN, Arrival
from infra.demo.facts import about, facts
from infra.demo.language import day, money, render, sentences, shouted, typed
from infra.demo.people import Analyst
from infra.demo.plan import Ref, Step
from infra.demo.texts import phrases

MOODS = ("polite", "plain", "annoyed", "furious")
SEVERITIES = ("low", "medium", "high", "critical")
OUTCOMES = ("upheld", "partly_upheld", "not_upheld")
CENTS_A_MINUTE = 68


class Life:
    """One case from its arrival on. `at` is the moment that the story has reached."""

    def __init__(self, arrival: Arrival, original: Arrival, analysts: Sequence[Analyst]) -> None:
        self.arrival = arrival
        self.story = arrival.story
        self.rng = rng = Random(arrival.seed)  # noqa: S311 - made-up cases, no secrets
        self.at = arrival.received
        self.steps: list[Step] = []
        team = [analyst for analyst in analysts if analyst.team == arrival.story.team]
        self.analyst = rng.choice(team)
        self.words = facts(original, self.analyst, Random(original.seed))  # noqa: S311 - as above
        self.severity = rng.choices(SEVERITIES, arrival.story.severity)[0]
        grave = SEVERITIES.index(self.severity)
        again = arrival.like is not None and not arrival.duplicate
        self.mood = rng.choices(MOODS, (34, 34, 20 + 8 * grave + 10 * again, 6 + 8 * grave + 8 * again))[0]
        today = self.at.astimezone(seasons.ZONE).date()
        self.load = seasons.load(today)
        late = 0.13 * self.load if arrival.story.kind == "complaint" else 0.03
        self.late = rng.random() < late
        self.due = self.at
        self.outside_case: Ref | None = None
        """The case of an outside body that waits for our answer."""
        self.outcome = rng.choices(OUTCOMES, (68, 13, 19))[0]
        self.happy = 0.0
        """What went well or badly, in points of the rating."""

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def do(self, verb: str, **fields: Any) -> Ref:
        """Something happens now; the answer stands for the id of what it creates."""
        self.steps.append(Step(verb, self.at, fields))
        return Ref("step", len(self.steps) - 1)

    def office(self, low: float, high: float) -> None:
        """So many office hours go by, more of them when there is much to do."""
        slow = self.load * (2.6 if self.late else 1.0)
        self.at = seasons.in_office(self.at, self.rng.uniform(low, high) * 60 * slow)

    def wait(self, low: float, high: float) -> None:
        """So many hours go by, at any time of the day."""
        later = self.at + timedelta(hours=self.rng.uniform(low, high))
        on = later.astimezone(seasons.ZONE)
        self.at = later if 7 <= on.hour < 23 else later + timedelta(hours=9)
        self.at = self.at.replace(microsecond=0)

    def promise_by(self, working_days: int) -> datetime:
        """Until when something will be done: the close of a working day, which texts name as `{ate}`."""
        on = self.at.astimezone(seasons.ZONE).date()
        for _ in range(working_days):
            on = seasons.next_day(on, seasons.works)
        self.due = seasons.local(on, seasons.CLOSES - 1, self.rng).replace(minute=59, second=0)
        self.words["ate"] = day(on, 0)
        return self.due

    def ours(self, name: str) -> Sequence[str]:
        """Those of the story's texts of this name that go with the cause."""
        options: Sequence[str] = getattr(self.story, name)
        cause = self.arrival.cause
        return [options[at] for at in cause.texts[name]] if cause and name in cause.texts else options

    def text(self, options: Sequence[str], **more: str) -> str:
        """One of the options in the words of this case, as the house writes."""
        if self.due <= self.at + timedelta(days=1):
            self.promise_by(self.rng.randint(3, 8))
        today = self.at.astimezone(seasons.ZONE).date()
        return render(self.rng.choice(options), self.rng, self.words | {"hoje": day(today, 0)} | more)

    def phrase(self, name: str, **more: str) -> str:
        return self.text(phrases().case[name], **more)

    def customers_text(self, options: Sequence[str]) -> str:
        """One of the options as this customer types it."""
        person = self.arrival.person
        return typed(self.text(options), self.rng, person.carelessness if person else 0)

    def message(self) -> tuple[str, str]:
        """Subject and description: written by the customer, or by whoever took the call."""
        spoken = self.arrival.channel in SPOKEN
        subject, _, body = self.text(self.ours("told" if spoken else "written")).rpartition(" ;; ")
        subject = sentences(subject or self.text(self.story.subjects))
        return subject, sentences(body) if spoken else self._written(sentences(body))

    def _written(self, body: str) -> str:
        if self.arrival.person is None:
            return body
        if self.story.kind in ("complaint", "request"):
            opening = self.text(phrases().openings[self.mood])
            closing = self.text(phrases().closings[self.mood])
            if opening.endswith(","):
                body = body[0].lower() + body[1:]
            body = sentences(f"{opening} {body} {closing}")
        if self.mood == "furious" and self.story.kind == "complaint" and self.chance(0.4):
            body = shouted(body, self.rng)
        return typed(body, self.rng, self.arrival.person.carelessness)

    def question(self) -> tuple[str, Sequence[str]]:
        """What the customer is asked, and what may be answered to it."""
        asks, replies = self.story.asks, self.story.replies
        template = self.rng.choice(self.ours("asks"))
        fitting = [replies[asks.index(template)]] if len(replies) == len(asks) else replies
        return self.text([template]), fitting

    def contact_channel(self) -> str:
        """How this customer is answered."""
        channel = self.arrival.channel
        if channel in ("email", "whatsapp", "phone", "chat"):
            return channel
        return self.rng.choice(("phone", "email", "whatsapp"))

    def written_channel(self) -> str:
        channel = self.contact_channel()
        return "email" if channel in ("phone", "chat") else channel

    def hand_over(self, analysts: Sequence[Analyst], team: str) -> None:
        """Another team is responsible from here on."""
        self.analyst = self.rng.choice([analyst for analyst in analysts if analyst.team == team])
        self.words |= about(self.analyst)

    def work(self, activity: str, low: int, high: int) -> None:
        minutes = self.rng.randint(low, high)
        cost = f"{minutes * CENTS_A_MINUTE / 100:.2f}"
        self.do("log-work", minutes=minutes, activity=activity, cost=cost, currency="BRL")

    def attach(self, name: str, media_type: str) -> None:
        """A file of this name; its fingerprint is made up like the rest."""
        sha256 = hashlib.sha256(f"{self.arrival.seed}/{name}".encode()).hexdigest()
        self.do(
            "attach", name=name, media_type=media_type, size=self.rng.randint(40, 3_900) * 1013, sha256=sha256
        )

    def amount(self, of: str) -> str:
        """An amount that the texts name (price, credit, fee or freight), as a decimal string."""
        return f"{int(self.words[f'_{of}']) / 100:.2f}"

    def better_voucher(self) -> None:
        """The texts name twice the voucher from here on."""
        self.words["_credit"] = str(int(self.words["_credit"]) * 2)
        self.words["credito"] = money(int(self.words["_credit"]))
