# SPDX-License-Identifier: Apache-2.0
"""The questions of the tiny models, and the vocabulary in which the models read and write them.

Twelve families, each with levels 1 to 4. A fixed hash of the text holds one question in twenty back from training. The
generator is that of the published models: the order of the random draws must not change, or their test set does.
"""
import json
import pathlib
import random
import re

TABLES = json.loads((pathlib.Path(__file__).parents[2] / "data" / "ipw-tiny.json").read_text())
WORDS, DAYS, RHYMES = TABLES["words"], TABLES["days"], TABLES["rhymes"]
CAPITALS = [tuple(pair) for pair in TABLES["capitals"]]
ELEMENTS = [tuple(pair) for pair in TABLES["elements"]]
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def number(rng, digits):
    """Draw a number with this many digits; with one digit also 0."""
    return rng.randrange(10 ** (digits - 1) if digits > 1 else 0, 10**digits)


def lettered(rng, question, right, wrong):
    """Append shuffled options A to D; the answer is the letter."""
    options = [right] + wrong
    rng.shuffle(options)
    shown = " ".join(f"{letter}) {option}" for letter, option in zip("ABCD", options))
    return f"{question} {shown}", "ABCD"[options.index(right)]


def add(rng, level):
    a, b = number(rng, level), number(rng, level)
    return f"What is {a} + {b}?", str(a + b)


def sub(rng, level):
    a, b = number(rng, level), number(rng, level)
    return f"What is {max(a, b)} - {min(a, b)}?", str(abs(a - b))


def mul(rng, level):
    a, b = number(rng, 2 if level > 1 else 1), number(rng, 2 if level > 3 else 1)
    if level == 2:
        b = rng.randrange(2, 6)
    return f"What is {a} x {b}?", str(a * b)


def cmp(rng, level):
    """Half of the pairs differ in one digit only."""
    a, b = number(rng, level + 1), number(rng, level + 1)
    if rng.random() < 0.5:
        digits = list(str(a))
        place = rng.randrange(len(digits))
        digits[place] = rng.choice("123456789")
        b = int("".join(digits))
    if a == b:
        b += 1
    larger = rng.random() < 0.5
    return f"Which is {'larger' if larger else 'smaller'}, {a} or {b}?", str(max(a, b) if larger else min(a, b))


def sort(rng, level):
    numbers = rng.sample(range(10, 100), level + 1)
    return "Sort " + " ".join(map(str, numbers)), " ".join(map(str, sorted(numbers)))


def rev(rng, level):
    length = level + 2
    if length == 4 and rng.random() < 0.5:
        word = rng.choice([word for word in WORDS if len(word) == length])
    else:
        word = "".join(rng.choice(LETTERS) for _ in range(length))
    return f"Reverse {word}", word[::-1]


def count(rng, level):
    length, letters = 3 + 2 * level, "abcdeilnorst"
    sought = rng.choice(letters)
    times = rng.randrange(0, min(length, 6) + 1)
    word = [sought] * times + [rng.choice(letters) for _ in range(length - times)]
    rng.shuffle(word)
    return f"How many {sought} in {''.join(word)}?", str(word.count(sought))


def extreme(rng, level):
    digits = 1 + (level + 1) // 2
    numbers = rng.sample(range(10 ** (digits - 1), 10**digits), 4)
    largest = rng.random() < 0.5
    right = max(numbers) if largest else min(numbers)
    question = f"Which is the {'largest' if largest else 'smallest'}?"
    return lettered(rng, question, right, [x for x in numbers if x != right])


def rhyme(rng, level):
    group = rng.choice(RHYMES)
    word, right = rng.sample(group, 2)
    wrong = [rng.choice(other) for other in rng.sample([x for x in RHYMES if x is not group], 3)]
    return lettered(rng, f"Which rhymes with {word}?", right, wrong)


def cap(rng, level):
    country, city = rng.choice(CAPITALS)
    if level <= 2:
        return f"What is the capital of {country}?", city
    wrong = rng.sample([other for _, other in CAPITALS if other != city], 3)
    return lettered(rng, f"Capital of {country}?", city, wrong)


def elem(rng, level):
    name, symbol = rng.choice(ELEMENTS)
    return (f"What is the symbol of {name}?", symbol) if level <= 2 else (f"Which element is {symbol}?", name)


def day(rng, level):
    start, days = rng.randrange(7), rng.randrange(1, 1 + 3 * level)
    return f"What day is {days} days after {DAYS[start]}?", DAYS[(start + days) % 7]


FAMILIES = {"add": add, "sub": sub, "mul": mul, "cmp": cmp, "sort": sort, "rev": rev, "count": count, "max": extreme,
            "rhyme": rhyme, "cap": cap, "elem": elem, "day": day}
WEIGHTS = {"add": 3, "sub": 2.5, "mul": 2, "cmp": 1, "sort": 1.5, "rev": 1.5, "count": 1, "max": 2, "rhyme": 1, "cap": 1,
           "elem": 0.7, "day": 0.7}
FACTS = {"cap", "elem", "day"}  # closed sets: seen in training, asked again in the test


def held_out(question):
    """Whether training never sees this question: one in twenty, by FNV-1a of its text."""
    value = 2166136261
    for byte in question.encode():
        value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
    return (value >> 7) % 20 == 0


def example(rng, test=False, family=None):
    """Draw (family, level, question, answer) from the training part, or from the held-out one."""
    while True:
        name = family or rng.choices(list(FAMILIES), list(WEIGHTS.values()))[0]
        level = rng.randrange(1, 5)
        question, answer = FAMILIES[name](rng, level)
        one_digit = name in ("add", "sub", "mul") and level == 1 and not test
        if name in FACTS or one_digit or held_out(question) == test:
            return name, level, question, answer


def test_set(per_family=40, seed=7):
    """Draw different held-out questions, the families one after another."""
    rng, out, seen = random.Random(seed), [], set()
    for name in FAMILIES:
        found = tries = 0
        while found < per_family and tries < 20000:
            tries += 1
            drawn = example(rng, True, name)
            if drawn[2] not in seen:
                seen.add(drawn[2])
                out.append(drawn)
                found += 1
    return out


# Token ids: 8 specials, 256 bytes, then phrases of the questions; 288 in all, a multiple of 32 as Q8_0 wants.
SPECIALS = ["<unk>", "<s>", "</s>", "<|user|>", "<|assistant|>", "<|system|>", "<pad>", "<reserved>"]
BOS, EOS, USER, ASSISTANT, PAD = 1, 2, 3, 4, 6
FIRST_BYTE, FIRST_PHRASE = 8, 264
PHRASES = ["What is ", "What is the capital of ", "What is the symbol of ", "Which element is ", "What day is ",
           " days after ", "Which is the largest? ", "Which is the smallest? ", "Which is larger, ",
           "Which is smaller, ", " or ", "Sort ", "Reverse ", "How many ", " in ", "Which rhymes with ", "Capital of ",
           "A) ", " B) ", " C) ", " D) ", " + ", " - ", " x "]
VOCABULARY = FIRST_PHRASE + len(PHRASES)
PHRASE_IDS = {phrase: FIRST_PHRASE + i for i, phrase in enumerate(PHRASES)}
SPLIT = re.compile("(" + "|".join(re.escape(p) for p in sorted(PHRASES, key=len, reverse=True)) + ")")


def encode(text):
    ids = []
    for part in SPLIT.split(text):
        ids += [PHRASE_IDS[part]] if part in PHRASE_IDS else [FIRST_BYTE + byte for byte in part.encode()]
    return ids


def prompt_ids(question):
    return [BOS, USER] + encode(question) + [ASSISTANT]
