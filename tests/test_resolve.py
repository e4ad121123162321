"""graphs.resolve: which names are one thing, which are not, and that it does not matter in which order they come."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphs import GraphError, Triple, find_entities
from graphs.relations import is_alias, meaning
from graphs.resolve import Resolution, resolve
from graphs.resolve_names import date, given_fits, initials, loose, person_parts
from graphs.resolve_rules import Rules, read_rules, write_rules


def facts(*lines: str) -> list[Triple]:
    """Triples written `head|relation|tail|evidence`, a type after a name in angle brackets."""
    found: list[Triple] = []
    for line in lines:
        head, relation, tail, key = line.split("|")
        (head, _, head_type), (tail, _, tail_type) = head.partition("<"), tail.partition("<")
        found.append(Triple(head, relation, tail, key, head_type, tail_type))
    return found


def said(found: Resolution) -> set[str]:
    return {f"{one.triple.head}|{one.triple.relation}|{one.triple.tail}" for one in found.merged}


def same(found: Resolution, one: str, other: str) -> bool:
    first, second = found.entity(one), found.entity(other)
    assert first is not None
    assert second is not None
    return first == second


# --- relations


@pytest.mark.parametrize(
    "group",
    [
        ("was born in", "born in", "is born in", "place of birth", "Birthplace", "was_born_in"),
        ("wrote", "writes", "author of", "is the author of", "penned"),
        ("directed", "directs", "director of", "was the director of"),
        ("is located in", "located in", "lies in", "situated in"),
        ("is married to", "married", "spouse", "wife of"),
    ],
)
def test_relations_that_say_the_same(group: tuple[str, ...]) -> None:
    assert len({meaning(one) for one in group}) == 1


@pytest.mark.parametrize(
    ("active", "passive"),
    [("directed", "directed by"), ("wrote", "was written by"), ("founded", "founder"), ("built", "built by")],
)
def test_a_passive_is_its_active_read_from_the_tail(active: str, passive: str) -> None:
    one, other = meaning(active), meaning(passive)
    assert one.key == other.key
    assert not one.inverse
    assert other.inverse


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("wrote", "did not write"),
        ("born in", "died in"),
        ("found", "founded"),
        ("father", "father of"),
        ("likes", "will like"),
    ],
)
def test_relations_that_differ(one: str, other: str) -> None:
    assert meaning(one) != meaning(other)


def test_what_renames() -> None:
    assert is_alias("is also known as", "x")
    assert is_alias("stands for", "deoxyribonucleic acid")
    assert is_alias("known as", "Bono")
    assert not is_alias("known as", "the father of chemistry")
    assert not is_alias("is known for", "Bono")


def test_relations_between_one_pair_become_one_with_every_source() -> None:
    found = resolve(
        facts("Heat|directed by|Mann|e1", "Mann|directed|Heat|e2", "Mann|directed|Heat|e3", "Mann|wrote|Heat|e1")
    )
    assert said(found) == {"Mann|directed|Heat", "Mann|wrote|Heat"}
    assert found.merged[0].evidence_ids == ("e1", "e2", "e3")


def test_direction_and_parallel_relations_survive() -> None:
    lines = ("a1|likes|b1|e1", "b1|likes|a1|e1", "a1|knows|b1|e1")
    assert said(resolve(facts(*lines))) == {line.rpartition("|")[0] for line in lines}


def test_spans_confidence_and_types_go_along() -> None:
    (one,) = resolve(
        [
            Triple("Ada", "wrote", "notes", "e2", "PERSON", "", (3, 9), 0.5),
            Triple("Ada", "wrote", "notes", "e1", "PERSON", "WORK", (0, 5), 0.9),
            Triple("ada", "wrote", "notes", "e1", "ORG", "WORK", (7, 9), 0.4),
        ]
    ).merged
    assert [(source.evidence_id, source.span, source.confidence) for source in one.sources] == [
        ("e1", (0, 5), 0.9),
        ("e2", (3, 9), 0.5),
    ]
    assert (one.triple.head_type, one.triple.tail_type, one.triple.span) == ("PERSON", "WORK", (0, 5))


# --- names


@pytest.mark.parametrize(
    ("one", "other", "more"),
    [
        ("World Health Organization", "WHO", ()),
        ("U.S.", "US", ()),
        ("São Paulo", "Sao Paulo", ()),
        ("12 May 1950", "May 12, 1950", ()),
        ("blood-sugar", "blood sugar", ()),
        ("cells", "a cell", ()),
        ("Apple Inc.<ORG", "Apple<ORG", ()),
        ("Dr. Marie Curie<PERSON", "Marie Curie<PERSON", ()),
        ("Barack Hussein Obama<PERSON", "Barack Obama<PERSON", ()),
        ("Holland", "Netherlands", ("Holland|is also known as|Netherlands|e3",)),
        ("World Health Organization (WHO)", "WHO", ()),
    ],
)
def test_names_of_one_thing_meet(one: str, other: str, more: tuple[str, ...]) -> None:
    found = resolve(facts(f"{one}|is near|left bank|e1", f"{other}|is far from|right bank|e2", *more))
    assert same(found, one.partition("<")[0], other.partition("<")[0])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("John Smith<PERSON", "Jane Smith<PERSON"),
        ("C++", "C"),
        ("Paris<PERSON", "Paris Peace Conference<EVENT"),
        ("Martin King Sr.<PERSON", "Martin King Jr.<PERSON"),
        ("12 May 1950", "12 May 1951"),
        ("AI", "Amnesty International"),
        ("Williams", "William"),
        ("WHO<ORG", "Wild Hog Outing<EVENT"),
    ],
)
def test_names_of_two_things_do_not(one: str, other: str) -> None:
    found = resolve(facts(f"{one}|is near|left bank|e1", f"{other}|is far from|right bank|e2"))
    assert not same(found, one.partition("<")[0], other.partition("<")[0])


def test_a_surname_means_the_one_person_of_its_document() -> None:
    found = resolve(
        facts(
            "Marie Curie<PERSON|was born in|Warsaw|e1",
            "Curie<PERSON|won|a prize|e1",
            "Pierre Curie<PERSON|taught|physics|e2",
            "Curie<PERSON|died in|Paris|e2",
            "Curie<PERSON|gave|a name|e3",
            "Irène Curie<PERSON|met|Ève Curie|e4",
            "Ève Curie<PERSON|met|Irène Curie<PERSON|e4",
            "Curie<PERSON|wrote|a life|e4",
        )
    )
    assert {"Marie Curie|won|a prize", "Pierre Curie|died in|Paris"} <= said(found)
    # Nobody by a full name there, and two of them.
    assert {"Curie|gave|a name", "Curie|wrote|a life"} <= said(found)


def test_a_document_is_what_the_caller_says() -> None:
    lines = facts("Marie Curie<PERSON|was born in|Warsaw|e1", "Curie<PERSON|won|a prize|e2")
    assert "Curie|won|a prize" in said(resolve(lines))
    assert "Marie Curie|won|a prize" in said(resolve(lines, documents={"e1": "d", "e2": "d"}))


def test_two_people_of_one_name_stay_two() -> None:
    found = resolve(
        facts(
            "John Smith|date of birth|3 May 1950|e1",
            "John Smith|plays|the oboe|e1",
            "John Smith|was born in|1972|e2",
            "John Smith|scored for|Leeds United|e2",
            "John Smith|lives in|Leeds|e3",
        )
    )
    assert {"John Smith (born 1950)|plays|the oboe", "John Smith (born 1972)|scored for|Leeds United"} <= said(found)
    assert "John Smith|lives in|Leeds" in said(found)  # nothing says which


def test_one_person_with_two_dates_stays_one_where_the_rest_agrees() -> None:
    lines = facts(
        "Ada Byron|date of birth|1815|e1",
        "Ada Byron|met|Charles Babbage|e1",
        "Ada Byron|lived in|London|e1",
        "Ada Byron|date of birth|1852|e2",
        "Ada Byron|wrote to|Charles Babbage|e2",
        "Ada Byron|left|London|e2",
    )
    assert {name.split("|")[0] for name in said(resolve(lines))} == {"Ada Byron"}


def test_titles_tell_namesakes_apart() -> None:
    lines = facts("Mercury|orbits|Sun|e1", "Mercury|melts at|-39 °C|e2", "Mercury|is|a word|e3")
    titles = {"e1": "Mercury (planet)", "e2": "Mercury (element)"}
    found = resolve(lines, titles=titles)
    assert said(found) == {
        "Mercury (planet)|orbits|Sun",
        "Mercury (element)|melts at|-39 °C",
        "Mercury|is|a word",
    }
    # Where there is one of the name only, the title says nothing new.
    assert said(resolve(lines[:1], titles={"e1": "Mercury (planet)"})) == {"Mercury|orbits|Sun"}


def test_near_names_of_one_type_meet_by_their_vectors() -> None:
    lines = facts(
        "automobile<PRODUCT|has|wheels|e1",
        "motor car<PRODUCT|needs|fuel|e2",
        "car pool<ORG|meets|daily|e3",
        "North Korea<GPE|has|a border|e1",
        "South Korea<GPE|has|a coast|e2",
        "Jon Smith<PERSON|ate|lunch|e1",
        "Jen Smith<PERSON|ate|dinner|e2",
    )
    near = {"automobile", "motor car", "car pool", "North Korea", "South Korea", "Jon Smith", "Jen Smith"}

    def encode(names: Sequence[str]) -> list[list[float]]:
        return [[1.0, *(0.0 for _ in names)] if name in near else [0.0, *(float(n == i) for n in range(len(names)))]
                for i, name in enumerate(names)]  # fmt: skip

    found = resolve(lines, encode=encode)
    assert same(found, "automobile", "motor car")
    for one, other in (("automobile", "car pool"), ("North Korea", "South Korea"), ("Jon Smith", "Jen Smith")):
        assert not same(found, one, other)
    assert not same(resolve(lines), "automobile", "motor car")


def test_an_entity_is_found_under_all_its_names() -> None:
    graph = resolve(facts("World Health Organization|is in|Geneva|e1", "WHO|fights|malaria|e2")).graph
    assert find_entities(graph, "What does the WHO fight?") == ["World Health Organization"]
    assert find_entities(graph, "who fights?") == []


# --- a person's say


def test_a_person_confirms_and_forbids() -> None:
    lines = facts("WHO|fights|malaria|e1", "World Health Organization|is in|Geneva|e2", "Big Blue|made|chips|e1",
                  "IBM|sold|mainframes|e2")  # fmt: skip
    rules = Rules(same=(("IBM", "Big Blue"),), different=(("WHO", "World Health Organization"),))
    found = resolve(lines, rules=rules)
    assert same(found, "Big Blue", "IBM")
    assert not same(found, "WHO", "World Health Organization")
    entity = found.entity("big blue")
    assert entity is not None
    assert entity.name == "IBM"  # the first of the list
    assert [join.reason for join in entity.joins] == ["rule"]


def test_namesakes_can_be_joined_by_name() -> None:
    lines = facts("J Doe|date of birth|1900|e1", "J Doe|date of birth|1950|e2")
    assert len(resolve(lines).entities) == 4
    rules = Rules(same=(("J Doe (born 1900)", "J Doe (born 1950)"),))
    assert [one.name for one in resolve(lines, rules=rules).entities] == ["1900", "1950", "J Doe (born 1900)"]


def test_splitting_what_was_merged_gives_back_what_was_there() -> None:
    lines = facts("cells|have|a core|e1", "a cell|has|a wall|e2", "Cell|divides|often|e3")
    joined = resolve(lines)
    (entity,) = joined.joined
    assert entity.joins[0].reason == "spelling"
    apart = resolve(lines, rules=Rules().parting("cells", "a cell"))
    assert not apart.joined
    assert {one.triple.tail for one in joined.merged} == {one.triple.tail for one in apart.merged}


def test_rules_are_read_and_written() -> None:
    rules = Rules(
        same=(("a: b", "- c"), ("“x”", "no", "1984")), different=(("Zoë", "z # comment"), ("#", "it's, [so]"))
    )
    assert read_rules(write_rules(rules)) == rules
    assert read_rules("") == Rules()
    assert write_rules(read_rules("same: [[A, B]]\n")) == "same:\n- [A, B]\ndifferent: []\n"


@pytest.mark.parametrize(
    "text",
    [
        "same: [A, B]",
        "same: [[A]]",
        "same: [[A, 3]]",
        "- a",
        "equal: [[A, B]]",
        "same: [[A, B]",
        "different: [[A, the a]]",
        "same: [[A, B], [B, C]]\ndifferent: [[C, a]]",
        "same: [[A, '']]",
    ],
)
def test_bad_rules_are_refused_in_one_line(text: str) -> None:
    with pytest.raises(GraphError) as caught:
        read_rules(text)
    assert "\n" not in str(caught.value)


def test_the_last_word_of_a_person_counts() -> None:
    rules = Rules().joining("A", "B").parting("b", "a")
    assert rules == Rules(different=(("b", "a"),))
    assert rules.joining("A", "B") == Rules(same=(("A", "B"),))


# --- whatever the order

NAMES = (
    "Marie Curie", "Curie", "Pierre Curie", "M. Curie", "WHO", "World Health Organization", "the WHO", "who", "cells",
    "Cell", "Mercury", "Mercury (planet)", "Mercury (element)", "1900", "12 May 1950", "May 12, 1950", "Apple",
    "Apple Inc.",
)  # fmt: skip
RELATIONS = ("was born in", "born on", "date of birth", "directed by", "directed", "is also known as", "married to")
names = st.sampled_from(NAMES)
triples = st.lists(
    st.builds(
        Triple,
        names,
        st.sampled_from(RELATIONS),
        names,
        st.sampled_from(["", "e1", "e2", "e3"]),
        st.sampled_from(["", "PERSON", "ORG"]),
        st.sampled_from(["", "PERSON", "DATE"]),
        st.sampled_from([None, (0, 4), (2, 9)]),
        st.sampled_from([None, 0.2, 0.9]),
    ),
    max_size=14,
)
TITLES = {"e1": "Mercury (planet)", "e2": "Marie Curie"}
RULES = Rules(same=(("Apple", "cells"),), different=(("Curie", "Pierre Curie"), ("WHO", "Cell")))


@settings(max_examples=150, deadline=None)
@given(triples.flatmap(lambda some: st.tuples(st.just(some), st.permutations(some), st.integers(0, 14))))
def test_order_and_time_do_not_matter(case: tuple[list[Triple], list[Triple], int]) -> None:
    some, shuffled, cut = case
    whole = resolve(some, titles=TITLES, rules=RULES)
    assert resolve(shuffled, titles=TITLES, rules=RULES) == whole
    # Those that come later are put beside those that were there, and may have been there already.
    later = [*shuffled[cut:], *shuffled]
    again = resolve(later, titles=TITLES, rules=RULES)
    assert again == whole
    assert [one.sources for one in again.merged] == [one.sources for one in whole.merged]


@settings(max_examples=150, deadline=None)
@given(triples)
def test_nothing_is_lost_and_nothing_forbidden_is_joined(some: list[Triple]) -> None:
    found = resolve(some, titles=TITLES, rules=RULES)
    for one, other in (("Curie", "Pierre Curie"), ("WHO", "Cell")):
        for entity in found.entities:
            assert not {one, other} <= set(entity.names)
    held = [set(entity.names) for entity in found.entities]
    kept = {key for one in found.merged for key in one.evidence_ids}
    for triple in some:
        # Each triple is kept, or its ends have become one.
        joined = any({triple.head, triple.tail} <= names for names in held)
        assert joined or triple.evidence_id in kept | {""}
    assert len({entity.name for entity in found.entities}) == len(found.entities)


# --- forms


def test_forms_of_names() -> None:
    assert loose("U.S.") == loose("us") == "us"
    assert date("3rd of May, 1980") == date("may 3 1980") == "1980-05-03"
    assert date("May 1980") == date("45 May 1980") == ""
    assert initials("world health organization") == {"who"}
    assert initials("bank of england") == {"be", "boe"}
    assert person_parts("dr vincent van gogh") == (("vincent",), "van gogh", "")
    assert given_fits(("j", "r"), ("john", "ronald", "reuel"))
    assert not given_fits(("ronald",), ("john", "ronald"))
