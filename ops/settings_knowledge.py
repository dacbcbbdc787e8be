"""The settings of knowledge: where documents come from, who may read them, how they are found."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings

from ops.settings_values import Groups, Url


class KnowledgeSettings(BaseSettings):
    """What the library and those who read in it are told."""

    embedding_url: Url | None = Field(
        None, examples=["http://gpu-1:30001/v1"], description="An OpenAI-compatible /v1/embeddings; none: on the CPU."
    )
    embedding_name: str = Field("multilingual-e5-small", description="The model to ask the embedding server for.")
    groups: Groups = Field(
        {}, examples=['{"hr": ["slack:T1:U1"]}'], description="Groups and the ids of their members, as JSON or a table."
    )
    stale_days: Annotated[float, Field(gt=0)] = Field(
        365, examples=["365"], description="Documents older than this are marked stale."
    )
    sync_minutes: Annotated[float, Field(gt=0)] = Field(
        15, examples=["15"], description="How often sources are read again."
    )
