#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compare the rule `math` with Math-Verify on generated and mutated answers.

usage: compare_math.py SCORE_LINES [--count N] [--seed N] [--references FILE] [--show N]

N answers, 6000 by default; FILE holds more references, one in each line (of MATH-500, say). Prints the share that agrees by kind
of answer and every disagreement; exit status 1 below 99.5 %. Needs a Python with math-verify[antlr4_13_2] installed.
"""
import argparse
import collections
import logging
import random
import re
import statistics
import sys
import time

import sides
from math_verify import parse, verify

logging.disable(logging.CRITICAL)


def integer(rng):
    return str(rng.choice([1, 1, 1, -1]) * rng.choice([rng.randrange(20), rng.randrange(1000), rng.randrange(10**7)]))


def grouped(rng):
    return f"{rng.randrange(1000, 10**7):,}"


def decimal(rng):
    return f"{rng.uniform(-50, 50):.{rng.randrange(1, 5)}f}"


def fraction(rng):
    command = rng.choice(["frac", "dfrac", "tfrac"])
    return f"{rng.choice(['', '-'])}\\{command}{{{rng.randrange(1, 40)}}}{{{rng.randrange(2, 40)}}}"


def short_fraction(rng):
    return rng.choice([f"\\frac{rng.randrange(1, 9)}{rng.randrange(2, 9)}", f"{rng.randrange(1, 99)}/{rng.randrange(2, 99)}"])


def mixed(rng):
    return f"{rng.randrange(1, 9)}\\frac{{{rng.randrange(1, 5)}}}{{{rng.randrange(5, 9)}}}"


def percent(rng):
    return rng.choice([f"{rng.randrange(1, 100)}\\%", f"{rng.uniform(0, 99):.1f}\\%"])


def root(rng):
    inner = rng.choice([2, 3, 5, 6, 7, 10, 12])
    return rng.choice([f"\\sqrt{{{inner}}}", f"{rng.randrange(2, 9)}\\sqrt{{{inner}}}", f"\\frac{{\\sqrt{{{inner}}}}}{{{rng.randrange(2, 9)}}}",
                       f"{rng.randrange(1, 9)}+{rng.randrange(2, 9)}\\sqrt{{{inner}}}", f"\\sqrt[3]{{{inner}}}"])


def circle(rng):
    return rng.choice(["\\pi", f"{rng.randrange(2, 30)}\\pi", f"\\frac{{\\pi}}{{{rng.randrange(2, 9)}}}",
                       f"\\frac{{{rng.randrange(2, 9)}\\pi}}{{{rng.randrange(2, 9)}}}", f"{rng.randrange(2, 9)}+\\pi"])


def polynomial(rng):
    x = rng.choice("xyabnt")
    terms = [f"{rng.randrange(2, 9)}{x}^{rng.randrange(2, 5)}", f"{rng.randrange(2, 9)}{x}", str(rng.randrange(1, 20))]
    return rng.choice([" + ", " - ", "+"]).join(terms[rng.randrange(2):])


def product(rng):
    x = rng.choice("xyn")
    return rng.choice([f"({x}+{rng.randrange(1, 9)})({x}-{rng.randrange(1, 9)})", f"{rng.randrange(2, 9)}({x}+{rng.randrange(1, 9)})^2",
                       f"\\frac{{{x}+{rng.randrange(1, 9)}}}{{{x}-{rng.randrange(1, 9)}}}"])


def function(rng):
    x = rng.choice(["x", "2x", "\\theta", "x^2"])
    return rng.choice([f"\\sin {x}", f"\\cos({x})", f"e^{{{x}}}", f"\\ln {x}", f"\\tan^2 {x}", f"\\log_{{{rng.randrange(2, 9)}}} {rng.randrange(2, 99)}"])


def power(rng):
    return f"{rng.randrange(2, 12)}^{{{rng.randrange(2, 12)}}}"


def scientific(rng):
    return f"{rng.uniform(1, 9):.1f} \\times 10^{{{rng.randrange(-6, 9)}}}"


def listing(rng):
    return ", ".join(rng.choice([integer, fraction, root])(rng) for _ in range(rng.randrange(2, 4)))


def braces(rng):
    return "\\{" + ", ".join(str(v) for v in rng.sample(range(-20, 20), rng.randrange(2, 5))) + "\\}"


def point(rng):
    items = [rng.choice([integer, fraction, root])(rng) for _ in range(rng.randrange(2, 4))]
    return rng.choice(["({})", "\\left({}\\right)"]).format(", ".join(items))


def interval(rng):
    low = rng.randrange(-20, 5)
    ends = rng.choice([(str(low), str(low + rng.randrange(1, 9))), ("-\\infty", str(low)), (str(low), "\\infty")])
    left = rng.choice("([") if "infty" not in ends[0] else "("
    right = rng.choice(")]") if "infty" not in ends[1] else ")"
    return f"{left}{ends[0]}, {ends[1]}{right}"


def union(rng):
    low = rng.randrange(-20, 5)
    return f"(-\\infty, {low}{rng.choice(')]')} \\cup ({low + rng.randrange(1, 9)}, \\infty)"


def matrix(rng):
    rows = [" & ".join(integer(rng) for _ in range(2)) for _ in range(2)]
    return "\\begin{pmatrix} " + " \\\\ ".join(rows) + " \\end{pmatrix}"


def column(rng):
    return "\\begin{pmatrix} " + " \\\\ ".join(str(rng.randrange(-9, 9)) for _ in range(3)) + " \\end{pmatrix}"


def equation(rng):
    return rng.choice([f"y = {rng.randrange(2, 9)}x + {rng.randrange(1, 9)}", f"x = {rng.randrange(1, 99)}",
                       f"x^2 + y^2 = {rng.randrange(1, 99)}", f"{rng.randrange(2, 9)}x - y = {rng.randrange(1, 99)}"])


def inequality(rng):
    low = rng.randrange(-9, 9)
    return rng.choice([f"x > {low}", f"x \\le {low}", f"{low} < x < {low + 3}", f"{low} \\le x \\le {low + 5}"])


def words(rng):
    return rng.choice(["\\text{Evelyn}", "\\text{even}", "\\text{(C)}", "\\text{June 20}", "\\text{Monday}", "\\text{no solution}", "\\text{east}"])


def unit(rng):
    name = rng.choice(["\\text{ cm}", "\\text{ cents}", "^\\circ", "\\text{ square feet}", "\\text{ cm}^2", "\\text{ miles per hour}"])
    return str(rng.randrange(1, 999)) + name


def variable(rng):
    return rng.choice("xyzkn") + rng.choice(["", "_1", "^2", "_n"])


KINDS = [integer, grouped, decimal, fraction, short_fraction, mixed, percent, root, circle, polynomial, product, function, power, scientific,
         listing, braces, point, interval, union, matrix, column, equation, inequality, words, unit, variable]


def other_digit(text, rng):
    places = [i for i, c in enumerate(text) if c.isdigit()]
    if not places:
        return text
    at = rng.choice(places)
    return text[:at] + rng.choice("123456789") + text[at + 1:]


def other_sign(text, rng):
    places = [i for i, c in enumerate(text) if c in "+-"]
    if not places:
        return "-" + text
    at = rng.choice(places)
    return text[:at] + {"+": "-", "-": "+"}[text[at]] + text[at + 1:]


def turned(text, rng):
    """Another order of a list or of a sum."""
    for mark in (", ", " + "):
        items = text.split(mark)
        if len(items) > 1 and not re.search(r"[()\[\]{}]", text):
            rng.shuffle(items)
            return mark.join(items)
    return text


def as_decimal(text, _):
    whole = re.fullmatch(r"(-?)\\[dt]?frac\{(\d+)\}\{(\d+)\}", text)
    return f"{int(whole[1] + '1') * int(whole[2]) / int(whole[3]):.6f}" if whole else text


def quantity(text, unit):
    """A number or root gets a unit; other answers have none."""
    return text + unit if re.fullmatch(r"-?[\d.]+|\d*\\(sqrt|pi|frac)[\d{}\\]*", text) else text


def large_brackets(text, _):
    return text if "left" in text else text.replace("(", "\\left(").replace(")", "\\right)")


def other_bracket(text, rng):
    return text.translate(str.maketrans(*rng.choice([("([", "[("), (")]", "])")]))) if ", " in text else text


MUTATIONS = [
    lambda t, rng: t, lambda t, rng: t, lambda t, rng: t, other_digit, other_digit, other_sign, turned, as_decimal, other_bracket,
    lambda t, rng: t.replace("\\frac", "\\dfrac"), lambda t, rng: re.sub(r"(?<![a-z]) | (?![a-zA-Z])", "", t), large_brackets,
    lambda t, rng: t if "text" in t else "x = " + t, lambda t, rng: quantity(t, "\\text{ cm}"), lambda t, rng: quantity(t, "\\%"), lambda t, rng: quantity(t, "^\\circ"),
    lambda t, rng: "\\displaystyle " + t, lambda t, rng: t.replace("+", " \\, + "), lambda t, rng: t.replace("\\text", "\\mathrm"),
    lambda t, rng: t.replace("x", "y"), lambda t, rng: re.sub(r"\\text\{(.*?)\}", r"\1", t), lambda t, rng: "2" + t, 
    lambda t, rng: t if re.search(r"text|[<>]|\\l?g?e ", t) else "\\{" + t + "\\}", lambda t, rng: "(" + t + ")", lambda t, rng: t.replace("\\cdot", "\\times"),
    lambda t, rng: t if re.search(r"[()\[\]]", t) else t.replace(",", ";"),
]

FRAMES = ["The answer is ${}$.", "We get $$x + 1$$ and so\n\n\\[\\boxed{{{}}}\\]", "Therefore, the final answer is $\\boxed{{{}}}$.", "ANSWER: ${}$",
          "First $1+1=2$.\n\n**Answer:** \\({}\\)", "So the result is\n$${}$$", "\\boxed{{{}}}", "I think $7$ is wrong, it must be ${}$", "$x=3$ at first.\nFinal Answer: ${}$\nI hope it is right."]
PLAIN_FRAMES = ["ANSWER: {}", "The answer is {}.", "It follows that it is {}", "**Answer: {}**"]


def frame(text, rng):
    if re.fullmatch(r"-?[\d.,/]+", text) and rng.randrange(3) == 0:
        return rng.choice(PLAIN_FRAMES).format(text)
    return rng.choice(FRAMES).format(text)


def cases(count, seed, references):
    rng = random.Random(seed)
    for i in range(count):
        make = KINDS[i % len(KINDS)]
        kind, reference = make.__name__, make(rng)
        if references and i % 2:
            kind, reference = "given", rng.choice(references)
        yield kind, reference, frame(rng.choice(MUTATIONS)(reference, rng), rng)


def official(reference, response):
    return verify(parse(f"${reference}$"), parse(response))


def ours(program, rows):
    return sides.verdicts(program, [{"scorer": "math", "answer": reference, "response": response} for _, reference, response in rows])


def main():
    options = argparse.ArgumentParser()
    options.add_argument("program")
    options.add_argument("--count", type=int, default=6000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--references")
    options.add_argument("--show", type=int, default=10**9)
    options = options.parse_args()
    references = open(options.references).read().splitlines() if options.references else []
    rows = list(cases(options.count, options.seed, references))
    seen, agreed, differ = collections.Counter(), collections.Counter(), []
    start = time.perf_counter()
    verdicts = ours(options.program, rows)
    our_time, their_times = (time.perf_counter() - start) / len(rows), []
    for (kind, reference, response), verdict in zip(rows, verdicts):
        start = time.perf_counter()
        expected = official(reference, response)
        their_times.append(time.perf_counter() - start)
        same = bool(verdict["correct"]) == expected
        seen[kind] += 1
        agreed[kind] += same
        if not same:
            differ.append((kind, expected, reference, response, verdict["extracted"]))
    for kind in seen:
        print(f"{kind:16} {agreed[kind]:5} of {seen[kind]:5}")
    for row in differ[:options.show]:
        print("Math-Verify says {1}: {0} {2!r} {3!r} (we read {4!r})".format(*row))
    print(f"an answer took {1e6 * our_time:.0f} us here, reading and writing it included; with Math-Verify "
          f"{1e6 * statistics.median(their_times):.0f} us (median), {1e6 * statistics.mean(their_times):.0f} us (mean)")
    share = sum(agreed.values()) / len(rows)
    print(f"{sum(agreed.values())} of {len(rows)} agree: {100 * share:.2f} %")
    return share < 0.995


if __name__ == "__main__":
    sys.exit(main())
