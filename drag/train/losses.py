"""What a student is compared by. Each function takes torch tensors and gives a scalar that falls as it learns.

Shapes: `n` is the number of reply tokens in a batch, `v` the size of the vocabulary, `h` and `k` the widths of two
models, `t` the number of tokens that are compared.
"""

from __future__ import annotations

from typing import Any

from drag.train.libraries import library
from drag.train.tokens import IGNORED


def read(model: Any, inputs: Any, *, prefix: str = "", hidden: bool = False) -> tuple[Any, Any, Any]:
    """The logits of the reply's tokens, `(n, v)` in 32-bit floats, those tokens, `(n,)`, and all hidden states.

    Logits of the whole prompt would cost more than the model: only the positions before a reply's token go through
    the last layer. The hidden states, if asked for, are one tensor `(batch, length, h)` for the embedding and for
    each layer, else None. `prefix` chooses the columns of `inputs`.
    """
    causal = model.get_base_model() if hasattr(model, "get_base_model") else model
    labels = inputs[f"{prefix}labels"][:, 1:]
    output = causal.base_model(
        input_ids=inputs[f"{prefix}input_ids"],
        attention_mask=inputs[f"{prefix}attention_mask"],
        output_hidden_states=hidden,
        use_cache=False,
        return_dict=True,
    )
    wanted = labels != IGNORED
    logits = causal.get_output_embeddings()(output.last_hidden_state[:, :-1][wanted]).float()
    return logits, labels[wanted], output.hidden_states if hidden else None


def text(logits: Any, tokens: Any) -> Any:
    """Cross entropy, in nats a token: `logits` `(n, v)`, `tokens` `(n,)`."""
    return library("torch").nn.functional.cross_entropy(logits, tokens)


def divergence(student: Any, teacher: Any, temperature: float = 1.0) -> Any:
    """KL(teacher ‖ student) in nats a token, both softened by `temperature`, times its square.

    Both `(n, v)`. The square keeps the gradient's size when the temperature rises (Hinton et al. 2015, section 2.1).
    """
    functional = library("torch").nn.functional
    softened = functional.log_softmax(student / temperature, -1)
    wanted = functional.log_softmax(teacher / temperature, -1)
    return functional.kl_div(softened, wanted, reduction="batchmean", log_target=True) * temperature**2


def nearness(student: Any, teacher: Any, projection: Any = None) -> Any:
    """Mean squared error between hidden states `(t, h)` and `(t, k)`, over the teacher's own mean square.

    `projection`, a learnt linear map from `h` to `k`, is needed where the widths differ (TinyBERT, equation 8). Layers
    differ a hundredfold in size; divided, one weight means the same in all of them.
    """
    seen = student.float() if projection is None else projection(student.float())
    wanted = teacher.float()
    return (seen - wanted).pow(2).mean() / wanted.pow(2).mean().clamp(min=1e-8)


def spread(student: int, teacher: int) -> dict[int, int]:
    """Each of the `student` layers with the one of `teacher` layers that stands at the same height, from 1."""
    return {place: max(1, round(place * teacher / student)) for place in range(1, student + 1)}
