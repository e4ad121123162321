"""graphs: normal forms, merging, verbalising and walking."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphs import (
    GraphError,
    KnowledgeGraph,
    Merged,
    Triple,
    clean,
    find_entities,
    merge,
    neighbourhood,
    normal_form,
    personalised_pagerank,
    verbalise,
)
from graphs.walk import central


def graph(*facts: str) -> KnowledgeGraph:
    """A graph of facts written `head|relation|tail`."""
    parts = (fact.split("|") for fact in facts)
    return KnowledgeGraph(Triple(head, said, tail, "".join(rest)) for head, said, tail, *rest in parts)


# --- triples and normal forms


@pytest.mark.parametrize("parts", [("", "is", "b"), ("a", " ", "b"), ("a", "is", "\n")])
def test_a_triple_without_a_part_is_refused(parts: tuple[str, str, str]) -> None:
    with pytest.raises(GraphError):
        Triple(*parts)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The  Moon", "moon"),
        ("“Marie Curie”", "Marie Curie."),
        ("**Insulin**", "insulin"),
        ("(a cell)", "Cell"),
        ("Cafe\u0301", "café"),
        ("STRASSE", "straße"),
        ("U.S.", "u.s"),
    ],
)
def test_spellings_of_one_name_are_the_same(one: str, other: str) -> None:
    assert normal_form(one) == normal_form(other)


@pytest.mark.parametrize(
    ("one", "other"), [("C++", "C"), ("C#", "C"), ("5%", "5"), ("-40", "40"), (".NET", "net"), ("$5", "5"), ("+", "-")]
)
def test_signs_that_carry_meaning_part_names(one: str, other: str) -> None:
    assert normal_form(one) != normal_form(other)


@given(st.text(min_size=1).filter(str.strip))
def test_the_normal_form_is_a_fixed_point_and_never_empty(name: str) -> None:
    assert normal_form(name)
    assert normal_form(normal_form(name)) == normal_form(name)


# --- merging

part = st.sampled_from(["Moon", "the Moon", "moon", "Earth", "EARTH", "Sun", '"Sun"', "orbits", "Orbits", "is near"])
triples = st.lists(st.builds(Triple, part, part, part, st.sampled_from(["", "e1", "e2", "e3"])), max_size=12)


@given(triples.flatmap(lambda some: st.tuples(st.just(some), st.permutations(some))))
def test_merging_does_not_depend_on_order(pair: tuple[list[Triple], list[Triple]]) -> None:
    assert merge(pair[0]) == merge(pair[1])


@given(triples)
def test_merged_triples_are_distinct_sorted_and_keep_every_source(some: list[Triple]) -> None:
    def key(one: Triple) -> tuple[str, str, str]:
        return normal_form(one.head), normal_form(one.relation), normal_form(one.tail)

    merged = merge(some)
    keys = [key(one.triple) for one in merged]
    assert keys == sorted(set(keys))
    assert set(keys) == {key(one) for one in some if normal_form(one.head) != normal_form(one.tail)}
    for one in merged:
        sources = {other.evidence_id for other in some if key(other) == key(one.triple)} - {""}
        assert one.evidence_ids == tuple(sorted(sources))
        assert one.triple.evidence_id == (one.evidence_ids or ("",))[0]
    network = KnowledgeGraph(one.triple for one in merged)
    assert len({normal_form(name) for name in network.entities}) == len(network.entities)
    assert merge(one.triple for one in merged) == [Merged(one.triple, one.evidence_ids[:1]) for one in merged]


def test_the_most_frequent_spelling_wins_then_the_shortest_then_the_first() -> None:
    merged = merge(
        [
            Triple("the Moon", "orbits", "Earth", "e2"),
            Triple("Moon", "Orbits", "the Earth", "e1"),
            Triple("Moon", "has", "craters", "e1"),
            Triple("tides", "follow", "moon", "e3"),
        ]
    )
    assert [one.triple for one in merged] == [
        Triple("Moon", "has", "craters", "e1"),
        Triple("Moon", "Orbits", "Earth", "e1"),
        Triple("tides", "follow", "Moon", "e3"),
    ]
    assert merged[1].evidence_ids == ("e1", "e2")


def test_direction_and_parallel_relations_survive_and_loops_do_not() -> None:
    merged = merge(graph("a|likes|b", "b|likes|a", "a|knows|b", "A|is|the a"))
    assert {(one.triple.head.lower(), one.triple.relation, one.triple.tail.lower()) for one in merged} == {
        ("a", "likes", "b"),
        ("b", "likes", "a"),
        ("a", "knows", "b"),
    }


@pytest.mark.parametrize(
    ("raw", "tidy"),
    [
        (Triple('  "Marie   Curie" ', "won.", "Nobel Prize;", "e"), Triple("Marie Curie", "won", "Nobel Prize", "e")),
        (Triple("- **insulin**", "`is_made_by`", "(pancreas)."), Triple("insulin", "is made by", "pancreas")),
        (Triple("Smithsonian", "is in", "Washington, D.C."), Triple("Smithsonian", "is in", "Washington, D.C.")),
        (Triple("Acme Inc.", "makes", "C++"), Triple("Acme Inc.", "makes", "C++")),
        (Triple("f(x)", "equals", "(a) or (b)"), Triple("f(x)", "equals", "(a) or (b)")),
        (Triple("zero\x00byte", "is", "gone"), Triple("zerobyte", "is", "gone")),
    ],
)
def test_clean_tidies(raw: Triple, tidy: Triple) -> None:
    assert clean(raw) == tidy
    assert clean(tidy) == tidy


@pytest.mark.parametrize(
    "triple",
    [
        Triple('""', "is", "b"),
        Triple("a", "...", "b"),
        Triple("a", "is one of the many kinds of", "b"),
        Triple("a" * 121, "is", "b"),
        Triple("the Moon", "is", "moon."),
    ],
)
def test_clean_refuses(triple: Triple) -> None:
    assert clean(triple) is None


# --- verbalising

FACTS = graph("insulin|lowers|blood sugar", "mRNA|is|short-lived", "Insulin|is made by|the pancreas", "X|is|Inc.")


def test_sentences_begin_with_a_capital_unless_the_name_has_its_own() -> None:
    assert verbalise(FACTS) == [
        "Insulin lowers blood sugar.",
        "mRNA is short-lived.",
        "Insulin is made by the pancreas.",
        "X is Inc.",
    ]


def test_arrows_and_groups() -> None:
    assert verbalise(FACTS, "arrows")[0] == "insulin → lowers → blood sugar"
    assert verbalise(FACTS, "grouped") == [
        "insulin: lowers blood sugar; is made by the pancreas",
        "mRNA: is short-lived",
        "X: is Inc.",
    ]


@pytest.mark.parametrize("style", ["sentences", "arrows", "grouped"])
def test_a_fact_is_said_once(style: str) -> None:
    twice = [Triple("Moon", "orbits", "Earth", "e1"), Triple("the moon", "orbits", "Earth", "e2")]
    assert len(verbalise(twice, style)) == 1  # pyright: ignore[reportArgumentType]
    assert verbalise([], style) == []  # pyright: ignore[reportArgumentType]


# --- walking

CHAIN = graph("a1|r|b1", "b1|r|c1", "d1|r|c1", "x1|r|y1", "c1|s|a1")


def test_a_neighbourhood_grows_by_hops_and_keeps_the_order() -> None:
    assert len(neighbourhood(CHAIN, ["d1"], 0)) == 0
    assert neighbourhood(CHAIN, ["d1"]) == graph("d1|r|c1")
    assert neighbourhood(CHAIN, ["D1"], 2) == graph("b1|r|c1", "d1|r|c1", "c1|s|a1")
    assert neighbourhood(CHAIN, ["d1", "nobody"], 9) == graph("a1|r|b1", "b1|r|c1", "d1|r|c1", "c1|s|a1")


def test_a_limit_keeps_the_nearest() -> None:
    assert neighbourhood(CHAIN, ["d1"], 9, limit=2) == graph("b1|r|c1", "d1|r|c1")
    assert len(neighbourhood(CHAIN, ["d1"], 9, limit=0)) == 0


def test_what_cannot_be_walked_is_refused() -> None:
    with pytest.raises(GraphError):
        neighbourhood(CHAIN, ["a1"], -1)
    with pytest.raises(GraphError):
        personalised_pagerank(CHAIN, {"a1": -1.0})
    with pytest.raises(GraphError):
        personalised_pagerank(CHAIN, {"a1": float("nan")})
    with pytest.raises(GraphError):
        personalised_pagerank(CHAIN, {"a1": 1.0}, damping=1.0)


@pytest.mark.parametrize("damping", [0.01, 0.5, 0.99])
def test_the_walk_comes_to_rest_whatever_the_damping(damping: float) -> None:
    scores = personalised_pagerank(CHAIN, {"a1": 1.0}, damping=damping)
    assert sum(scores.values()) == pytest.approx(1)
    assert scores["a1"] > 0 == scores["x1"]


def test_pagerank_prefers_what_is_near() -> None:
    line = graph(*(f"n{i}|to|n{i + 1}" for i in range(6)), "far|to|away")
    scores = personalised_pagerank(line, {"N0": 2.0, "nobody": 5.0})
    assert next(iter(scores)) in {"n0", "n1"}
    assert scores["n1"] > scores["n2"] > scores["n3"] > scores["n4"] > scores["n5"] > scores["n6"] > scores["away"]
    assert scores["away"] == 0
    assert sum(scores.values()) == pytest.approx(1)
    assert list(scores.values()) == sorted(scores.values(), reverse=True)


def test_parallel_triples_draw_the_walker() -> None:
    scores = personalised_pagerank(graph("s|r1|twice", "twice|r2|s", "s|r1|once"), {"s": 1.0})
    assert scores["twice"] == pytest.approx(2 * scores["once"], rel=1e-3)


@pytest.mark.parametrize("seeds", [{}, {"nobody": 1.0}, {"a1": 0.0}])
def test_no_seed_no_rank(seeds: dict[str, float]) -> None:
    assert personalised_pagerank(CHAIN, seeds) == {}


PLACES = graph(
    "New York City|is in|New York", "The Beatles|came from|Liverpool", "US|borders|Mexico", "C++|grew from|C",
    "WHO|advises|the Ministry of Health", "东京|is in|日本", "U.K.|joined|WHO",
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Is New York City larger than Liverpool?", ["New York City", "Liverpool"]),
        ("is NEW  YORK in new york city", ["New York City", "New York"]),
        ("Did beatles' fans leave Liverpool's port?", ["Liverpool", "The Beatles"]),
        ("Liverpools and Newyork", []),
        ("who told us?", []),
        ("What did the WHO tell the US?", ["WHO", "US"]),
        ("Is C++ older than C?", ["C++", "C"]),
        ("the ministry of health", ["the Ministry of Health"]),
        ("我住在东京。", ["东京"]),
        ("In the U.K. (and Mexico)", ["Mexico", "U.K."]),
        ("", []),
    ],
)
def test_entities_are_found_as_whole_words(text: str, found: list[str]) -> None:
    entities = find_entities(PLACES, text)
    assert sorted(entities) == sorted(found)
    lengths = [len(normal_form(name).replace(".", " ").split()) for name in entities]
    assert lengths == sorted(lengths, reverse=True)


def test_all_spellings_of_a_name_are_found() -> None:
    assert find_entities(graph("Moon|orbits|Earth", "the moon|has|craters"), "the moon") == ["Moon", "the moon"]


def test_ten_thousand_entities_are_searched_quickly() -> None:
    large = graph(*(f"entity {i}|r|thing number {i}" for i in range(5000)))
    find_entities(large, "makes the index")
    start = time.perf_counter()
    assert find_entities(large, "what is thing number 4321 to entity 77 and to entity 7?")[0] == "thing number 4321"
    # 5,000 names begin with `entity`: the worst case. It takes about 10 ms; the bound only rules out a search by regex.
    assert time.perf_counter() - start < 0.5


def test_the_central_part_hangs_together_and_keeps_what_it_must() -> None:
    hub = graph(*(f"leaf{i}|r|hub" for i in range(9)), "leaf3|r|twig", "far|r|away")
    assert central(hub, 3) == ["leaf0", "hub", "leaf3"]
    assert central(hub, 2, keep=["AWAY"]) == ["far", "away"]
    assert central(hub, 99) == list(hub.entities)
    assert central(hub, 0) == []


@settings(max_examples=40)
@given(triples, st.integers(0, 8))
def test_the_central_part_has_the_size_it_was_asked_for(some: list[Triple], limit: int) -> None:
    network = KnowledgeGraph(some)
    assert len(central(network, limit)) == min(limit, len(network.entities))
