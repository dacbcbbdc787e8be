"""What Slack's own published types say of our blocks and manifests."""

import asyncio
import tempfile
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path
from typing import Final

from tests.node.packages import NODE, PACKAGES

_OPTIONS: Final = (
    "--noEmit",
    "--strict",
    "--skipLibCheck",
    "--types",
    "",
    "--module",
    "nodenext",
    "--target",
    "es2022",
)


async def problems(source: str) -> str:
    """The compiler's complaints about a TypeScript source that may import `@slack/types` and `@slack/web-api`."""
    with tempfile.TemporaryDirectory(dir=PACKAGES.parent) as folder:  # below the packages, which it imports
        path = Path(folder) / "source.ts"
        path.write_text(source, "utf-8")
        command: list[str | Path] = [NODE, PACKAGES / "typescript" / "bin" / "tsc", *_OPTIONS, "source.ts"]
        compiler = await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=PIPE, stderr=STDOUT)
        said, _ = await compiler.communicate()
    return said.decode()
