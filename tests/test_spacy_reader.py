"""Extraction by spaCy's parser, with the real model; skipped where that is not on this machine."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from drag.extract import SpacyExtractor, load_spacy
from drag.models import Fetching
from drag.settings import Settings
from drag.types import Evidence
from graphs import Triple
from graphs.nodes import Nodes
from graphs.spacy_reader import Reading, SpacyReader
from graphs.spacy_tree import Tree


@cache
def pipeline() -> Any:
    from drag.models.fetch import local_path

    if local_path(Settings().privacy.spacy) is None:
        pytest.skip(f"{Settings().privacy.spacy} is not on this machine: drag models pull {Settings().privacy.spacy}")
    return load_spacy(Settings(), Fetching(allowed=False))


def read(text: str, title: str = "", style: Any = "graph") -> Reading:
    return next(SpacyReader(pipeline(), style=style).read([(text, "e1", title)]))


def said(text: str, title: str = "", style: Any = "graph") -> set[tuple[str, str, str]]:
    return {(one.head, one.relation, one.tail) for one in read(text, title, style).triples}


@pytest.mark.parametrize(
    ("text", "title", "wanted"),
    [
        ("The mill was built by Ada Brook in 1884.", "", ("mill", "built by", "Ada Brook")),
        ("Lena Fors is a chemist.", "", ("Lena Fors", "is", "chemist")),
        ("Lena Fors, a Swedish chemist, won the Golden Prize.", "", ("Lena Fors", "is", "Swedish chemist")),
        ("Lena Fors founded Brightwater, which makes glass in Oslo.", "", ("Brightwater", "makes", "glass")),
        ("Lena Fors moved to Oslo.", "", ("Lena Fors", "moved to", "Oslo")),
        ("Ada Brook and Lena Fors visited Paris and Rome.", "", ("Lena Fors", "visited", "Rome")),
        ("Lena Fors did not visit Paris.", "", ("Lena Fors", "did not visit", "Paris")),
        ("Lena Fors gave up chemistry.", "", ("Lena Fors", "gave up", "chemistry")),
        ("Lena Fors was the first wife of Karl Brook.", "", ("Lena Fors", "first wife of", "Karl Brook")),
        ("Lena Fors tried to climb Mont Blanc.", "", ("Lena Fors", "tried to climb", "Mont Blanc")),
        (
            "Dark Water is a 2012 British film directed by Ada Brook.",
            "Dark Water (film)",
            ("Dark Water", "directed by", "Ada Brook"),
        ),
        ("Dark Water is a 2012 British film directed by Ada Brook.", "Dark Water", ("Dark Water", "year", "2012")),
        (
            "Dark Water is a 2012 British film directed by Ada Brook.",
            "Dark Water",
            ("Dark Water", "country", "British"),
        ),
        (
            "Dark Water is a British film. The film was released in 2012.",
            "Dark Water",
            ("Dark Water", "released in", "2012"),
        ),
        (
            "Dark Water is a British film. The music was composed by Lena Fors.",
            "Dark Water",
            ("Dark Water", "music composed by", "Lena Fors"),
        ),
        (
            "Karl Emil Brook (born 5 October 1901 in Oslo) was a Norwegian actor. He moved to Paris.",
            "Karl Brook",
            ("Karl Brook", "born on", "5 October 1901"),
        ),
        (
            "Karl Emil Brook (5 October 1901 – 3 May 1980) was a Norwegian actor. He moved to Paris.",
            "Karl Brook",
            ("Karl Brook", "died on", "3 May 1980"),
        ),
        (
            "Karl Emil Brook (born 5 October 1901 in Oslo) was a Norwegian actor. He moved to Paris.",
            "Karl Brook",
            ("Karl Brook", "moved to", "Paris"),
        ),
        ("Karl Brook was an actor from Norway.", "Karl Brook", ("Karl Brook", "actor from", "Norway")),
    ],
)
def test_a_construction_gives_its_fact(text: str, title: str, wanted: tuple[str, str, str]) -> None:
    assert wanted in said(text, title)


def test_a_title_above_its_own_verb_does_not_close_a_circle() -> None:
    """The parser hangs `is` under `credited` under the name: reading this never ended."""
    text = (
        "Jeff F. King (sometimes credited simply as Jeff King) is a Canadian screenwriter, comic writer, television "
        "producer and film director."
    )
    doc = pipeline()(text)
    tree = Tree(doc)
    Nodes(tree, "Jeff F. King")
    for start in range(len(tree.head)):
        place = start
        for _ in tree.head:
            place = tree.head[place]
        assert tree.head[place] == place
    assert any(head == "Jeff F. King" and "screenwriter" in tail for head, _, tail in said(text, "Jeff F. King"))


def test_a_pronoun_that_two_people_could_be_stays_unresolved() -> None:
    text = "Ada Brook met Lena Fors. She moved to Rome."
    assert not [one for one in said(text) if one[1] == "moved to" and one[2] == "Rome"]
    assert ("Ada Brook", "moved to", "Rome") in said("Ada Brook met the mayor. She moved to Rome.")


def test_a_triple_has_its_types_its_place_and_a_confidence() -> None:
    text = "In spring it rained.The mill was built by Ada Brook."  # no space after the sentence, as in joined texts
    one = next(one for one in read(text).triples if one.relation == "built by")
    assert one == Triple("mill", "built by", "Ada Brook", "e1")
    assert one.tail_type == "PERSON"
    assert one.span is not None
    assert text[slice(*one.span)] == "mill was built by Ada Brook"
    assert one.confidence is not None
    assert 0 < one.confidence <= 1


def test_mentions_stand_where_they_say() -> None:
    text = "Karl Emil Brook (born 1901) was an actor.He lived in Oslo."
    mentions = read(text, "Karl Brook").mentions
    named = {(one.name, text[one.start : one.end]) for one in mentions}
    assert ("Karl Brook", "Karl Emil Brook") in named
    assert ("Karl Brook", "He") in named
    assert ("Oslo", "Oslo") in named


def test_open_style_keeps_the_words_of_the_text() -> None:
    found = said("Mr. Brook found an old opening under the house .", style="open")
    assert ("Mr. Brook", "found", "an old opening under the house") in found


def test_the_extractor_reads_the_title_and_keeps_order() -> None:
    pieces = [Evidence.of("It was directed by Ada Brook.", "document:x", title="x"), Evidence.of("Rain.", "document:y")]
    results = SpacyExtractor(SpacyReader(pipeline())).extract(pieces)
    assert results[1] == []
    assert len(results) == 2


def test_a_text_of_any_form_is_read() -> None:
    for text in (
        "",
        " ",
        "?!",
        "(",
        "((((born 1901",
        '"',
        "a" * 500,
        "He. She. It.",
        "\n\n\n",
        "1901 – 1980 (1901 – 1980)",
    ):
        assert isinstance(read(text, text[:10]), Reading)
