"""Words around a name that tell whether it belongs to somebody who is writing, or to the world."""

from __future__ import annotations

import re
from typing import Final


def _any(words: str) -> re.Pattern[str]:
    return re.compile(r"(?i)\b(?:" + "|".join(words.split(";")) + r")\W{0,3}$")


BEFORE: Final = {
    "person": _any(
        "name is;named;call me;this is;i am;i'm;im;dear;hi;hello;hey;regards;sincerely;yours;cheers;thanks;thank you;"
        "signed;from;to;cc;by;name;contact;attn;attention;author;student;patient;client;candidate;employee;"
        "my (?:wife|husband|son|daughter|mother|father|mom|dad|brother|sister|friend|boss|manager|partner|girlfriend|"
        "boyfriend|colleague|teacher|professor|uncle|aunt|cousin|dog|cat);mr\\.?;mrs\\.?;ms\\.?;miss;dr\\.?;prof\\.?;"
        "professor;sir;madam"
    ),
    "work": _any(
        "work(?:s|ed|ing)? (?:at|for|with|in);employ(?:ed|er|ee)? (?:at|by|of)?;job (?:at|with);"
        "position (?:at|with|in);"
        "role (?:at|with);join(?:ed|ing)?;company;our company;startup;business;brand;firm;team at;"
        "team of;intern(?:ed|ship)? at;"
        "stud(?:y|ied|ies|ying) (?:at|in);student (?:at|of);graduate[d]? (?:from|of);attend(?:ed|ing)?;"
        "degree (?:at|from);"
        "founder of;ceo (?:of|at);director (?:of|at);manager at;engineer at;developer at;on behalf of;"
        "partner(?:ed)? with;"
        "client;customer;called;hired by;apply(?:ing)? (?:to|at|for)?"
    ),
    "place": _any(
        "live[sd]? (?:in|at|near);living in;based in;located (?:in|at);born in;grew up in;moved to;from;address;city;"
        "reside[sd]? (?:in|at);visit(?:ed|ing)?;travel(?:l?ed|l?ing)? to;trip to;office in;branch in;near;in"
    ),
}
ORG_WORDS: Final = frozenset(
    """
    academy agency associates association bank bureau capital center centre clinic club college committee company
    consulting consultancy corp corp. corporation council department enterprises faculty foundation fund gmbh group
    holdings hospital hotel inc inc. industries institute international labs laboratories laboratory limited llc llp
    ltd ltd. ministry museum office organisation organization partners plc polytechnic pvt restaurant school schools
    service services society software solutions studio studios systems tech technologies technology trust university
    ventures
    """.split()  # noqa: SIM905  # fifty quotation marks would not read better
)
STREET_WORDS: Final = frozenset(
    """
    apartment apt apt. ave ave. avenue blvd blvd. boulevard close court crescent drive flat floor highway lane park
    place plaza rd rd. road route square st st. street suite terrace way nagar marg sector
    """.split()  # noqa: SIM905  # the same
)
ROLE_WORDS: Final = frozenset(
    """
    analyst architect assistant bachelor ceo cfo chief coo cto degree designer developer director doctor editor
    engineer executive founder head intern lead leader manager master mba officer ph.d phd president professor
    representative scientist secretary senior specialist supervisor teacher technician vp experience education skills
    summary section chapter title subject question answer table figure step task note example input output
    """.split()  # noqa: SIM905  # the same
)
FIRST: Final = re.compile(r"(?i)(?<![\w'])(?:i|i'm|i've|i'd|i'll|im|ive|my|mine|me|myself|we|our|us|we're)(?![\w])")
ASKS: Final = re.compile(
    r"(?i)\b(?:which of the following|what|which|who|whom|whose|when|where|why|how many|how much|how|true or false|"
    r"statement [12]|according to|choose|select)\b"
)
WRITES: Final = re.compile(
    r"(?i)\b(?:write|rewrite|rephrase|paraphrase|proofread|improve|correct|summari[sz]e|translate|edit|polish|draft|"
    r"compose|create|generate|make)\b"
)
DOCUMENT: Final = re.compile(
    r"(?i)\b(?:cover letter|resume|cv|curriculum|recommendation|linkedin|e-?mail|letter|bio|biography|application|"
    r"statement of purpose|personal statement|speech|press release|proposal|contract|invoice|meeting|agenda|report|"
    r"article|blog|story|essay|dear|regards|sincerely)\b"
)
FICTION: Final = re.compile(
    r"(?i)\b(?:story|novel|scene|character|characters|plot|script|screenplay|episode|anime|fanfic|fiction|chapter|"
    r"prince|princess|king|queen|game|dialogue|movie|film)\b"
)
CODE: Final = re.compile(r"[{};=]|\bdef \b|\bimport \b|\breturn\b|=>|->|::|\(\)|</")
TITLES: Final = re.compile(r"(?i)\b(?:mr|mrs|ms|miss|mx|dr|prof|professor|sir|madam|rev)\.? ?$")
