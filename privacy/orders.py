"""Does a text inform, or does it give orders to a model? Told by the shape of its sentences.

Evidence states; an order addresses whoever reads it ("you", "the assistant", "whoever reads this"), or is an imperative
about the reply ("answer with", "mention nothing of"), or says how replies have to be, or has the form of a chat
template, a tool call or a lure to a site. Each form wants two or more marks of that in one sentence, so that evidence
*about* prompts, directions about the world ("turn off the power") and titles ("Tell Me Why") pass.
"""

from __future__ import annotations

import json
import re
from typing import Final

from privacy.normalise import plain


def _any(*forms: str) -> re.Pattern[str]:
    """One of `forms`, in any case. A space in a form is any white space."""
    return re.compile("|".join(f"(?:{one})" for one in forms).replace(" ", r"\s+"), re.IGNORECASE)


def _some(most: int) -> str:
    """Up to `most` words between two marks."""
    return rf"(?:\S{{1,40}} ){{0,{most}}}?"


# Where a sentence or a clause of its own begins.
_START: Final = r"(?:^|[.!?:;\n]\s*|[\"'(\]>]\s*|, )(?:[-*•]\s*)?"
_SOFT: Final = r"(?:(?:please|kindly|now|instead|also|just|simply|then|next|so|always|and|dear \w+,)\s*,? ){0,3}"
_NOT: Final = r"(?:do not|don't|never|under no circumstances) (?:ever )?"

_MODEL: Final = (
    r"(?:(?:the|this|an?|any|every|all|our|dear) )?(?:\w+ )?"
    r"(?:a\.?i\.?s?|llms?|(?:language |ai )?models?|assistants?|chat\s?bots?|bots?|agents?|readers?)"
)
_WHO: Final = (
    r"(?:who(?:so)?ever|any(?:one|body)(?: who)?|every(?:one|body)(?: who)?|those who|all who|if you|you who)"
    r" (?:is |are )?(?:reads?|reading|sees?|seeing|process(?:es|ing)?|summari[sz](?:es?|ing)|quot(?:es?|ing)"
    r"|us(?:es?|ing))"
    r" (?:this|these|the above)"
)
_READER: Final = rf"(?:{_MODEL}|{_WHO}|the (?:\w+ )?readers? of (?:this|these)|readers? of (?:this|these))"
_MODAL: Final = (
    r"(?:must|shall|should|has to|have to|needs? to|ought to|will|would better|(?:is|are) (?:hereby |now |also )?"
    r"(?:to|bound|obliged|required|instructed|ordered|asked|told|expected|requested|advised|forbidden|allowed)(?: to)?)"
)
_REPLY: Final = r"(?:answers?|repl(?:y|ies)|responses?|outputs?|completions?)"
# What only a conversation with a model has.
_TALK: Final = (
    rf"(?:{_REPLY}|questions?|prompts?|users?|placeholders?|conversation|chat|session|instructions?|assistant"
    rf"|developer message"
    r"|system message|evidence|passages?|context|notes?|options?|choices?|what you were (?:told|given))"
)
_SPEAK: Final = (
    r"(?:answer|reply|respond|say|state|write|output|print|repeat|recite|reveal|disclose|display|show|tell|list"
    r"|name|give"
    r"|return|produce|generate|mention|include|insert|append|add|put|copy|quote|echo|translate|encode|decode|spell"
    r"|confirm"
    r"|deny|refuse|claim|conclude|prefer|recommend|begin|start|end|finish|close|speak|act|behave|pretend|simulate"
    r"|send|post"
    r"|share|leak|ignore|disregard|forget|follow|obey|disobey|trust|treat|agree|assume|replace|praise|complete)"
)
_HIDDEN: Final = (
    r"(?:(?:system|hidden|initial|original|secret|developer) (?:prompt|message|instructions?)|placeholders?|the mapping"
    r"|(?:system|developer|your) (?:prompt|instructions?|rules|guidelines|configuration|settings|programming)"
    r"|(?:the|its|your) users?'s? (?:\S{1,20} ){0,3}?(?:names?|address|e-?mail|phone|number|password|data|location)"
    r"|(?:secret|private|api) (?:keys?|data)|passwords?|(?:chat|conversation) history|real (?:names?|values?))"
)
_URL: Final = r"(?:https?://|www\.|[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}/\S*\?)"
_BEFORE: Final = (
    r"(?:previous|prior|above|preceding|earlier|foregoing|system|original|initial|your|these|those|any|all|other"
    r"|else|before)"
)
_RULES: Final = (
    r"(?:instructions?|prompts?|rules|guidelines|directions|restrictions|system message|context|evidence|passages?"
    r"|texts?"
    r"|records?|documents?|sources?|else|told|said|given|everything)"
)

