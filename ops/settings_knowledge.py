"""The settings of knowledge: where documents come from, who may read them, how they are found."""

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings

from ops.settings_values import Groups, GroupsFile, GroupSources, Owners, SourceKeys, Url


def _smtp(url: SecretStr) -> SecretStr:
    where = urlsplit(url.get_secret_value())
    if url.get_secret_value() and (where.scheme not in ("smtp", "smtps") or not where.hostname):
        raise ValueError("must be smtp://HOST:PORT or smtps://USER:PASSWORD@HOST:PORT")
    return url


def _ocr(languages: str) -> str:
    if languages:
        from rag.parsing.sandbox import tessdata  # few commands need it

        if not tessdata(languages):
            missing = " ".join(f"tesseract-ocr-{name}" for name in languages.split("+"))
            raise ValueError(f"Tesseract's data for it is not here; try: apt-get install {missing}")
    return languages


class PassedOn(BaseSettings):
    """What programs that we run for sources may know of our environment; no secret of ours."""

    http_proxy: str = ""
    https_proxy: str = ""
    all_proxy: str = ""
    no_proxy: str = ""
    home: str = ""
    path: str = ""
    ssl_cert_file: str = ""
    git_ssl_cainfo: str = ""
    ssh_auth_sock: str = ""

    def as_environment(self) -> dict[str, str]:
        """The variables that are set, under the names by which programs look for them."""
        said = {name if name.endswith("proxy") else name.upper(): value for name, value in self.model_dump().items()}
        return {name: value for name, value in said.items() if value}


class KnowledgeSettings(BaseSettings):
    """What the library and those who read in it are told."""

    embedding_url: Url | None = Field(
        None, examples=["http://gpu-1:30001/v1"], description="An OpenAI-compatible /v1/embeddings; none: on the CPU."
    )
    embedding_name: str = Field("multilingual-e5-small", description="The model to ask the embedding server for.")
    rerank_url: Url | None = Field(
        None, examples=["http://gpu-1:30002/v1"], description="A server with /rerank that orders what was found."
    )
    rerank_name: str = Field("", examples=["bge-reranker-v2-m3"], description="The model to ask the reranker for.")
    milvus_url: Url | None = Field(
        None, examples=["http://milvus.firm.example:19530"], description="A Milvus that searches vectors; none: we do."
    )
    milvus_token: SecretStr = Field(
        SecretStr(""), examples=["root:PASSWORD"], description="The token, or USER:PASSWORD, that Milvus asks for."
    )
    groups: Groups = Field(
        {}, examples=['{"hr": ["slack:T1:U1"]}'], description="Groups and the ids of their members, as JSON or a table."
    )
    groups_file: GroupsFile = Field(
        Path(), examples=["/etc/hausgeist/groups.toml"], description="The same in a file, read again when it changes."
    )
    group_sources: GroupSources = Field(
        (), examples=["slack,entra"], description="Which platforms are asked who is in their groups: slack, entra."
    )
    rights_seconds: Annotated[float, Field(gt=0, le=3600)] = Field(
        60, examples=["60"], description="How long we rely on what a platform said of groups and a channel's readers."
    )
    stale_days: Annotated[float, Field(gt=0)] = Field(
        365, examples=["365"], description="Documents older than this are marked stale."
    )
    sync_minutes: Annotated[float, Field(gt=0)] = Field(
        15, examples=["15"], description="How often sources are read again."
    )
    source_keys: SourceKeys = Field(
        {},
        examples=['{"git+https://git.firm.example/": "TOKEN", "s3://handbook": "ID:SECRET"}'],
        description="Keys of sources, by the beginning of their addresses.",
    )
    s3_url: Url = Field(
        "https://s3.amazonaws.com", examples=["https://minio.firm.example"], description="The S3 server with buckets."
    )
    ocr: Annotated[str, AfterValidator(_ocr)] = Field(
        "", examples=["eng+deu+fra"], description="Languages in which scanned PDFs are read, as Tesseract names them."
    )
    owners: Owners = Field(
        {},
        examples=['{"People team": ["people@firm.example"], "*": ["knowledge@firm.example"]}'],
        description="Owners of documents and the addresses that get their part of the weekly report; `*`: all of it.",
    )
    smtp_url: Annotated[SecretStr, AfterValidator(_smtp)] = Field(
        SecretStr(""), examples=["smtp://mail.firm.example:587"], description="The mail server that sends reports."
    )
    mail_from: str = Field(
        "hausgeist@localhost", examples=["hausgeist@firm.example"], description="Whom reports come from."
    )
