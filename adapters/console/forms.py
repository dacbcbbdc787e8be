"""What the page may send, and how a wrong one is told so."""

from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request

from adapters.console.access import Declined


class Played(BaseModel):
    """Who the page says it asks as; `groups` is here only to be refused."""

    model_config = ConfigDict(strict=True, frozen=True, str_strip_whitespace=True)

    person: str | None = None
    groups: object = None


class Question(Played):
    """A question in the conversation that the tab made up."""

    question: Annotated[str, Field(min_length=1, max_length=8000)]
    conversation: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class Judgement(Played):
    """A verdict on the answer with this trace id, or its withdrawal."""

    answer: Annotated[str, Field(min_length=1, max_length=200)]
    verdict: Literal["up", "down"]
    removed: bool = False


Form = TypeVar("Form", bound=BaseModel)


async def read(request: Request, form: type[Form]) -> Form:
    """The body as `form`; Declined with 400 naming what is wrong, without repeating what was sent."""
    try:
        return form.model_validate_json(await request.body())
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise Declined(400, f"{field}: {first['msg']}" if field else first["msg"]) from None
