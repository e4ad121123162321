"""`drag train data`: rows by each method, what is dropped, what is held out, and going on after an interruption."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import FIRST, SECOND, Command, write
from hypothesis import given, settings
from hypothesis import strategies as st

from drag import prompts
from drag.errors import ConfigError
from drag.prompts import ABSTENTION
from drag.testing import HashEmbedder
from drag.train.data import Plan, Rows, make_rows
from drag.train.data_near import Near
from drag.train.data_text import BARE, holds, holds_any, normalised
from drag.train.rows import Row, digest_of, read_all, read_rows
from drag.types import Evidence, Question
from eval.metrics import normalise

NAMES = ("Mara", "Ivo", "Ada", "Piet", "Rosa", "Nils", "Jon", "Eva", "Kim", "Lou")
TOWNS = ("Leeds", "Ghent", "Porto", "Turku", "Cadiz", "Bergen", "Cork", "Split", "Trieste", "Gdynia")
RECORDS = [
    {
        "id": f"r{n}",
        "question": f"Who built the tower of {town}?",
        "answers": [name],
        "evidence": [f"{town} tower: The tower of {town} is tall. It was built by {name}."],
        "distractors": [f"{town} mill {k}: The mill of {town} was moved {k} times." for k in range(6)],
    }
    for n, (name, town) in enumerate(zip(NAMES, TOWNS, strict=True))
]


def lines(path: Path, records: Sequence[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in records), "utf-8")
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return lines(tmp_path / "data.jsonl", RECORDS)


def made(path: Path, **plan: Any) -> Rows:
    given: dict[str, Any] = {"style": "instructed", "held_out": 0.0, "missing": 0.0, **plan}
    return make_rows([path], Plan(**given))


def of(tmp_path: Path, *records: Mapping[str, Any], **plan: Any) -> Rows:
    return made(lines(tmp_path / "given.jsonl", records), **plan)


# --- raft


@pytest.mark.parametrize("style", ["plain", "instructed"])
def test_a_raft_row_is_the_prompt_of_ask_and_the_answer_that_stands_in_it(
    command: Command, data: Path, tmp_path: Path, style: Any
) -> None:
    outcome = command("train", "data", data, "-o", "rows.jsonl", "--style", style, "--evidence", "4", "--missing", "0")
    assert outcome.code == 0, outcome.err
    rows = read_all(tmp_path / "rows.jsonl")
    assert [row.id for row in rows] == [one["id"] for one in RECORDS]
    places: set[int] = set()
    for row, record in zip(rows, RECORDS, strict=True):
        told = prompts.answer(Question("", row.question), row.evidence, (), style, 64)
        assert (row.messages, row.prompt, row.prompt_sha256) == (told.messages, told.name, digest_of(told.messages))
        (place,) = [n for n, text in enumerate(row.evidence, 1) if text in record["evidence"]]
        assert row.gold_ids == (row.evidence_ids[place - 1],)
        assert len(row.evidence) == len(set(row.evidence_ids)) == 4
        assert row.reply == (record["answers"][0] if style == "plain" else f"{record['answers'][0]} [{place}]")
        places.add(place)
    assert len(places) > 1  # the gold evidence does not always stand in the same place


def test_rows_without_their_gold_say_so_and_show_no_answer(command: Command, data: Path, tmp_path: Path) -> None:
    outcome = command(
        "train",
        "data",
        data,
        "-o",
        "rows.jsonl",
        "--style",
        "instructed",
        "--missing",
        "0.4",
        "--held-out",
        "0",
        "--json",
    )
    assert outcome.code == 0, outcome.err
    rows = read_rows(tmp_path / "rows.jsonl", "train")
    missing = [row for row in rows if row.missing]
    assert len(missing) == 4
    assert json.loads(outcome.out)["train"] == {"rows": 10, "missing": 4}
    for row in missing:
        assert row.reply == ABSTENTION
        assert not set(row.gold_ids) & set(row.evidence_ids)
        assert not holds_any(" ".join(row.evidence), row.answers)


def test_no_label_from_what_is_not_shown(tmp_path: Path) -> None:
    unsaid = {**RECORDS[0], "answers": ["Somebody Else"]}
    (row,) = of(tmp_path, unsaid).rows
    assert (row.verdict, row.reply) == ("dropped: its answer does not stand in the shown evidence", "")


def test_a_distractor_that_holds_the_answer_is_not_shown(tmp_path: Path) -> None:
    telling = {**RECORDS[0], "distractors": ["Mara was born in Cork.", "The mill was moved."]}
    (row,) = of(tmp_path, telling).rows
    assert sorted(row.evidence) == sorted([*RECORDS[0]["evidence"], "The mill was moved."])


def test_the_label_is_the_accepted_answer_that_is_shown(tmp_path: Path) -> None:
    (row,) = of(tmp_path, {**RECORDS[0], "answers": ["Mara Finch", "Mara"]}, style="plain").rows
    assert row.reply == "Mara"


def test_a_judgement_needs_all_of_its_evidence(tmp_path: Path) -> None:
    record = {
        "id": "y",
        "question": "Are both towers tall?",
        "answers": ["yes"],
        "evidence": ["A tower: It is tall.", "B tower: It is tall, too."],
        "distractors": ["Yes, the mill was moved."],
    }
    (row,) = of(tmp_path, record).rows
    cited = [n for n, text in enumerate(row.evidence, 1) if "tower" in text]
    assert row.reply == "yes " + "".join(f"[{n}]" for n in cited)
    assert len(cited) == 2


def test_a_record_without_an_answer_shows_what_it_brings_and_abstains(tmp_path: Path) -> None:
    record = {"id": "n", "question": "Who built it?", "answerable": False, "evidence": ["The mill is old."]}
    (row,) = of(tmp_path, record, evidence=(1, 1)).rows
    assert (row.reply, row.evidence, row.gold_ids, row.answers) == (ABSTENTION, ("The mill is old.",), (), ())


def test_long_evidence_is_cut_to_whole_sentences_around_the_answer(tmp_path: Path) -> None:
    filler = [f"Sentence {n} says nothing of the matter at hand." for n in range(40)]
    text = "Leeds tower: The tower is tall. " + " ".join([*filler[:20], "It was built by Mara.", *filler[20:]])
    record = {**RECORDS[0], "evidence": [text]}
    (row,) = of(tmp_path, record, max_tokens=250, evidence=(3, 3)).rows
    assert row.kept
    assert row.reply.startswith("Mara [")
    said = " ".join(message.content for message in row.messages)
    assert len(said.split()) * 1.4 <= 250
    (gold,) = [one for one in row.evidence if one.startswith("Leeds tower")]
    assert gold.startswith("Leeds tower: The tower is tall.")
    assert "It was built by Mara." in gold
    assert all(part in text for part in gold.split(". "))
    # The whole passage is what is cited and split by: a cut one has the id of the whole.
    assert row.gold_ids == (Evidence.of(text, "document:Leeds tower").id,)


def test_what_cannot_fit_is_dropped_and_said(tmp_path: Path) -> None:
    (row,) = of(tmp_path, RECORDS[0], max_tokens=20).rows
    assert row.verdict == "dropped: longer than the budget"


def test_a_step_on_the_way_keeps_the_sentence_that_leads_on(tmp_path: Path) -> None:
    filler = " ".join(f"Sentence {n} says nothing of the matter at hand." for n in range(60))
    record = {
        "id": "hop",
        "question": "When was the director of The Mill born?",
        "answers": ["3 May 1911"],
        "evidence": [f"The Mill: The Mill is a film. {filler} Ada Brandt directed it.", "Ada Brandt: Born 3 May 1911."],
    }
    (row,) = of(tmp_path, record, max_tokens=200, evidence=(2, 2)).rows
    assert row.kept
    assert "Ada Brandt directed it." in " ".join(row.evidence)


def test_hard_distractors_are_searched_for_where_the_record_has_none(tmp_path: Path) -> None:
    bare = [{k: v for k, v in one.items() if k != "distractors"} for one in RECORDS]
    rows = of(tmp_path, *bare, evidence=(3, 3)).rows
    gold = {text for one in bare for text in one["evidence"]}
    assert all(row.kept and len(row.evidence) == 3 and set(row.evidence) <= gold for row in rows)


def test_the_nearest_texts_by_words_and_by_vectors_in_turn() -> None:
    texts = ["the clock of Ghent", "a mill", "clock clock clock", "nothing here"]
    near = Near([Evidence.of(text, "document:1") for text in texts], HashEmbedder)
    by_words = [one.text for one in near.of("the clock of Ghent", vectors=False)]
    both = [one.text for one in near.of("the clock of Ghent")]
    near.close()
    assert by_words == ["the clock of Ghent", "clock clock clock"]
    assert both[:2] == by_words
    assert sorted(both) == sorted(texts)  # every text has a vector


def test_the_rows_of_a_pack(command: Command, tmp_path: Path) -> None:
    write(tmp_path / "a.pack", FIRST, SECOND)
    outcome = command(
        "train", "data", "--pack", "a.pack", "-o", "rows.jsonl", "--style", "instructed", "--evidence", "2",
        "--missing", "0", "--held-out", "0", "--embedder", "drag.testing:HashEmbedder",
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    first, second = read_all(tmp_path / "rows.jsonl")
    assert first.reply.startswith("Mara [")
    assert set(first.evidence) == {"Mara Finch built the Aldgate Clock.", "Ivo Lund built the mill of Ghent."}
    # Of a pack's two kept pieces the one that holds the answer goes first; the other is half of what is shown.
    assert "Mara Finch built the Aldgate Clock." in second.evidence


# --- what is held out

WORDS = st.sampled_from(
    ["Mara", "Ivo", "mara", "the Ivo", "yes", "7", "1911", "Ada Brandt", "Piet", "U.S.", "US", "Ned"]
)
ITEMS = st.lists(
    st.tuples(
        st.lists(WORDS, min_size=1, max_size=2), st.lists(st.integers(0, 25), min_size=1, max_size=2, unique=True)
    ),
    min_size=2,
    max_size=14,
)


@settings(max_examples=60)
@given(ITEMS, st.integers(0, 3), st.floats(0.05, 0.6))
def test_nothing_that_is_held_out_is_trained_on(items: list[Any], seed: int, share: float) -> None:
    records = [
        {
            "id": str(n),
            "question": f"what is it, number {n}?",
            "answers": answers,
            "evidence": [f"Text {number}: it says {' and '.join(answers)}." for number in numbers],
        }
        for n, (answers, numbers) in enumerate(items)
    ]
    with tempfile.TemporaryDirectory() as folder:
        rows = made(
            lines(Path(folder) / "x.jsonl", records), held_out=share, missing=0.3, seed=seed, evidence=(1, 4)
        ).rows
    out = [row for row in rows if row.split == "held_out"]
    trained = [row for row in rows if row.split == "train"]
    assert len(out) <= round(share * len(rows))

    def answers_of(some: Sequence[Row], norm: Callable[[str], str]) -> set[str]:
        found = {norm(one) for row in some for one in row.answers}
        return {one for one in found if one not in BARE and not (one.isdigit() and len(one) <= 3)}

    for norm in (normalise, normalised):
        assert not answers_of(out, norm) & answers_of(trained, norm)
    assert not {key for row in out for key in (*row.evidence_ids, *row.gold_ids)} & {
        key for row in trained for key in row.gold_ids
    }
    assert not {key for row in trained for key in row.evidence_ids} & {key for row in out for key in row.gold_ids}


def test_rows_of_one_entity_or_title_are_held_out_together(tmp_path: Path) -> None:
    records = [
        {"id": "a", "question": "Who built the Aldgate Clock?", "answers": ["Mara"], "evidence": ["X: by Mara"]},
        {"id": "b", "question": "When was the Aldgate Clock moved?", "answers": ["1911"], "evidence": ["Y: in 1911"]},
        {"id": "c", "question": "how long did it take?", "answers": ["a fortnight"], "evidence": ["X: a fortnight"]},
        {"id": "d", "question": "how old is it?", "answers": ["old"], "evidence": ["Z: it is old"]},
    ]
    for seed in range(6):
        found = of(tmp_path, *records, held_out=0.5, seed=seed)
        assert found.groups == (3, 1)
        assert {row.id for row in found.rows if row.split == "held_out"} == {"d"}


def test_the_same_seed_makes_the_same_rows(data: Path) -> None:
    plan: dict[str, Any] = {"missing": 0.3, "held_out": 0.3, "evidence": (2, 5), "limit": 8}
    first, second, other = made(data, **plan), made(data, **plan), made(data, **plan, seed=1)
    assert first == second
    assert len(first.rows) == 8
    assert first != other
    assert len({len(row.evidence) for row in first.rows}) > 1


# --- errors


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ((), "give INPUT, --pack, or both"),
        (("data.jsonl", "--evidence", "many"), "--evidence is 'many'"),
        (("data.jsonl", "--evidence", "5-2"), "2-5"),
        (("data.jsonl", "--method", "seqkd"), "needs one teacher, there are 0"),
        (("data.jsonl", "--method", "multi", "--teacher", "drag.testing:FakeModel"), "two teachers or more"),
        (("data.jsonl", "--teacher", "drag.testing:FakeModel"), "it has no teacher"),
        (("data.jsonl", "--route"), "goes with the method multi"),
        (("data.jsonl", "--max-tokens", "5"), "no row can be trained on"),
        (("bad.jsonl",), "bad.jsonl, line 2: 'distractors' is no list of texts"),
        (("data.jsonl", "data.jsonl"), "share ids"),
        (("data.jsonl", "-o", "data.jsonl"), "one of the inputs"),
    ],
)
def test_errors_of_the_command_are_one_line(command: Command, data: Path, flags: Sequence[str], message: str) -> None:
    lines(data.parent / "bad.jsonl", [RECORDS[0], {**RECORDS[1], "distractors": [1]}])
    inputs = list(flags) if "data.jsonl" in flags or "bad.jsonl" in flags else []
    outcome = command("train", "data", "-o", "out.jsonl", "--style", "plain", *inputs)
    assert outcome.code != 0
    (line,) = [one for one in outcome.err.splitlines() if one.strip()]
    assert message in line


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "magic"}, "'method' is none of"),
        ({"split": "test"}, "'split' is none of"),
        ({"messages": []}, "'messages' is no list of turns"),
        ({"messages": [{"role": "user"}]}, "no text under 'content'"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "ends with a turn of the assistant"),
        ({"reply": " "}, "no text under 'reply'"),
        ({"verdict": "fine"}, "'verdict' is neither"),
        ({"prompt_sha256": "0" * 64}, "is not the digest"),
        ({"answers": "Mara"}, "'answers' is no list of texts"),
        ({"evidence": ["one"]}, "texts and 'evidence_ids'"),
        ({"id": "r0"}, "stands in line 1 already"),
    ],
)
def test_a_line_that_is_no_row_is_named(
    command: Command, data: Path, tmp_path: Path, change: Mapping[str, Any], message: str
) -> None:
    assert command("train", "data", data, "-o", "rows.jsonl", "--style", "plain").code == 0
    path = tmp_path / "rows.jsonl"
    first, second, *_ = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    lines(path, [first, {**second, **change}])
    with pytest.raises(ConfigError, match=r"line 2: ") as caught:
        read_all(path)
    assert message in str(caught.value)


def test_rows_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        read_rows(tmp_path / "none.jsonl")
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(ConfigError, match="no kept rows of the split train"):
        read_rows(tmp_path / "empty.jsonl", "train")


def test_answers_are_found_as_whole_words() -> None:
    assert holds("It was Émile, the builder.", "emile")
    assert not holds("Maranello", "Mara")
    assert not holds("anything", "the")
