"""One way to answer an activity from Teams, as a process of its own (`ops.bench.instant` says how it runs).

`ours` is adapter, inbox, worker and memory, with guard, retrieval and model replaced by instant ones; `adapter` has a
dispatcher that answers at once; `bare` is a bot of the SDK's, making the posts that it is told to make, `cached` and
`kept` are the same with less to do for every turn.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from starlette.routing import BaseRoute

from adapters.teams import TeamsAdapter
from adapters.teams_options import TeamsOptions
from bot.dispatch import Dispatcher
from bot.pace import Pace
from ops.bench.instant import Build, Known, Way, alone, run, whole
from ops.bench.teams_bare import Mended, bare_routes
from ops.bench.teams_microsoft import APP_ID, PASSWORD


def _build(known: Known) -> Build:
    def build(dispatcher: Dispatcher, pace: Pace) -> TeamsAdapter:
        return TeamsAdapter(
            dispatcher,
            app_id=APP_ID,
            app_password=PASSWORD,
            app_type="MultiTenant",
            service_urls=[known["teams_url"]],
            options=TeamsOptions(pace),
        )

    return build


def _ours(known: Known) -> AbstractAsyncContextManager[Sequence[BaseRoute]]:
    return whole(known["redis_url"], _build(known))


def _adapter(known: Known) -> AbstractAsyncContextManager[Sequence[BaseRoute]]:
    return alone(_build(known))


def _bare(mended: Mended) -> Way:
    @asynccontextmanager
    async def bare(known: Known) -> AsyncIterator[Sequence[BaseRoute]]:
        yield bare_routes(APP_ID, PASSWORD, known["calls"], mended)

    return bare


if __name__ == "__main__":
    run({"ours": _ours, "adapter": _adapter, "bare": _bare("bare"), "cached": _bare("cached"), "kept": _bare("kept")})
