#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compare the rule `ifeval` with the checks of lm-evaluation-harness on generated answers.

usage: compare_ifeval.py SCORE_LINES [COUNT]     6000 answers by default; exit status 1 when one instruction besides language and
sentences is judged differently

Needs a Python with lm-eval (without its dependencies: pip install --no-deps lm-eval), nltk and langdetect. Sentences are compared only
where NLTK finds its punkt_tab data.
"""
import collections
import random
import sys
import types

import nltk
import sides

HAS_PUNKT = True
try:
    nltk.data.find("tokenizers/punkt_tab")
except LookupError:
    HAS_PUNKT = False
    nltk.data.find = lambda *_: None                   # lm-eval looks for the data when it is loaded
    from nltk.tokenize import NLTKWordTokenizer
    nltk.word_tokenize = NLTKWordTokenizer().tokenize  # the words of one sentence; the texts below have few stops inside
import langdetect

langdetect.DetectorFactory.seed = 0


def checks():
    """The registry, loaded without the rest of the package."""
    import importlib.util
    import pathlib
    root = pathlib.Path(next(iter(importlib.util.find_spec("lm_eval").submodule_search_locations)))
    for name in ("lm_eval", "lm_eval.tasks", "lm_eval.tasks.ifeval"):
        sys.modules.setdefault(name, types.ModuleType(name)).__path__ = [str(root.joinpath(*name.split(".")[1:]))]
    from lm_eval.tasks.ifeval import instructions_registry
    return instructions_registry.INSTRUCTION_DICT


PIECES = ["The weather was fine", "two cats and a dog", "*bold*", "**very bold**", "[name]", "[address]", "<<A title>>", "SECTION 1", "SECTION 2\nmore",
          "Section 3", "* point", "- dash", "***", "******", "P.S. more", "P.P.S even more", "My answer is yes.", "My answer is no.", "{\"a\": 1}", "```json\n{\"b\": []}\n```",
          "HELLO WORLD", "NASA and IBM", "I DON'T KNOW", "caf\u00e9 au lait", "\"quoted\"", "It's a state-of-the-art thing", "Say hi", "weekend plans", "Bye now.",
          "zebra zoo", "Cat, cat; CAT", "category", "\u4eca\u5929\u5929\u6c14\u5f88\u597d", "Das Wetter war gestern sehr sch\u00f6n und warm", "Il fait tr\u00e8s beau aujourd'hui \u00e0 Paris",
          "\u041f\u043e\u0433\u043e\u0434\u0430 \u0441\u0435\u0433\u043e\u0434\u043d\u044f \u0445\u043e\u0440\u043e\u0448\u0430\u044f", "* ", "<< >>", "[ ]", "[multi\nline]", "1. one", "a , b", "", "  ", "..."]
JOINS = [" ", "\n", "\n\n", ". ", "! ", ", ", "\n***\n", " ****** ", "\n\n\n"]


def arguments(identifier, rng):
    relation = rng.choice(["less than", "at least"])
    return {
        "change_case:capital_word_frequency": {"capital_frequency": rng.randrange(1, 6), "capital_relation": relation},
        "combination:repeat_prompt": {"prompt_to_repeat": "Say hi"},
        "detectable_content:number_placeholders": {"num_placeholders": rng.randrange(1, 4)},
        "detectable_content:postscript": {"postscript_marker": rng.choice(["P.S.", "P.P.S"])},
        "detectable_format:multiple_sections": {"section_spliter": rng.choice(["SECTION", "Section"]), "num_sections": rng.randrange(1, 3)},
        "detectable_format:number_bullet_lists": {"num_bullets": rng.randrange(1, 4)},
        "detectable_format:number_highlighted_sections": {"num_highlights": rng.randrange(1, 4)},
        "keywords:existence": {"keywords": rng.sample(["cat", "weather", "dog", "plan", "caf\u00e9"], 2)},
        "keywords:forbidden_words": {"forbidden_words": rng.sample(["cat", "weather", "hello", "caf\u00e9", "au"], 2)},
        "keywords:frequency": {"keyword": rng.choice(["cat", "the", "a"]), "frequency": rng.randrange(1, 5), "relation": relation},
        "keywords:letter_frequency": {"letter": rng.choice("zaE"), "let_frequency": rng.randrange(1, 8), "let_relation": relation},
        "language:response_language": {"language": rng.choice(["en", "de", "fr", "ru", "hi"])},
        "length_constraints:nth_paragraph_first_word": {"num_paragraphs": rng.randrange(1, 4), "nth_paragraph": 1, "first_word": rng.choice(["the", "weekend", "two"])},
        "length_constraints:number_paragraphs": {"num_paragraphs": rng.randrange(1, 4)},
        "length_constraints:number_sentences": {"num_sentences": rng.randrange(1, 6), "relation": relation},
        "length_constraints:number_words": {"num_words": rng.randrange(3, 20), "relation": relation},
        "startend:end_checker": {"end_phrase": "Bye now."},
    }.get(identifier, {})


def response(identifier, rng):
    if identifier in ("language:response_language", "change_case:english_capital", "change_case:english_lowercase"):
        text = rng.choice([p for p in PIECES if len(p) > 18])
        return rng.choice([str.upper, str.lower, str])(text * rng.randrange(1, 3))
    text = rng.choice(JOINS).join(rng.choice(PIECES) for _ in range(rng.randrange(1, 7)))
    return rng.choice([lambda t: t, lambda t: t, lambda t: f'"{t}"', lambda t: t + "\nBye now.", lambda t: "Say hi\n" + t, lambda t: t.lower(), lambda t: t.upper()])(text)


def official(registry, identifier, kwargs, text):
    checker = registry[identifier](identifier)
    checker.build_description(**kwargs)
    return bool(text.strip()) and bool(checker.check_following(text))


def variants(text):
    """The texts of which one must follow an instruction for it to be followed loosely."""
    lines = text.split("\n")
    cut = [text] + ["\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1])]
    return [part for part in cut + [part.replace("*", "") for part in cut] if part.strip()]


def main():
    program, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 6000
    registry, rng, rows = checks(), random.Random(1), []
    names = sorted(n for n in registry if HAS_PUNKT or not n.endswith("number_sentences"))
    for i in range(count):
        name = names[i % len(names)]
        rows.append((name, arguments(name, rng), response(name, rng)))
    lines = [{"scorer": "ifeval", "metadata": {"instruction_id_list": [n], "kwargs": [k]}, "response": t} for n, k, t in rows]
    seen, agreed, hard, loosely = collections.Counter(), collections.Counter(), 0, 0
    for (name, kwargs, text), verdict in zip(rows, sides.verdicts(program, lines)):
        ours, theirs = verdict["correct"], official(registry, name, kwargs, text)
        loose = any(official(registry, name, kwargs, part) for part in variants(text))
        loosely += (verdict["metadata"]["prompt_level_loose"] if text.strip() else False) == loose
        seen[name] += 1
        agreed[name] += ours == theirs
        if ours != theirs:
            hard += not name.startswith(("language", "change_case:english")) and not name.endswith("sentences")
            print(f"lm-eval says {theirs}, we {ours}: {name} {kwargs} {text!r}")
    for name in names:
        print(f"{name:48} {agreed[name]:4} of {seen[name]:4}")
    print(f"{loosely} of {count} agree loosely")
    print(f"{sum(agreed.values())} of {count} agree: {100 * sum(agreed.values()) / count:.2f} %" + ("" if HAS_PUNKT else "; sentences not compared: NLTK has no punkt_tab here"))
    return hard > 0


if __name__ == "__main__":
    sys.exit(main())
