"""One way to answer a message from Slack, as a process of its own (`ops.bench.instant` says how it runs).

`ours` is adapter, inbox, worker and memory, with guard, retrieval and model replaced by instant ones; `adapter` has a
dispatcher that answers at once; `bare` is bolt as it comes, making the calls that it is told to make.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from starlette.routing import BaseRoute

from adapters.slack import SlackAdapter
from adapters.slack_options import SlackOptions
from bot.dispatch import Dispatcher
from bot.pace import Pace
from ops.bench.instant import Build, Known, alone, run, whole
from ops.bench.payloads import SIGNING_SECRET
from ops.bench.slack_bare import bare_routes


def _build(known: Known) -> Build:
    settings = {"bot_token": "xoxb-bench", "signing_secret": SIGNING_SECRET, "api_url": known["slack_url"]}

    def build(dispatcher: Dispatcher, pace: Pace) -> SlackAdapter:
        return SlackAdapter(dispatcher, **settings, options=SlackOptions(pace))

    return build


def _ours(known: Known) -> AbstractAsyncContextManager[Sequence[BaseRoute]]:
    return whole(known["redis_url"], _build(known))


def _adapter(known: Known) -> AbstractAsyncContextManager[Sequence[BaseRoute]]:
    return alone(_build(known))


@asynccontextmanager
async def _bare(known: Known) -> AsyncIterator[Sequence[BaseRoute]]:
    yield bare_routes(known["slack_url"], SIGNING_SECRET, known["calls"])


if __name__ == "__main__":
    run({"ours": _ours, "adapter": _adapter, "bare": _bare})
