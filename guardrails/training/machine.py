"""Lines that machines write: logs, configuration, identifiers. No person stands in them, though many words look like one."""

import random
from collections.abc import Sequence
from typing import Final

_DAYS: Final = "Mon Tue Wed Thu Fri Sat Sun".split()
_MONTHS: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_LEVELS: Final = "INFO WARN WARNING ERROR DEBUG notice error info warn crit TRACE FATAL I W E".split()
_VERBS: Final = (
    "started stopped failed finished loaded opened closed received sent created removed connected registered committed "
    "retrying waiting completed expired rejected accepted Finished Starting Started Running Found Removed Added Getting Got Adding "
    "Registering Initialized Deleting Verification Opening Served Received Loaded Scheduled Ending Session Warning Saved Submitted"
).split()
_NOUNS: Final = (
    "task job block session worker child connection request stage executor driver cache node pool queue thread socket "
    "partition broadcast storage scheduler package service daemon kernel interface user root nobody admin guest test mysql"
    " postgres www-data nginx httpd sshd cron syslog klogd named ntpd cups  rpc portmap nfs ftp news mail"
).split()
_PARTS: Final = (
    "Data Name Block Node Task Set Manager Executor Memory Store Spark Hadoop Http Server Client Session Worker Thread "
    "Pool Event Loop Cache File System Output Input Stream Handler Service Config Provider Icon Lucide Square Wand Chat Agent Rag Map "
    "Reduce Yarn Security Package Update Shutdown Init Kernel Usb Pci Acpi Cbs Csi Trusted Installer Winlogon Startup Registry"
).split()
_SHAPES: Final = (
    "[{day} {mon} {dd} {time} 20{yy}] [{level}] {text}",
    "{mon} {dd} {time} {noun} {noun2}[{n}]: {text}",
    "{mon}  {d} {time} {noun2} {noun}: {text}",
    "{yy}/{mm}/{dd} {time} {level} {camel}.{Camel}: {text}",
    "{yy}{mm}{dd} {hms} {n} {level} dfs.{Camel}$Packet{Camel2}: {text}",
    "20{yy}-{mm}-{dd} {time}, {level}                  {Camel}    {text}",
    "20{yy}-{mm}-{dd}T{time}Z {level} {text}",
    '{ip} - - [{dd}/{mon}/20{yy}:{time} +0000] "GET /{noun}/{n} HTTP/1.1" 200 {n2}',
    "{level}:{noun}.{noun2}:{text}",
    'level={level} ts={n} caller={noun}.go:{n2} msg="{text}"',
    "  {noun}Icon: {Camel}{Camel2}{n}",
    "{noun}: {Camel}",
    "ms.{noun}: {hash}",
    "{noun}_{noun2}: {hash}",
    "commit {hash}",
    "{noun}={Camel};{noun2}={n}",
    "title: {Camel} {noun}",
    "{text} ({Camel}.java:{n})",
    "\tat org.apache.{noun}.{Camel}.{noun2}({Camel}.java:{n})",
    "{Camel}Error: {text}",
    "{noun} {noun2} {text} in {n} ms",
    "session {verb} for user {noun} by (uid={d})",
    "connection from {ip} () at {day} {mon} {dd} {time} 20{yy}",
    "authentication failure; logname= uid={d} euid={d} tty=ssh ruser= rhost={host}  user={noun}",
    "{Camel} {Camel2} v0.{n} loaded",
    "{verb} {noun} {n}.0 in stage {d}.0 (TID {n2}). {n} bytes result sent to {noun2}",
    "{day} {mon} {dd} {time} CET 20{yy}",
    "cSpell: ignore {Camel},{noun},{Camel2}",
    "- [{Camel} {noun}]({noun}.md)",
    "import {{ {Camel}, {Camel2} }} from './{noun}';",
    "{noun} --{noun2} {n} /var/{noun}/{hash}",
    '"{noun}": "{Camel}{Camel2}",',
)


def line(words: Sequence[str], rng: random.Random) -> str:
    """One line; `words` are ordinary ones that may stand in it."""
    text = " ".join(
        rng.choice((*_VERBS, *_NOUNS)) if rng.random() < 0.5 else rng.choice(words) for _ in range(rng.randrange(2, 8))
    )
    hour, minute, second = rng.randrange(24), rng.randrange(60), rng.randrange(60)
    return rng.choice(_SHAPES).format(
        day=rng.choice(_DAYS),
        mon=rng.choice(_MONTHS),
        dd=f"{rng.randrange(1, 29):02}",
        d=rng.randrange(10),
        mm=f"{rng.randrange(1, 13):02}",
        yy=f"{rng.randrange(5, 27):02}",
        time=f"{hour:02}:{minute:02}:{second:02}",
        hms=f"{hour:02}{minute:02}{second:02}",
        level=rng.choice(_LEVELS),
        noun=rng.choice(_NOUNS),
        noun2=rng.choice(_NOUNS),
        verb=rng.choice(_VERBS),
        n=rng.randrange(10_000),
        n2=rng.randrange(100_000),
        text=text[:1].upper() + text[1:] if rng.random() < 0.5 else text,
        hash=f"{rng.getrandbits(160):040x}"[: rng.choice((7, 12, 32, 40))],
        ip=".".join(str(rng.randrange(256)) for _ in range(4)),
        host=f"{rng.choice(_NOUNS)}{rng.randrange(99)}.{rng.choice(_NOUNS)}.example.net",
        camel=rng.choice(_PARTS).lower(),
        Camel="".join(rng.choice(_PARTS) for _ in range(rng.randrange(1, 4))),
        Camel2=rng.choice(_PARTS),
    )
