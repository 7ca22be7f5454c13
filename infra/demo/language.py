"""Texts made from templates: alternatives, words that agree with each other, and how people really type."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from random import Random

ALTERNATIVES = re.compile(r"\[([^\[\]]*)\]")
SLOT = re.compile(r"\{(\w+)\}")
SENTENCE = re.compile(r"(^|\n|(?<![.])[.!?]+\s+)([a-zà-ÿ])")
MONTHS = (
    "janeiro", "fevereiro", "março", "abril", "maio", "junho",
    "julho", "agosto", "setembro", "outubro", "novembro", "dezembro",
)  # fmt: skip

SLIPS = {
    "estorno": "extorno", "reembolso": "reenbolso", "de novo": "denovo", "assistência": "asistência",
    "atrás": "atraz", "exijo": "exigo", "mercadoria": "mercaduria", "entregue": "entrege",
    "a gente": "agente",
    "aconteceu": "aconteseu", "providências": "providencias", "mas": "mais", "trouxeram": "truxeram",
    "embalagem": "enbalagem", "paciência": "paciencia", "exclusão": "esclusão",
    "funciona": "funsiona", "conserto": "concerto", "está": "esta", "já": "ja", "até": "ate",
}  # fmt: skip
SHORT = {
    "você": "vc", "vocês": "vcs", "não": "nao", "porque": "pq", "também": "tb", "que": "q", "hoje": "hj",
    "mensagem": "msg", "quando": "qdo", "por favor": "pfv", "está": "ta", "estou": "to", "para": "pra",
    "muito": "mto", "beleza": "blz", "comigo": "cmg", "obrigada": "obg", "obrigado": "obg", "qualquer": "qq",
}  # fmt: skip


def render(template: str, rng: Random, words: Mapping[str, str]) -> str:
    """The template with one of each `[a|b]` and every `{slot}` filled; a sentence begins with a capital.

    Raises:
        KeyError: a slot has no word.
    """
    while ALTERNATIVES.search(template):
        template = ALTERNATIVES.sub(lambda found: rng.choice(found[1].split("|")), template)
    return sentences(SLOT.sub(lambda found: words[found[1]], template))


def sentences(text: str) -> str:
    """The text with single spaces and a capital at the beginning of each sentence."""
    tidy = re.sub(r"([?!])\.", r"\1", re.sub(r"[ \t]+", " ", text).strip())
    return SENTENCE.sub(lambda found: found[1] + found[2].upper(), tidy)


def without_accents(text: str) -> str:
    """The text as typed on a keyboard without accents."""
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def typed(text: str, rng: Random, carelessness: int) -> str:
    """The text as somebody types it: 0 carefully, 1 with a slip, 2 in a hurry on a telephone."""
    if carelessness == 0:
        return text
    if carelessness == 1:
        return _slipped(text, rng)
    for word, short in SHORT.items():
        if rng.random() < 0.6:
            text = re.sub(rf"\b{word}\b", short, text, flags=re.IGNORECASE)
    text = without_accents(text)
    if rng.random() < 0.6:
        text = text.lower().replace("r$", "R$")
    return text.rstrip(".") if rng.random() < 0.5 else text


def shouted(text: str, rng: Random) -> str:
    """The text with one of its sentences in capitals."""
    parts = re.split(r"(?<=[.!?])\s+", text)
    chosen = rng.randrange(len(parts))
    parts[chosen] = parts[chosen].upper().rstrip(".") + rng.choice(("!", "!!", "!!!"))
    return " ".join(parts)


def money(cents: int) -> str:
    """An amount as it is written in Brazil: R$ 1.234,56."""
    whole, rest = divmod(cents, 100)
    return f"R$ {whole:,}".replace(",", ".") + f",{rest:02}"


def day(of: date, style: int) -> str:
    """A date as people write it: 12/03 or 12 de março."""
    return f"{of:%d/%m}" if style == 0 else f"{of.day} de {MONTHS[of.month - 1]}"


def agreeing(full: str, short: str, gender: str) -> dict[str, str]:
    """The words that agree with a noun: articles, contractions, pronouns, endings."""
    a = gender == "f"
    forms = {
        "um": f"{'uma' if a else 'um'} {full}",
        "o": f"{'a' if a else 'o'} {short}",
        "do": f"{'da' if a else 'do'} {short}",
        "no": f"{'na' if a else 'no'} {short}",
    }
    return forms | {
        "nome": short,
        "meu": "minha" if a else "meu",
        "outro": "outra" if a else "outro",
        "g": "a" if a else "o",
    }


def _slipped(text: str, rng: Random) -> str:
    slips = [word for word in SLIPS if re.search(rf"\b{word}\b", text)]
    for word in rng.sample(slips, min(2, len(slips))):
        text = re.sub(rf"\b{word}\b", SLIPS[word], text, count=1)
    words = text.split(" ")
    for at in range(len(words)):
        if rng.random() < 0.25:
            words[at] = without_accents(words[at])
    return " ".join(words)
