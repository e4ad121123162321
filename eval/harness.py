"""The arms of DRAG as a model of EleutherAI's lm-evaluation-harness, in which most published figures are measured.

`python -m eval.harness ARGUMENTS` is `lm_eval ARGUMENTS` with the model `drag`:

    python -m eval.harness --model drag --model_args student=smollm2-135m,pack=my.pack,arm=both --tasks arc_easy

The task makes the prompt; what the arm reads stands before it. The harness is untyped: here is the border.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from itertools import groupby
from pathlib import Path
from typing import Any, cast

from drag import choose_prompts
from drag.errors import ConfigError, DragError
from drag.journeys import open_student
from drag.models import Fetching
from drag.pipeline import Student
from drag.protocols import ScoringModel
from drag.questions import to_question
from drag.settings import Settings
from drag.types import Context, Prompt, Question
from eval.report import Report
from graphs import verbalise

ARMS = ("alone", "evidence", "graph", "both")


class Arm:
    """A student in one arm: what the harness asks of a model."""

    def __init__(self, student: Student, arm: str) -> None:
        """Raises `ConfigError` for an arm that there is not."""
        if arm not in ARMS:
            raise ConfigError(f"there is no arm '{arm}'; there are: {', '.join(ARMS)}")
        self._student = student
        self._arm = arm

    def loglikelihood(self, requests: Sequence[Any]) -> list[tuple[float, bool]]:
        """For each (context, continuation) the log-likelihood of the continuation.

        Whether it is what the model would say itself is not known to every engine: always False, so that tasks that
        count that (LAMBADA) show nothing. Raises `DragError`.
        """
        model = self._student.model
        if not isinstance(model, ScoringModel):
            raise ConfigError(f"{model.name} cannot score: tasks by likelihood need a local model")
        found: list[tuple[float, bool]] = []
        # The options of one question follow each other: its prompt is read once for all of them.
        for (context, _), group in groupby(requests, key=lambda one: (one.args[0], repr(one.doc))):
            asked = list(group)
            prompt = self._prompt(context, asked[0].doc, 1)
            likely = model.score(prompt, [str(one.args[1]).lstrip() for one in asked])
            found += [(one.total, False) for one in likely]
        return found

    def generate_until(self, requests: Sequence[Any]) -> list[str]:
        """For each (context, options) what the model says, up to one of `until`. Raises `DragError`."""
        said: list[str] = []
        for one in requests:
            context, options = one.args
            until: Any = options.get("until") or []
            stops: list[str] = [until] if isinstance(until, str) else list(until)
            most = int(options.get("max_gen_toks") or options.get("max_tokens") or 256)
            (reply,) = self._student.model.generate([self._prompt(context, one.doc, most)])
            if isinstance(reply, DragError):
                raise reply
            ends = [place for place in (reply.text.find(stop) for stop in stops if stop) if place >= 0]
            said.append(reply.text[: min(ends)] if ends else reply.text)
        return said

    def _prompt(self, context: str, doc: object, max_tokens: int) -> Prompt:
        read = self._read(context, doc)
        evidence = [one.titled for one in read.evidence]
        return choose_prompts.beside(context, evidence, verbalise(read.graph), self._student.style, max_tokens)

    def _read(self, context: str, doc: object) -> Context:
        """What the arm reads for the question of a task's document, or for the prompt where it has none."""
        if self._arm == "alone":
            return Context()
        question = Question("harness", context)
        if isinstance(doc, Mapping):
            # A task of another shape: its prompt is searched for as it is.
            with suppress(ConfigError):
                question = to_question(cast("Mapping[str, Any]", doc))
        return self._student.context(question, evidence=self._arm != "graph", graph=self._arm != "evidence")


def register() -> Any:
    """Make `drag` known to the harness; its class. Raises `ConfigError` if the harness is not installed.

    Arguments of the model: `student`, `pack`, `arm` (of `ARMS`; default `both` with a pack, else `alone`), `config`.
    """
    try:
        base: Any = importlib.import_module("lm_eval.api.model").LM
        registry: Any = importlib.import_module("lm_eval.api.registry")
        # Else the first model that is registered keeps the harness from loading its own.
        importlib.import_module("lm_eval.models")
    except ImportError as error:
        raise ConfigError("this needs the evaluation harness: pip install 'drag-slm[harness]'") from error
    if "drag" in registry.model_registry:
        return registry.get_model("drag")

    def begin(self: Any, student: str = "", pack: str = "", arm: str = "", config: str = "", **_: object) -> None:
        base.__init__(self)
        settings = Settings.load(config or None)
        settings = settings.override("models", student=student or None)
        self.open = ExitStack()
        opened = open_student(Path(pack) if pack else None, settings=settings, how=Fetching.of(settings))
        self.arm = Arm(self.open.enter_context(opened), arm or ("both" if pack else "alone"))

    def likely(self: Any, requests: Sequence[Any], **_: object) -> list[tuple[float, bool]]:
        return self.arm.loglikelihood(requests)

    def said(self: Any, requests: Sequence[Any], **_: object) -> list[str]:
        return self.arm.generate_until(requests)

    def rolling(self: Any, requests: Sequence[Any], **_: object) -> list[float]:
        raise ConfigError("the perplexity of whole texts is not measured: nothing is asked there")

    members = {"__init__": begin, "loglikelihood": likely, "generate_until": said, "loglikelihood_rolling": rolling}
    made = type("DragLM", (base,), members)
    wrap: Callable[[Any], Any] = registry.register_model("drag")
    return wrap(made)


def measure(
    tasks: Sequence[str], include: Path | None, arguments: Mapping[str, str], *, limit: int | None, seed: int
) -> Report:
    """The harness's own measures of `tasks`, each with 1.96 times its standard error as an interval.

    `include` is a folder of task files; `arguments` are those of the model. Raises `ConfigError`.
    """
    made = register()(**arguments)
    try:
        manager: Any = importlib.import_module("lm_eval.tasks").TaskManager
        evaluate: Any = importlib.import_module("lm_eval").simple_evaluate
        # To look through the harness's own thousands of task files takes half a minute.
        known = manager(include_path=str(include), include_defaults=False) if include else None
        if known is None or set(tasks) - set(known.all_tasks):
            known = manager(include_path=str(include) if include else None)
        unknown = sorted(set(tasks) - set(known.all_tasks))
        if unknown:
            raise ConfigError(f"the harness knows no task '{unknown[0]}'")
        found: Any = evaluate(
            model=made,
            tasks=list(tasks),
            task_manager=known,
            limit=limit,
            bootstrap_iters=1000,
            random_seed=seed,
            numpy_random_seed=seed,
            torch_random_seed=seed,
            fewshot_random_seed=seed,
        )
    finally:
        made.open.close()
    metrics: dict[str, float] = {}
    intervals: dict[str, tuple[float, float]] = {}
    for task, values in found["results"].items():
        for name, value in values.items():
            metric, _, _ = str(name).partition(",")
            if not isinstance(value, int | float) or isinstance(value, bool) or metric.endswith("_stderr"):
                continue
            metrics[f"{metric}/{task}"] = float(value)
            error = values.get(str(name).replace(metric, f"{metric}_stderr", 1))
            if isinstance(error, int | float):
                intervals[f"{metric}/{task}"] = (value - 1.96 * error, value + 1.96 * error)
    rows = sum(int(one["effective"]) for one in found["n-samples"].values())
    return Report("harness", rows, metrics, intervals, 0, {"tasks": list(tasks), "limit": limit, **arguments})


if __name__ == "__main__":
    register()
    importlib.import_module("lm_eval.__main__").cli_evaluate()
