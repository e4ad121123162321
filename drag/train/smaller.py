"""A smaller student out of a larger one: some of its layers, or a slice of every weight."""

from __future__ import annotations

import copy
from typing import Any

from drag.errors import ConfigError
from drag.train.libraries import library
from drag.train.recipe import Init


def smaller(model: Any, init: Init) -> Any:
    """`model` as `init` wants it: itself for `none`, else a new one. Raises `ConfigError` if it is not large enough."""
    if init.kind == "none":
        return model
    layers = init.layers or int(model.config.num_hidden_layers)
    kept = even(int(model.config.num_hidden_layers), layers, "layers")
    return _sliced(model, kept, init.width or int(model.config.hidden_size))


def even(count: int, wanted: int, what: str) -> list[int]:
    """`wanted` of the numbers below `count`, evenly spaced, first and last among them. Raises `ConfigError`."""
    if wanted > count:
        raise ConfigError(f"init: {wanted} {what} cannot be taken from {count}")
    if wanted == 1:
        return [0]
    return [round(place * (count - 1) / (wanted - 1)) for place in range(wanted)]


def _sliced(model: Any, layers: list[int], width: int) -> Any:
    """A model of the kept layers whose every weight is a slice of the large one's, evenly spaced.

    Heads stay whole, and each keeps the key and value head that it reads, so that attention still means something.
    """
    torch, transformers = library("torch"), library("transformers")
    old = model.config
    share = width / old.hidden_size
    heads, shared = int(old.num_attention_heads), int(old.num_key_value_heads)
    size = int(getattr(old, "head_dim", None) or old.hidden_size // heads)
    groups = even(shared, max(1, round(shared * share)), "key heads")
    reading = heads // shared
    within = even(reading, min(reading, max(1, round(heads * share / len(groups)))), "heads")
    rows = even(int(old.intermediate_size), max(1, round(old.intermediate_size * share)), "feed-forward rows")
    config = copy.deepcopy(old)
    config.num_hidden_layers, config.hidden_size, config.intermediate_size = len(layers), width, len(rows)
    config.num_key_value_heads, config.num_attention_heads = len(groups), len(groups) * len(within)
    config.head_dim = size
    if getattr(config, "layer_types", None):
        config.layer_types = [old.layer_types[place] for place in layers]
    hidden = torch.tensor(even(int(old.hidden_size), width, "hidden dimensions"))
    asks = [group * reading + one for group in groups for one in within]
    queries = torch.tensor([head * size + i for head in asks for i in range(size)])
    keys = torch.tensor([head * size + i for head in groups for i in range(size)])
    forward = torch.tensor(rows)
    every = {"q_proj": queries, "k_proj": keys, "v_proj": keys, "gate_proj": forward, "up_proj": forward}
    weights: dict[str, Any] = {}
    source = model.state_dict()
    names = {old_layer: place for place, old_layer in enumerate(layers)}
    for name, weight in source.items():
        parts = name.split(".")
        if "layers" in parts:
            at = parts.index("layers") + 1
            if int(parts[at]) not in names:
                continue
            parts[at] = str(names[int(parts[at])])
        module, new = parts[-2], weight
        if module in every:
            new = new[every[module]]
            new = new if new.dim() == 1 else new[:, hidden]
        elif module in {"o_proj", "down_proj"}:
            new = new[hidden] if new.dim() == 1 else new[hidden][:, queries if module == "o_proj" else forward]
        elif module in {"embed_tokens", "lm_head"}:
            new = new[:, hidden]
        else:  # the norms
            new = new[hidden]
        weights[".".join(parts)] = new.clone()
    made = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    made.load_state_dict(weights, strict=not config.tie_word_embeddings)
    made.tie_weights()
    return made.train(False)
