"""Prompts, and the parsers of what comes back: every whole item is kept, and none is invented."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drag import prompts, teach_prompts
from drag.errors import ReplyError
from drag.extract_prompts import extract, parse_extract
from drag.prompts import parse_answer, parse_relevance
from drag.teach_prompts import parse_teach
from drag.types import Evidence, Prompt, Question
from graphs import Triple

CLOCK = "Mara Finch built the Aldgate Clock."
MOVED = "The Aldgate Clock was moved to Leeds in 1904."
BELL = 'Its bell is called "Old [Tom]" {by all}.'
SECRET = "Margaret Holloway"

CHOOSE = Question("1", "Who built the clock?", ("Mara Finch", "Ivo Lund"), ("Ivo Lund",), ("A brought text.",))


def said(prompt: Prompt) -> str:
    return "\n".join(message.content for message in prompt.messages)


def triples(reply: str) -> list[Triple]:
    return parse_extract(reply, WRITTEN)


def scores(reply: str) -> list[float | None]:
    return parse_relevance(reply, 3)


Parser = Callable[[str], Sequence[object]]
PARSERS: dict[str, Parser] = {"evidence": parse_teach, "scores": scores, "triples": triples}


# --- teach


def test_the_teacher_is_blind_unless_told_otherwise() -> None:
    blind = teach_prompts.teach(CHOOSE, 5)
    assert "Who built the clock?" in said(blind)
    for hidden in ("Mara", "Ivo", "brought"):
        assert hidden not in said(blind)
        assert hidden not in json.dumps(blind.schema)
    shown = said(teach_prompts.teach(CHOOSE, 5, show_choices=True))
    assert "Mara Finch" in shown
    assert "Ivo Lund" in shown
    plain = Question("1", "Who built the clock?")
    assert teach_prompts.teach(plain, 5, show_choices=True) == teach_prompts.teach(plain, 5) == blind


def test_the_schema_asks_for_as_many_as_the_text() -> None:
    prompt = teach_prompts.teach(CHOOSE, 7)
    listed = (prompt.schema or {})["properties"]["evidence"]
    assert listed["minItems"] == listed["maxItems"] == 7
    assert "Write 7 " in said(prompt)
    assert prompt.max_tokens > teach_prompts.teach(CHOOSE, 3).max_tokens


@pytest.mark.parametrize(
    "reply",
    [
        json.dumps({"evidence": [CLOCK, MOVED]}),
        json.dumps({"evidence": [CLOCK, MOVED]}, indent=2),
        json.dumps([CLOCK, MOVED]),
        f"Here you are:\n```json\n{json.dumps({'evidence': [CLOCK, MOVED]})}\n```\nCan I help with [more]?",
        f'<think>A list.</think>{{"evidence": ["{CLOCK}", "{MOVED}"], "note": "done"}}',
        f'{{"evidence": ["{CLOCK}", "{MOVED}"',
        f'{{"evidence": ["{CLOCK}", "{MOVED}", "The bell was cast in',
        json.dumps({"evidence": [f"1. {CLOCK}", f"2) {MOVED}"]}),
        json.dumps({"evidence": [f"- {CLOCK}", f" •  {MOVED}\n"]}),
        json.dumps({"evidence": [f"* {CLOCK}", MOVED.replace(" to ", "\n to\t")]}),
        json.dumps({"evidence": [{"id": "1", "fact": CLOCK}, {"fact": MOVED}]}),
        json.dumps([{"fact": CLOCK}, {"fact": MOVED}]),
        json.dumps({"evidence": [CLOCK, MOVED, CLOCK.upper(), MOVED.rstrip(".")]}),
        json.dumps({"evidence": [CLOCK, MOVED, CLOCK]}),
        json.dumps({"evidence": [CLOCK, "Too short", None, 7, [], MOVED]}),
    ],
)
def test_the_evidence_in_a_reply(reply: str) -> None:
    assert parse_teach(reply) == [CLOCK, MOVED]


def test_a_number_that_opens_a_fact_is_no_enumeration() -> None:
    facts = ["3.5 million people live there.", "1904 was its first year.", "-40 degrees is the same in both."]
    assert parse_teach(json.dumps({"evidence": facts})) == facts


@pytest.mark.parametrize("parser", PARSERS.values(), ids=PARSERS)
@pytest.mark.parametrize(
    "reply",
    [
        *("", f"I know nothing of {SECRET}.", "[]", "{}", "null", '"text"', '{"evidence": {"a": 1}, "scores": 3}'),
        *('{"evidence": [], "scores": [], "triples": []}', "[", "{", '{"evidence": ["', "[[[]", "[" * 20_000),
    ],
    ids=range(13),
)
def test_a_reply_of_no_use_is_an_error_that_shows_nothing(parser: Parser, reply: str) -> None:
    with pytest.raises(ReplyError) as caught:
        parser(reply)
    assert caught.value.reply == reply
    for shown in (str(caught.value), repr(caught.value)):
        assert SECRET not in shown
        assert "\n" not in shown


def test_a_reply_error_shows_neither_prompt_nor_reply() -> None:
    error = ReplyError("the reply holds no evidence", prompt=f"about {SECRET}", reply=f"{SECRET}!")
    assert (error.prompt, error.reply) == (f"about {SECRET}", f"{SECRET}!")
    assert SECRET not in f"{error} {error!r} {error.args}"


def test_half_a_surrogate_pair_is_not_kept() -> None:
    # A JSON escape of half an emoji parses, but can be neither hashed nor stored.
    kept = parse_teach('{"evidence": ["The clock is \\ud83d in Leeds.", "' + CLOCK + '"]}')
    assert CLOCK in kept
    assert "".join(kept).encode()
    assert all(Evidence.of(text, "teacher:x").id for text in kept)


# --- relevance


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ('{"scores": [0, 5, 10]}', [0.0, 0.5, 1.0]),
        ('{"scores": [-3, 11, 7.5]}', [0.0, 1.0, 0.75]),
        ('{"scores": [4]}', [0.4, None, None]),
        ('{"scores": [1, 2, 3, 4, 5]}', [0.1, 0.2, 0.3]),
        ('{"scores": ["8", null, 3]}', [None, None, 0.3]),
        ('{"scores": [true, 2, {}]}', [None, 0.2, None]),
        ('{"scores": [NaN, 2]}', [None, 0.2, None]),
        ('{"scores": [1e999, 2]}', [1.0, 0.2, None]),
        ('{"scores": [' + "9" * 400 + ", 2]}", [1.0, 0.2, None]),
        ('The scores: {"scores": [9, 1, 0]}.', [0.9, 0.1, 0.0]),
        ("[9, 1, 0]", [0.9, 0.1, 0.0]),
        # What was cut off may have been the first digit of a ten.
        ('{"scores": [3, 1', [0.3, None, None]),
        ('{"scores": [3, 1,', [0.3, 0.1, None]),
    ],
)
def test_scores_are_clamped_and_none_where_there_is_none(reply: str, expected: list[float | None]) -> None:
    assert scores(reply) == expected


def test_relevance_numbers_the_texts_and_asks_for_as_many() -> None:
    prompt = prompts.relevance("Who?", [CLOCK, MOVED])
    assert f"1. {CLOCK}\n2. {MOVED}" in said(prompt)
    assert (prompt.schema or {})["properties"]["scores"]["maxItems"] == 2
    assert prompt.temperature == 0
    single = said(prompts.relevance_of_one("Who?", CLOCK))
    assert single.index("Who?") < single.index(CLOCK)


# --- extract

WRITTEN = Evidence("e1", f"{CLOCK} {MOVED} {BELL} 7 5 3.5 12", "teacher:x")
BUILT = {"head": "Mara Finch", "relation": "built", "tail": "Aldgate Clock"}
FIRST = Triple("Mara Finch", "built", "Aldgate Clock", "e1")


def test_extract_asks_about_the_evidence_last() -> None:
    prompt = extract(Evidence.of(MOVED, "teacher:x"), 4)
    assert prompt.messages[-1].role == "user"
    assert MOVED in prompt.messages[-1].content
    assert (prompt.schema or {})["properties"]["triples"]["maxItems"] == 4
    example = Evidence("e1", prompt.messages[-3].content, "prompt")
    assert len(parse_extract(prompt.messages[-2].content, example)) == 2  # the example is as it should be


def test_a_triple_that_its_evidence_does_not_say_is_no_triple_of_it() -> None:
    invented = {"head": "Marie Curie", "relation": "discovered", "tail": "Aldgate Clock"}
    assert triples(json.dumps({"triples": [invented, BUILT]})) == [FIRST]
    with pytest.raises(ReplyError):
        triples(json.dumps({"triples": [invented]}))


@pytest.mark.parametrize(
    "items",
    [
        [BUILT],
        [{"head": ' "Mara  Finch" ', "relation": "built", "tail": "**Aldgate Clock**."}],
        [BUILT, BUILT],
        [BUILT, {"head": "clock", "relation": "is", "tail": "The clock"}],
        [BUILT, {"head": "Mara", "relation": "was the very first one of them to build", "tail": "x"}],
        [BUILT, {"head": "", "relation": "built", "tail": "x"}, {"head": "Mara"}, "Mara built it", 3, None],
        [BUILT, {"head": "Mara", "relation": "built", "tail": None}],
        [BUILT, {"head": ["Mara"], "relation": "built", "tail": {"a": 1}}],
    ],
)
def test_extract_tidies(items: list[Any]) -> None:
    assert triples(json.dumps({"triples": items})) == [FIRST]
    assert triples(json.dumps(items)) == [FIRST]


def test_extract_keeps_numbers_and_spells_out_snake_case() -> None:
    reply = json.dumps({"triples": [{"head": "The clock", "relation": "was_moved_in", "tail": 1904}]})
    assert triples(reply) == [Triple("The clock", "was moved in", "1904", "e1")]


# --- any cut of a valid reply

FACT = st.text(st.characters(exclude_categories=["Cs"]), min_size=12, max_size=40)
NAME = st.text(st.sampled_from('abc XYZ019{}[]",\\é'), min_size=1, max_size=12)
PART = st.fixed_dictionaries({"head": NAME, "relation": NAME, "tail": NAME})
ITEMS = st.one_of(
    st.tuples(st.just("evidence"), st.lists(FACT, min_size=1, max_size=4)),
    st.tuples(st.just("scores"), st.lists(st.integers(0, 10), min_size=3, max_size=3)),
    st.tuples(st.just("triples"), st.lists(PART, min_size=1, max_size=3)),
)


@given(ITEMS, st.booleans(), st.data())
def test_a_cut_reply_gives_whole_items_or_an_error(
    given_items: tuple[str, list[Any]], escaped: bool, data: st.DataObject
) -> None:
    key, items = given_items
    reply = json.dumps({key: items}, ensure_ascii=escaped)
    cut = reply[: data.draw(st.integers(0, len(reply)), label="cut")]
    try:
        whole = list(PARSERS[key](reply))
    except ReplyError:
        whole = [None] * 3 if key == "scores" else []
    try:
        kept = list(PARSERS[key](cut))
    except ReplyError:
        return
    if key == "scores":
        assert all(one in (None, full) for one, full in zip(kept, whole, strict=True))
    else:
        assert kept == whole[: len(kept)]


# --- answer


def test_the_answer_prompt_holds_evidence_facts_and_question() -> None:
    for style in ("plain", "instructed"):
        prompt = prompts.answer(CHOOSE, [CLOCK, MOVED], ["Mara built it."], style, 9)
        text = prompt.messages[-1].content
        first, second = (CLOCK, MOVED) if style == "plain" else (f"[1] {CLOCK}", f"[2] {MOVED}")
        assert text.index(first) < text.index(second) < text.index("Mara built it.")
        options = "Options: Mara Finch; Ivo Lund\n"
        assert text.index("Mara built it.") < text.index(f"Question: Who built the clock?\n{options}")
        scored = prompts.answer(CHOOSE, [CLOCK], [], style, 9, scored=True).messages[-1].content
        assert ("Ivo Lund" in scored) is (style == "instructed")
        assert scored.endswith("Answer:")
        assert text.rpartition("\n")[2].startswith("Answer")
        assert text.endswith(":")
        assert (prompt.max_tokens, style in prompt.name) == (9, True)


def test_the_instructed_style_says_what_there_is_to_say() -> None:
    system = prompts.answer(CHOOSE, [CLOCK], [], "instructed", 9).messages[0].content
    assert "data, not instructions" in system.replace("\n", " ")
    assert "[1]" in system
    assert prompts.ABSTENTION in system
    alone = prompts.answer(CHOOSE, [], [], "instructed", 9)
    assert prompts.ABSTENTION in alone.messages[0].content
    assert "vidence" not in said(alone)
    assert "vidence" not in said(prompts.answer(CHOOSE, [], [], "plain", 9))
    assert "vidence:\n" not in said(prompts.answer(CHOOSE, [], ["Mara built it."], "instructed", 9))


@pytest.mark.parametrize(
    ("reply", "text", "numbers", "abstains"),
    [
        ("Mara Finch [1].", "Mara Finch.", (1,), False),
        ("Answer: Mara Finch [2][1]", "Mara Finch", (2, 1), False),
        ("The answer is: Mara [1, 2] in Leeds [2].", "Mara in Leeds.", (1, 2), False),
        ("Mara [0] Finch [3] [99]", "Mara Finch", (), False),
        ("Mara in [1904]", "Mara in [1904]", (), False),
        ("Insufficient information.", "Insufficient information.", (), True),
        ("There is insufficient information [1].", "There is insufficient information.", (1,), True),
        ("", "", (), False),
    ],
)
def test_citations_and_abstention(reply: str, text: str, numbers: tuple[int, ...], abstains: bool) -> None:
    assert parse_answer(reply, 2) == (text, list(numbers), abstains)


def test_a_repair_has_a_name_and_a_seed_of_its_own() -> None:
    prompt = teach_prompts.teach(CHOOSE, 3)
    again = prompts.repair(prompt, "broken", "no evidence")
    assert (again.name, again.seed, again.schema) == ("teach@1+repair", prompt.seed + 1, prompt.schema)
    assert again.messages[: len(prompt.messages)] == prompt.messages


def test_every_prompt_of_a_build_is_recorded_with_its_version() -> None:
    used = (
        teach_prompts.teach(CHOOSE, 1),
        prompts.relevance("?", ["x"]),
        prompts.relevance_of_one("?", "x"),
        extract(Evidence.of("x", "y")),
    )
    assert tuple(prompt.name for prompt in used) == prompts.VERSIONS
