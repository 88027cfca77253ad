"""Conversations of the batch resolver with the pretend LML, in virtual time."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from wxyc_assets.adapters.lml import client as lml
from wxyc_assets.adapters.lml.bulk_resolve import Answers
from wxyc_assets.adapters.lml.retry import RetryPolicy
from wxyc_assets.domain.candidates import Candidate
from wxyc_assets.flows.identity.batch_resolver import BatchResolver
from wxyc_assets.flows.identity.batch_result import BatchResult, Page
from wxyc_assets_tests.integration.sandbox.lml.clients import AT_ONCE
from wxyc_assets_tests.support.answers import candidate
from wxyc_assets_tests.support.unlimited_budget import UnlimitedBudget
from wxyc_sandbox.lml.app import PretendLml as PretendLml
from wxyc_sandbox.lml.faults import Fault
from wxyc_sandbox.virtual_time import run_virtually

WITH_RETRIES = RetryPolicy(attempts=4, first_wait=0.5, longest_wait=30, jitter=0)
ONCE = RetryPolicy(attempts=1)


def page(*library_ids: int) -> list[Candidate]:
    return [candidate(library_id) for library_id in library_ids]


@dataclass
class Conversation:
    """The results of asking about some pages, one after the other, on a clock that jumps."""

    pretend: PretendLml
    asked: list[BatchResult] = field(default_factory=list)
    kept: dict[int, str] = field(default_factory=dict)
    resolver: BatchResolver | None = None
    seconds: float = 0

    @property
    def calls(self) -> int:
        return self.pretend.counters.calls["resolve"]

    @property
    def only(self) -> BatchResult:
        (asked,) = self.asked
        return asked


def ask(
    *pages: Page,
    faults: Sequence[Fault] = (),
    retry_policy: RetryPolicy = WITH_RETRIES,
    url: str = "http://lml",
    transport: httpx.AsyncBaseTransport | None = None,
    timeout_seconds: float = 60,
    **settings: Any,
) -> Conversation:
    """Ask about the pages, then once more about what is doubtful, as the pipeline does."""
    at_noon = datetime(2026, 5, 17, 12, tzinfo=UTC)
    pretend = PretendLml(AT_ONCE.changed(settings), faults=faults, clock=lambda: at_noon)
    conversation = Conversation(pretend)

    async def keep(page: Page, answers: Answers) -> None:
        for each in answers.answered:
            assert each.library_id not in conversation.kept
            conversation.kept[each.library_id] = each.kind

    async def talk() -> None:
        mounted = transport or httpx.ASGITransport(app=pretend)  # pyright: ignore
        async with lml.open_lml(
            url,
            api_key=None,
            budget=UnlimitedBudget(),
            timeout_seconds=timeout_seconds,
            transport=mounted,
        ) as client:
            resolver = conversation.resolver = BatchResolver(
                client, retry_policy, keep, max_in_flight=1
            )
            for each in pages:
                conversation.asked.append(await resolver.resolve(each))
            for result in conversation.asked:
                await resolver.resolve_doubtful(result)
        conversation.seconds = asyncio.get_running_loop().time()

    run_virtually(talk())
    return conversation
