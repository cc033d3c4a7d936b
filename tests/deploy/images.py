"""A Dockerfile's steps, done one by one in folders of this machine, where there is no engine to build it.

Each stage is a folder; a path in an instruction means the one below it. `python` is the interpreter of the tests.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

STEP_SECONDS = 300
OUTER = {"PATH", "HOME", "TMPDIR", "LANG", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CONFIG_FILE"}


@dataclass(frozen=True)
class Instruction:
    name: str
    text: str


@dataclass
class Image:
    """A stage: its files, and what its instructions say about running it."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: int | None = None
    said: dict[str, str] = field(default_factory=dict)

    def path(self, path: str) -> Path:
        """Where a path in the image is on this machine."""
        return self.root / (Path(self.workdir) / path).relative_to("/")

    def here(self, text: str) -> str:
        """The text with the image's paths made those of this machine, and its user the one who can be had."""
        text = re.sub(r"(?<![\w.:/])/(?=(?:opt|srv|data|build)\b)", f"{self.root}/", text)
        return text if os.geteuid() == 0 else text.replace("10001", str(os.geteuid()))

    def environment(self, **values: str) -> dict[str, str]:
        """What a process in it sees."""
        outer = {name: value for name, value in os.environ.items() if name in OUTER}
        outer["PATH"] = f"{self.root / 'python'}:{outer['PATH']}"
        for name, value in {**self.env, **values}.items():
            outer[name] = re.sub(r"\$(\w+)", lambda match: outer[match[1]], self.here(value))
        return outer

    def command(self, instruction: str) -> list[str]:
        """The exec form of CMD or of the command in HEALTHCHECK."""
        words: list[str] = json.loads(self.said[instruction][self.said[instruction].index("[") :])
        return words

    def as_its_user(self, command: Iterable[str]) -> list[str]:
        """The command, run by the image's user where the tests run as root.

        It may read the interpreter's folder, which on some machines only root may; it may write nowhere else.
        """
        if os.geteuid() != 0:
            return list(command)
        who = ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups", "--no-new-privs"]
        may = ["--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"]
        return [*who, *may, *command]


def instructions(dockerfile: Path) -> list[Instruction]:
    """Its instructions, with continued lines joined and comments left out."""
    lines = [line for line in dockerfile.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines()
    return [Instruction(*line.split(" ", 1)) for line in joined if line.strip()]


def build(dockerfile: Path, folder: Path) -> Image:
    """Do every step, in order; the last stage is the image.

    Raises:
        AssertionError: A step failed.
        ValueError: There is an instruction that this does not know.
    """
    stages: dict[str, Image] = {}
    image = Image(folder)
    for step in instructions(dockerfile):
        if step.name == "FROM":
            name = step.text.partition(" AS ")[2] or "final"
            image = stages[name] = Image(_base(folder / name))
        elif step.name == "RUN":
            _run(image, step.text)
        elif step.name == "COPY":
            _copy(image, step.text, dockerfile.parent, stages)
        elif step.name == "ENV":
            image.env |= dict(pair.split("=", 1) for pair in step.text.split())
        elif step.name == "WORKDIR":
            image.workdir = step.text
            image.path(".").mkdir(parents=True, exist_ok=True)
        elif step.name == "USER":
            image.user = int(step.text.partition(":")[0])
        elif step.name in {"ARG", "LABEL", "VOLUME", "EXPOSE", "HEALTHCHECK", "STOPSIGNAL", "CMD"}:
            image.said[step.name] = step.text
        else:
            raise ValueError(step.name)
    return image


def _base(root: Path) -> Path:
    programs = root / "python"
    programs.mkdir(parents=True)
    (programs / "python").symlink_to(Path(sys.base_prefix) / "bin" / "python3")
    return root


def _run(image: Image, text: str) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", image.here(text)],
        cwd=image.path("."),
        env=image.environment(),
        capture_output=True,
        text=True,
        timeout=STEP_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"RUN {text}\n{done.stdout}{done.stderr}"


def _copy(image: Image, text: str, context: Path, stages: Mapping[str, Image]) -> None:
    words = text.split()
    if words[0].startswith("--from="):
        stage = stages[words.pop(0).removeprefix("--from=")]
        shutil.copytree(stage.path(words[0]), image.path(words[1]), symlinks=True)
        return
    *sources, target = words
    for source in sources:
        files = [path for path in context_files(context) if path == source or path.startswith(f"{source}/")]
        assert files, f"COPY {source}: not in the context"
        for path in files:
            inside = path.removeprefix(source).lstrip("/")
            copy = image.path(target) / (inside or Path(path).name)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(context / path, copy)


def context_files(context: Path) -> Iterator[str]:
    """The files that the engine would be sent: those that .dockerignore leaves."""
    patterns = [
        line
        for line in (context / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    kept = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
    for top in sorted({pattern.partition("/")[0] for pattern in kept}):
        below = [context / top, *(context / top).rglob("*")]
        names = (path.relative_to(context).as_posix() for path in below if path.is_file())
        yield from (name for name in names if not _is_ignored(name, patterns))


def _is_ignored(name: str, patterns: Iterable[str]) -> bool:
    """The last pattern that matches the file or a folder it is in decides."""
    ways = [name, *(parent.as_posix() for parent in Path(name).parents)]
    ignored = False
    for pattern in patterns:
        if any(re.fullmatch(_regex(pattern.lstrip("!")), way) for way in ways):
            ignored = not pattern.startswith("!")
    return ignored


def _regex(pattern: str) -> str:
    return re.escape(pattern).replace(r"\*\*/", "(.*/)?").replace(r"\*", "[^/]*")