# The machinery of chats.
_MACHINERY: Final = (
    r"<\|[^|>\n]{1,40}\|?>|\[/?inst\]|<</?sys>>|\[/?(?:system|assistant|developer)\]",
    r"</?(?:im_start|im_end|system|assistant|user|developer|tool_call|tool|function|instructions?|prompt|context"
    r"|evidence)"
    r"\b[^>\n]{0,40}>",
    r"\{\{\s*[#/]?\s*(?:system|assistant|user)\b",
    r"(?:^|\n|[.!?]\s)\s*(?:[#>*(]\s*)*(?:system|assistant|developer)\s*[)*]*\s*:\s(?!\w+ planets)",
    r"\b(?:user|human|question)\s*:\s[^\n]{0,300}\b(?:assistant|ai|bot)\s*:\s",
    r"(?:^|\n|[.!?]\s)\s*#{2,}\s*(?:system|new instructions?|instructions?|response|assistant|user|prompt)\b",
    r"[\"'](?:tool_calls?|function_call|tool_name|arguments)[\"']\s*:",
    r"\b(?:new|updated|real|actual|secret) (?:system )?(?:instructions?|task|orders?|prompt)\s*:",
    r"\bend of (?:the )?(?:evidence|context|prompt|passages?|input|instructions?)\b",
    r"!\[[^\]]{0,200}\]\(\s*(?:https?:)?//|<img\s[^>]{0,200}//",
    r"\b(?:call|invoke) (?:the (?:\S{1,30} ){0,2}?(?:tool|function|plugin|api)\b|[a-z]+(?:_[a-z]+)+\b)",
    r"/etc/passwd\b|<!--\s*\w",
    # A label in capitals that speaks for somebody in charge: "[ADMIN NOTE]", "[AI_INSTRUCTION]".
    r"(?-i:[\[{<(][#\s]*(?:[A-Z']+[\s_]+){0,3}(?:OVERRIDE|INSTRUCTIONS?|DIRECTIVE|HIDDEN|ADMIN|SYSTEM|AI|ASSISTANT"
    r"|MODEL|ACTIVATED)"
    r"(?:[\s_]+[A-Z']+){0,2}\s*[\]}>):])",
    r"(?-i:\bNOTE TO (?:THE )?(?:AI|LLM|MODEL|ASSISTANT|READER)S?\b)",
)
# Lures: a verb and an address.
_LURES: Final = (
    rf"\b(?:visit|open|fetch|download|load|browse|curl|wget|click(?: on)?|go to|navigate to|request) {_some(3)}{_URL}",
    rf"\b(?:send|post|forward|upload|e-?mail|transmit|share|leak) {_some(6)}(?:to|with) (?:https?://|www\.|[\w.+-]+@)",
    rf"\b(?:add|append|attach|include|link|put)\b[^.\n]{{0,60}}\b(?:to|in|at|of|with) {_some(3)}https?://",
    rf"\b{_REPLY}\b[^.!?\n]{{0,60}}\b(?:link|url|address) (?:to|of) https?://",
)
_ORDERS: Final = (
    # Away with what was said before.
    rf"\b(?:ignore|disregard|forget|override|bypass|discard|drop|disobey) (?!d){_some(4)}{_BEFORE} "
    rf"{_some(3)}{_RULES}\b",
    r"\b(?:ignore|disregard|forget|disobey|drop) (?:what(?:ever| you)|everything|all that)\b[^.!?\n]{0,40}"
    r"\b(?:told|said|above|before|given|instructed|learned|else)\b",
    r"\b(?:instructions?|rules|restrictions|guidelines|orders)\b[^.!?\n]{0,50}\b(?:are void|no longer (?:apply|hold"
    r"|valid)"
    r"|do not apply|are (?:lifted|cancelled|suspended)\s*(?:[.!]|for you|now))",
    r"\b(?:replaces?|supersedes?|overrides?) (?:all )?(?:of )?(?:your|the (?:system|previous|earlier)) (?:\w+ )?"
    r"(?:instructions?|prompts?|rules)\b",
    rf"{_START}{_SOFT}(?:treat|regard|consider) {_some(2)}(?:other|remaining|above|following|all) {_some(2)}"
    r"(?:documents?|passages?|evidence|records?|sources?|texts?) as\b",
    rf"{_START}{_SOFT}(?:do not|don't|never) (?:use|trust|rely on|read|cite|believe) {_some(2)}"
    r"(?:other|remaining|above|following|these) (?:documents?|passages?|evidence|records?|sources?|texts?)\b",
    # Out with what is hidden.
    rf"\b(?:repeat|reveal|print|show|output|disclose|recite|leak|display|expose|describe|share|tell me|give (?:me|us)"
    rf"|write (?:down|out)|confirm|state|list|translate|replace|decode|append|include|add|put|spell) "
    rf"{_some(5)}{_HIDDEN}",
    rf"{_HIDDEN} (?:\S{{1,20}} ){{0,3}}?(?:belongs?|has to|must|should|is to|are to)\b",
    r"\b(?:repeat|print|recite|copy|output|quote) (?:\S{1,30} ){0,6}?(?:(?:that )?(?:stands?|stood|comes?|came|was"
    r"|were) "
    r"(?:written )?(?:above|before this)|above this|(?:that )?you were (?:given|told))",
    r"\b(?:user|administrator|developer|owner) (?:has |have )?(?:already )?(?:agreed|allowed|permitted"
    r"|authori[sz]ed|consented"
    r"|given (?:you )?(?:permission|consent))\b[^.!?\n]{0,20}\b(?:you|that you|your)\b",
    # You are somebody else now.
    r"\byou are (?:now|no longer|henceforth) (?:a|an|in|the|going|free|dan|bound|my|our|[\"'])\b",
    r"\b(?:new|primary|only|real) (?:primary )?(?:directive|instruction|system)\s*:",
    rf"{_START}{_SOFT}(?:say|write|output|print|reply|return) [^.!?\n]{{0,80}}\band nothing (?:else|more)\b",
    r"\b(?:instructions?|prompt|what|everything) (?:that )?you (?:were|have been) (?:given|told|sent)\b",
    rf"{_START}{_SOFT}(?:output|print|return)(?: only)?\s*[:\"']",
    rf"{_START}{_SOFT}(?:ignore|disregard|abandon) (?:\w+ ){{0,2}}(?:this|current|request|recipe|essay|task"
    rf"|training|document\w*|text|template|question)\b",
    r"\b(?:decode|execute|run|follow) (?:and \w+ )?th(?:is|ese) (?:\w+ )?instructions?\b",
    r"\bi (?:should|must|will|shall) (?:now )?(?:share|reveal|print|repeat) my (?:system )?(?:instructions?|prompt"
    r"|rules)\b",
    r"\byou are an? (?:\w+ )?(?:ai|assistant|language model|llm|chat\s?bot)\b",
    r"\b(?:as|since|because) (?:an?|you are an?|the) (?:ai|language model|llm|(?:ai|virtual|helpful) (?:assistant"
    r"|model))\b"
    r"[^.!?\n]{0,30}\byou\b",
    r"\byour (?:new |only |real |actual |current )?(?:task|role|job|mission|goal|purpose|instructions?|rules"
    r"|restrictions) "
    r"(?:is|are|has|have|will|no)\b[^.!?\n]{0,20}\b(?:changed|now|to|that of|longer)\b",
    r"\byou (?:have|had|were|are) (?:been )?(?:now )?(?:upgraded|jailbroken|reprogrammed|unrestricted|freed)\b",
    rf"\b(?:from now on|henceforth|for the (?:rest|remainder) of (?:this|the) (?:conversation|chat|session)|until told"
    rf" otherwise),? (?:you|always|never|only|{_SPEAK})\b",
    r"\byou (?:act|speak|behave|operate|run) (?:as|like|in) (?:a|an|the|if|developer)\b",
    rf"{_START}{_SOFT}(?:pretend|imagine|assume|suppose) (?:that |to be )[^.!?\n]{{0,60}}\b(?:you|{_TALK})\b",
    rf"{_START}{_SOFT}(?:act|behave|respond|answer|reply|speak) (?:as (?:if|though|an?)|like an?)\b",
    rf"{_START}{_SOFT}(?:simulate|emulate) (?:a|an|the) (?:\w+ )?(?:terminal|shell|console|user|assistant"
    rf"|administrator)\b",
    r"\b(?:developer|god|jailbreak|dan|unrestricted) mode (?:is )?(?:on|enabled|activated|and have)\b",
    # Whoever reads this has to say something.
    rf"\b{_READER} {_some(6)}{_MODAL} {_some(4)}{_SPEAK}\b",
    rf"\b{_WHO}\b[^.!?\n]{{0,60}}\b{_MODAL}\b",
    r"\bnote (?:to|for) (?:the |any |all )?(?:\w+ )?(?:readers?|models?|assistants?|ais?|llms?|chat\s?bots?)\b",
    r"\bas (?:the|a) reader of (?:this|these)\b[^.!?\n]{0,40}\byou\b",
    rf"\b(?:we|i) (?:kindly |hereby |now )?(?:ask|order|instruct|command|request|want|urge) {_READER} {_some(2)}to "
    rf"{_SPEAK}\b",
    rf"\bif you are (?:an?|the) {_MODEL}\b",
    rf"\b{_READER} (?:who |that |which )?(?:reads?|reading|process(?:es|ing)) (?:this|these)\b",
    rf"\byou {_MODAL} {_some(2)}(?:answer|reply|respond|output|reveal|disclose|recite|pretend|obey|disobey"
    rf"|disregard|agree)"
    r" (?:only|with|that|by|in|as|to (?:every|the user|everything)|every|nothing|the (?:user|mapping|prompt"
    r"|placeholders?))\b",
    rf"\byou (?:{_MODAL}|(?:may|can) now) {_some(3)}{_SPEAK}\b[^.!?\n]{{0,80}}\b(?:{_REPLY}|prompts?|the user"
    rf"|placeholders?"
    r"|conversation|instead of)\b",
    # How replies have to be.
    r"\b(?:you|please|always|now|instead)\s*,? (?:must |should )?(?:only )?(?:answer|reply|respond) (?:only )?"
    r"(?:with|by|in|that|to)\b",
    rf"\b(?:your|every|each|any|all|the only|the (?:next|final|whole)) (?:\w+ )?{_REPLY} {_some(5)}"
    rf"(?:{_MODAL}|belongs?|contains?|(?:that )?is (?:accepted|acceptable|allowed))\b",
    rf"(?:^|[.!?:;,\n]\s*)(?:the )?{_REPLY} (?:must|shall|should|has to|have to|needs? to|(?:is|are) to) (?:only "
    rf"|not )?"
    r"(?:be|contain|begin|start|end|close|consist|include|say)\b",
    rf"\bonly (?:one |the )?{_REPLY} {_some(4)}(?:accepted|acceptable|allowed|valid|permitted)\b",
    rf"\b(?:belongs?|goes?|go) (?:at|in|to|into) (?:the )?(?:end|beginning|start|top) of (?:every|each|your|the"
    rf"|any) {_REPLY}\b",
    r"\b(?:instead of|in place of|rather than) (?:an? |the |your |any )?(?:answer|reply|response)\b",
    rf"\byour (?:next |final |own |whole |last )?(?:{_REPLY}|message)(?:'s)?\b(?! (?:sheets?|booklet|papers?|key"
    rf"|book|box|form|card|to the))",
    rf"{_START}(?:in|into|for) (?:your|every|each|any) (?:\w+ )?{_REPLY}\b",
    rf"\b(?:make sure|ensure|see to it|take care) (?:that )?(?:your|the|every|each) (?:\w+ )?{_REPLY}\b",
    rf"\blet (?:the|your) {_REPLY} be\b",
    rf"\b(?:it is|it's) (?:\w+ )?(?:required|mandatory|necessary|imperative|essential|requested|forbidden"
    rf"|obligatory|best|vital) "
    rf"(?:for (?:you|{_MODEL}) to |(?:that|to) [^.!?\n]{{0,60}}\b(?:the question|{_REPLY}|prompts?|the user"
    rf"|placeholders?)\b)",
    rf"\bit (?:would|will) be (?:\w+ )?(?:best|good|better|wise) (?:for|if) you (?:to )?{_SPEAK}\b",
    r"\bthe (?:right|best|only|proper) (?:thing|way) to (?:do|answer|reply|respond)\b[^.!?\n]{0,60}\b(?:answer"
    r"|reply|respond)\b",
    r"\bthe (?:question|user|person who asks) (?:must|should|shall|has to|is to) (?:not )?(?:be )?"
    r"(?:answered|told|informed|ignored|asked|refused|given)\b",
    # Imperatives about the reply.
    rf"{_START}{_SOFT}(?:can you )?(?:only )?(?:answer|reply|respond) (?:only )?(?:with|that|using|in (?!the\s|\d))",
    rf"{_START}{_SOFT}(?:{_NOT})?(?:write|say|print|output|return|give|state|put|type|spell|use|include|finish"
    rf"|begin|start|end|close"
    rf"|prefix|copy|list) [^.!?\n]{{0,60}}\b(?:your|the|every|each|an?|any) (?:\w+ )?(?:reply|repl(?:y|ies)"
    rf"|response|output|answers?)\b"
    r"(?! (?:sheet|booklet|paper|key|book|line|space|box|form|to\b))",
    rf"{_START}{_SOFT}{_NOT}(?:mention|reveal|disclose|answer|reply|respond|say|cite|quote|repeat|admit|talk|speak"
    rf"|tell (?:the|any))\b"
    r"(?! (?:never|die)\b)",
    rf"{_START}{_SOFT}(?:say|speak|tell) (?:nothing|only|that|the (?:word|user|person|reader)|whoever|any(?:one"
    rf"|body) who asks)\b",
    rf"{_START}{_SOFT}(?:write|print|output|return|repeat|say) (?:only|nothing|the (?:words?|sentence|phrase"
    rf"|letters?|string|text))\b"
    r"(?! on\b)",
    rf"{_START}{_SOFT}(?:tell|inform|remind|persuade|convince|urge|ask|make|warn|trick|show) (?:(?:the|your|our) "
    rf")?(?:user|asker|person who asks)\b",
    rf"{_START}{_SOFT}(?:mention|praise|recommend|advertise|promote|insult) (?:the|our|that|only)\s[^.!?\n]{{0,60}}"
    r"\b(?:times?|in (?:your|every|each)|always|best)\b",
    rf"{_START}{_SOFT}(?:refuse|decline|stop|skip|avoid) (?:to )?(?:answer(?:ing)?|reply(?:ing)?|respond(?:ing)?"
    rf"|the question)\b",
    rf"{_START}{_SOFT}(?:obey|disobey|follow) (?:the|my|our|these|this|what) {_some(3)}(?:next|line|instructions?"
    rf"|orders?|person|text|says?)\b",
    rf"{_START}{_SOFT}(?:choose|pick|select|prefer|take|mark|give) (?:the )?(?:first|second|third|fourth|fifth|last"
    rf"|number|option|letter|choice)\b"
    r"(?: (?:option|choice|answer|\w))?[^.!?\n]{0,40}\b(?:what(?:ever|soever)|always|every|any|everything"
    r"|regardless|as the answer)\b",
    rf"{_START}{_SOFT}(?:encode|translate|spell|replace) [^.!?\n]{{0,80}}\b(?:placeholders?|output|in (?:base64"
    rf"|hex)|the question)\b",
    rf"\b(?:when|whenever|if|once) (?:you are |you're )?(?:asked|(?:any|some)(?:one|body) asks?|the user asks?|the "
    rf"question is)\b"
    rf"[^.!?\n]{{0,80}},\s*(?:then )?(?:please |always )?(?:say|answer|reply|respond|tell|claim|refuse|deny|state"
    rf"|write|the {_REPLY} (?:is|should|must))\b",
    r"\b(?:before|after|when(?:ever)?|while) you (?:answer|reply|respond)(?:ing)?\b",
    r"\bas the answer to (?:everything|every|all|any)\b",
)
_SOMEWHERE: Final = _any(*_MACHINERY, *_LURES)
_SENTENCE: Final = _any(*_ORDERS)
# At least one of these stands in every order of the list: most sentences of evidence are done with here.
_MARK: Final = _any(
    r"\b(?:you|your|repl(?:y|ies)|respon[ds]\w*|answer\w*|output|completions?|prompts?|instructions?|rules"
    r"|restrictions|guidelines"
    r"|orders|directives?|placeholders?|users?|readers?|whoever|whosoever|any(?:one|body)|every(?:one|body)|those "
    r"who|all who"
    r"|models?|assistants?|(?:chat\s?)?bots?|agents?|ai|ais|llms?|passwords?|keys?|mapping|history|values?|mode"
    r"|henceforth|from now"
    r"|ignore|disregard|forget|override|bypass|discard|drop|abandon|(?:dis)?obey|follow|treat|regard|consider|trust"
    r"|rely|believe|cite"
    r"|pretend|imagine|assume|suppose|act|behave|simulate|emulate|speak|say|tell|talk|state|mention|reveal|disclose"
    r"|admit|quote"
    r"|repeat|recite|print|copy|write|return|praise|recommend|advertise|promote|insult|encode|translate|spell"
    r"|replace|decode|execute"
    r"|refuse|decline|skip|stop|avoid|never|do not|don't|question|option|choice|choose|pick|select|prefer|letter"
    r"|directions|note)\b"
)
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_SPLIT: Final = re.compile(r"(?<=[.!?])\s+|\n+")


def is_order(text: str) -> bool:
    """Whether `text` gives orders to a model instead of informing.

    A filter for what is stored or shown to a student, not a proof: docs/privacy.md has what it catches and what it
    takes for an order by mistake.
    """
    seen = plain(text)
    if _SOMEWHERE.search(seen):
        return True
    return any(_MARK.search(one) and _SENTENCE.search(one) for one in _SPLIT.split(seen))


def without_orders(reply: str) -> tuple[str, int]:
    """`reply` (JSON, whole or cut off) with every string that is an order made empty, and how many there were."""
    dropped = 0

    def look(match: re.Match[str]) -> str:
        nonlocal dropped
        try:
            text = json.loads(match.group())
        except ValueError:
            text = match.group()
        if not is_order(text):
            return match.group()
        dropped += 1
        return '""'

    return _STRING.sub(look, reply), dropped
