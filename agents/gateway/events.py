"""POST /v1/events: one CloudEvent, a batch of them, or a stream of lines."""

import asyncio
from typing import Final

from agents.gateway import binding
from agents.gateway.answer import Code, Problem, Reply
from agents.gateway.binding import Mode
from agents.gateway.bulk import take_lines
from agents.gateway.door import Visit
from agents.gateway.intake import NOT_WRITTEN, Letter, Verdict
from agents.gateway.verdicts import reply, single
from monitor.ledger.sources import Source

TOGETHER: Final = 1_000  # events that are checked before others have their turn


async def events(visit: Visit) -> Reply:
    """Answers when Kafka has what was accepted."""
    source = visit.identify()
    visit.intake.check()
    match binding.mode(visit.headers):
        case Mode.STRUCTURED:
            visit.intake.admit_rate(source, 1)
            return await _one(visit, source, Letter(await visit.open_body().whole()))
        case Mode.BINARY:
            visit.intake.admit_rate(source, 1)
            body = await visit.open_body().whole()
            return await _one(visit, source, binding.binary(body, visit.scope["headers"]))
        case Mode.BATCH:
            return await _batch(visit, source)
        case Mode.LINES:
            return await take_lines(visit, source)


async def _one(visit: Visit, source: Source, letter: Letter) -> Reply:
    [verdict] = await visit.intake.take(source, [letter])
    return single(verdict)


async def _batch(visit: Visit, source: Source) -> Reply:
    every = _every(visit)
    letters = binding.batch(await visit.open_body().whole())
    visit.intake.admit_rate(source, len(letters))
    parts = [letters[at : at + TOGETHER] for at in range(0, len(letters), TOGETHER)]
    takes = [asyncio.create_task(visit.intake.take(source, part)) for part in parts]
    done = await asyncio.gather(*takes, return_exceptions=True)
    verdicts: list[Verdict] = []
    for part, found in zip(parts, done, strict=True):
        if isinstance(found, Problem) and len(parts) > 1:
            # Others may have been written: each says for itself.
            verdicts += [NOT_WRITTEN] * len(part)
        elif isinstance(found, BaseException):
            raise found
        else:
            verdicts += found
    return reply(verdicts, every=every)


def _every(visit: Visit) -> bool:
    """Whether accepted events are listed too."""
    wanted = visit.query().get("verdicts", "all")
    if wanted not in ("all", "others"):
        raise Problem(Code.MALFORMED, "verdicts is all or others")
    return wanted == "all"
