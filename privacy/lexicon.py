"""Which words are everyday English: the word list inside a spaCy model, its inflections and the stop words.

The list is WordNet's (its licence allows use and redistribution), which spaCy's English lemmatizer carries as the
table `lemma_index`: some 80,000 lower-cased lemmas. It holds famous names as well ("einstein", "london").
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

# What WordNet leaves out though everybody writes it: contractions, chat, the words of prompts and of the web.
_MORE: Final = frozenset(
    """
    ain't aint blog blogs cant chatbot chatbots chatgpt covid didn't dont dropdown email emails emoji etc gonna gotta
    hashtag hashtags hey hi hmm homepage how i'd i'll i'm i've im inbox info ish it's its itself ive kinda lets lol
    login logo mixin namespace newsletter offline ok okay online onto param params phd plugin plz podcast readme
    regex runtime screenshot selfie signup sitemap smartphone smartphones ted timestamp todo toolkit unto upon url
    username viz vlog wanna webinar webpage website websites whilst whom whose wifi workflow workflows yeah yep
    """.split()  # noqa: SIM905  # a hundred quotation marks would not read better
)
_ENDINGS: Final = (
    ("'s", ""), ("s", ""), ("es", ""), ("ies", "y"), ("ves", "f"), ("ed", ""), ("ed", "e"), ("ied", "y"), ("ing", ""),
    ("ing", "e"), ("er", ""), ("er", "e"), ("est", ""), ("est", "e"), ("ly", ""), ("ily", "y"), ("ness", ""),
    ("less", ""), ("ful", ""), ("able", ""), ("able", "e"), ("ise", "ize"), ("ised", "ize"), ("ising", "ize"),
    ("our", "or"), ("in'", "ing"), ("ment", ""), ("ization", "ize"),
)  # fmt: skip
_PREFIXES: Final = ("un", "re", "non", "pre", "anti", "over", "co", "multi", "sub", "super", "micro", "self")


class Lexicon:
    """The everyday words of one loaded spaCy pipeline. Immutable; safe from several threads."""

    def __init__(self, nlp: Any) -> None:
        lookups = nlp.get_pipe("lemmatizer").lookups
        words: set[str] = set(_MORE)
        for table in lookups.get_table("lemma_index").values():
            words |= set(table)
        for table in lookups.get_table("lemma_exc").values():
            words |= set(table)
        words |= set(nlp.Defaults.stop_words)
        self._words = frozenset(words)
        self._known = lru_cache(maxsize=20_000)(self._look)

    def __contains__(self, word: str) -> bool:
        """Whether `word`, in lower case, is an everyday word or a regular form or compound of some."""
        return self._known(word)

    def exact(self, word: str) -> bool:
        """Whether `word`, in lower case, stands in the list as it is."""
        return word in self._words

    def _look(self, word: str) -> bool:
        if word in self._words:
            return True
        if "-" in word:
            return all(part in self._words or self._inflected(part) for part in word.split("-") if part)
        return self._inflected(word) or any(
            word.startswith(one) and len(word) > len(one) + 3 and self._root(word[len(one) :]) for one in _PREFIXES
        )

    def _root(self, word: str) -> bool:
        return word in self._words or self._inflected(word)

    def _inflected(self, word: str) -> bool:
        for ending, instead in _ENDINGS:
            if len(word) > len(ending) + 2 and word.endswith(ending):
                stem = word[: len(word) - len(ending)]
                if stem + instead in self._words:
                    return True
                # A doubled letter goes with the ending: "planned".
                if not instead and stem[-1] == stem[-2] and stem[:-1] in self._words:
                    return True
        return False
