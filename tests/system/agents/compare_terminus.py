#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compare our parser of Terminus 2 replies with Harbor's on generated and broken replies.

usage: compare_terminus.py TERMINUS_LINES FOLDER [COUNT] [--freeze FILE]     exit status 1 when one is read differently

FOLDER holds terminus_json_plain_parser.py and terminus_xml_plain_parser.py (harbor/agents/terminus_2 of the package harbor; it
need not be installed). 6000 replies by default. --freeze writes 240 of them with the published results.

What must agree: kind of error, keystrokes, durations, task_complete, analysis and plan, kinds and number of warnings in their
order; the wording is our own. Differences that we keep, counted apart or taken out before the comparison:
- Where the published parser raises an exception (XML with `< >`, an integer beyond double, very deep nesting), we give a result.
- NaN is no duration: 1 s and a warning; as task_complete it is null. Infinity is the largest double. Both end at the limit of 60 s.
- Half of a surrogate pair is U+FFFD; it could not be sent to a terminal. analysis and plan that are no strings are empty.
- Letters and digits beyond ASCII: no case folding in <TASK_COMPLETE>, no digits in durations; all count as letters of attribute names.
"""
import argparse
import collections
import importlib.util
import json
import math
import pathlib
import random
import re
import subprocess
import sys

# (a piece of the published text, the piece of ours that names the kind)
KINDS = [("Fixed incomplete JSON", "corrected: closing braces"), ("Extracted JSON", "corrected: one object"),
         ("before JSON object", "text before the JSON object"), ("after JSON object", "text after the JSON object"),
         ("No valid JSON object found", "holds no whole JSON object"), ("No valid JSON found", "no JSON object was found"),
         ("Invalid JSON:", "the JSON is broken"), ("Missing required fields", "missing keys"), ("'commands' must be", "commands is not an array"),
         ("Field 'analysis' should", "analysis is not a string"), ("Field 'plan' should", "plan is not a string"),
         ("in wrong order", "the order is"), ("Field 'task_complete' should", "task_complete is neither"),
         ("must be an object", "is not an object"), ("missing required 'keystrokes'", "has no keystrokes"),
         ("'keystrokes' must be", "keystrokes is not a string"), ("Invalid duration value", "is not a number, 1 s"),
         ("Missing duration", "no duration, 1 s"), ("Unknown fields:", "unknown keys"), ("should end with newline", "no newline at its end"),
         ("before <response>", "text before <response>"), ("after </response>", "text after </response>"),
         ("Only issue one <response>", "<response> blocks, of which"), ("No <response> tag found", "no <response> with content"),
         ("Missing <", "no section <"), ("Unknown tag found", "unknown tag"),
         ("Only issue one <commands>", "<commands> blocks, of which"), ("Multiple <", "several <"), ("value should be quoted", "is not quoted"),
         ("Use double quotes", "has single quotes"), ("Unknown attribute", "unknown attribute"), ("is read verbatim", "the entity &"),
         ("line endings are not", "line ends"), ("Commands section is empty", "<commands> is empty")]

KEYS = ["ls -la\n", "", "C-c", "cat > f <<'EOF'\n{\"a\": {\"b\": [1]}}\nEOF\n", "echo \"}\"\n", "awk '{print $1}' f\n", "printf 'a\\tb\\n'",
        "caf\u00e9 \u2192 \U0001F600\n",
        "a && b < c > d\n", "&lt;x&gt; &amp; y\n", "a\\r\\nb\n", "\u00a0", "x\n\n", " y \n", "{", "}\n", "\"\n", "\\", "echo '<analysis>'\n",
        "1 <2\n", "q\r\n"]
TEXTS = ["", "All is well.", "The file {x} is there.", "He said \"no\".", "C:\\dir\\", "a\nb", "\u00e9t\u00e9", "\"plan\": first", "5 < 6 & 7 > 6",
         "}", "{{", "<plan>"]
JSON_VALUES = ["null", "true", "false", "0", "1", "-1", "0.5", "1e2", "[]", "{}", "[1]", '{"a": 1}', '""', '"x"', "Infinity", "-Infinity", "NaN",
               "1e999", "-1e999", "1e-999",
               "01", "1.", ".5", "+1", "'x'", "None", "True", '"\\ud83d"', '"\\ude00\\ud83d\\ude00"', '"\\x"', '"\\u12"', "1e5.5",
               "12345678901234567890123", "0x1", "-0.0", '"a\tb"']
COMPLETE = ["true", "false", '"true"', '"True"', '"YES"', '"1"', '"no"', '" true"', "1", "0", "null", '""', "[0]", "{}", "0.0", "TRUE", '"done"']
DURATIONS = ["0.1", "1", "5.0", "60", "120", "-3", "0", "1e1", "true", "false", '"2"', "null"]
FLOATS = ["0.1", "1", "180", "-2", "", "abc", " 3 ", "1_0", "1__0", "_1", "+4", "+-4", ".5", "5.", "1e3", "1e999", "-1e999", "inf", "-Infinity",
          "nan", "nan(1)", "0x10", "1,5", "\u00a07", "1e-999",
          "0.1s", "5 s", "1e", "infin"]
SOUP_JSON = ["{", "}", "{", "}", "[", "]", '"', "\\", ":", ",", " ", "\n", '"analysis"', '"plan"', '"commands"', ': "x"', ": []",
             '"analysis": "a", "plan": "b", "commands": []',
             '{"analysis": "a", "plan": "b", "commands": [{"keystrokes": "ls\\n"}]}', "```json", "text", "\u00a0", "\x00"]
SOUP_XML = ["<response>", "</response>", "<analysis>", "</analysis>", "<plan>", "</plan>", "<plan/>", "<commands>", "</commands>", "<commands />",
            "<keystrokes>", "</keystrokes>",
            "<keystrokes duration=\"1\">", "<keystrokes/>", "<task_complete>", "</task_complete>", "true", "x", "<", ">", "/", "<!-- a -->", "<?x?>",
            "<b>", "</b>", "<a b>", "\n", " ",
            "<>", "< >", "<task_complete/>", "<analysis  />", "<plan x='1'>", "</"]
AROUND = ["", "", "", "", " \n", "\u00a0", "Here it is:\n", "```json\n", "\n```", "Note {a} and \"b\".", "}", "{", "\x1f", "\u3000", "\\", '"',
          "<think>x</think>"]


def json_command(rng):
    pairs = [('"keystrokes"', json.dumps(rng.choice(KEYS), ensure_ascii=rng.random() < 0.5))]
    if rng.random() < 0.85:
        pairs.append(('"duration"', rng.choice(DURATIONS if rng.random() < 0.85 else JSON_VALUES)))
    if rng.random() < 0.1:
        pairs.append((rng.choice(['"wait"', '"is_blocking"', '"Keystrokes"', '"plan"', '"duration"']), rng.choice(JSON_VALUES)))
    if rng.random() < 0.04:
        pairs[0] = ('"keystrokes"', rng.choice(JSON_VALUES))
    if rng.random() < 0.03:
        del pairs[0]
    if rng.random() < 0.02:
        return rng.choice(JSON_VALUES)
    rng.shuffle(pairs)
    return "{" + ", ".join(f"{k}: {v}" for k, v in pairs) + "}"


def json_reply(rng):
    """A reply that is mostly right."""
    parts = [['"analysis"', json.dumps(rng.choice(TEXTS))], ['"plan"', json.dumps(rng.choice(TEXTS))],
             ['"commands"', "[" + ", ".join(json_command(rng) for _ in range(rng.randrange(4))) + "]"]]
    if rng.random() < 0.5:
        parts.append([rng.choice(['"task_complete"'] * 9 + ['"taskComplete"']), rng.choice(COMPLETE if rng.random() < 0.9 else JSON_VALUES)])
    if rng.random() < 0.08:
        rng.choice(parts)[1] = rng.choice(JSON_VALUES)
    if rng.random() < 0.06:
        parts.append([rng.choice(['"note"', '"analysis"', '"p\\u006can"', '"commands"']), rng.choice(JSON_VALUES)])
    if rng.random() < 0.1:
        rng.shuffle(parts)
    if rng.random() < 0.06:
        del parts[rng.randrange(len(parts))]
    gap = rng.choice([" ", "\n  ", "", "\t"])
    return "{" + gap + f",{gap}".join(f"{k}{rng.choice([':', ': ', ' : '])}{v}" for k, v in parts) + gap.rstrip(" ") + "}"


def keystrokes_element(rng):
    attributes = f' duration="{rng.choice(FLOATS[:4] if rng.random() < 0.7 else FLOATS)}"'
    if rng.random() < 0.3:
        attributes = rng.choice(["", " duration='2'", " duration=3", " duration = \"4\"", " wait=\"1\"", " duration='5\"",
                                 " duration=\"1\" x=y z='w'", " a=b=c duration=\"6\"", "/", "s", " xduration=\"7\"",
                                 " duration", " a='b=c' ", "\nduration=\"8\"", " duration=\u201c9\u201d", " d\u00e9=\"1\"",
                                 " duration=\"1\" duration=\"2\"", " x = = 'y'", " Duration=\"3\""])
    end = rng.choice(["</keystrokes>"] * 30 + ["</keystroke>", "", "</Keystrokes>"])
    return f"<keystrokes{attributes}>{rng.choice(KEYS)}{end}"


def xml_section(name, content, rng):
    if rng.random() < 0.06:
        return rng.choice([f"<{name}/>", f"<{name} />", f"<{name}></{name}>", f"<{name}>", f"<{name} a=\"b\">{content}</{name}>", f"<{name}\n/>",
                           f"<{name.upper()}>{content}</{name.upper()}>"])
    return f"<{name}>{content}</{name}>"


def xml_reply(rng):
    gap = rng.choice(["\n", "", " ", "\u2003"])
    commands = gap + gap.join(keystrokes_element(rng) for _ in range(rng.randrange(4))) + gap
    if rng.random() < 0.05:
        commands = rng.choice(["ls", " ", "<command>ls</command>", "<!-- none -->"])
    parts = [xml_section("analysis", rng.choice(TEXTS), rng), xml_section("plan", rng.choice(TEXTS), rng), xml_section("commands", commands, rng)]
    if rng.random() < 0.5:
        spelling = rng.choice(["true", "false", " true\n", "TRUE", "True", "", "yes", "1", "true.", "\u00a0true"])
        parts.append(rng.choice([xml_section("task_complete", spelling, rng)] * 6 + [f"<TASK_COMPLETE>{spelling}</task_complete>",
                                                                                     f"<task_complete >{spelling}</task_complete>"]))
    if rng.random() < 0.12:
        parts.insert(rng.randrange(len(parts) + 1), rng.choice(["<note>x</note>", "<b><i>x</i></b>", "text", "<br/>", "<a href='x'>y</a>",
                                                                "<note>x</note><note>y</note>", rng.choice(parts), "< b>x</b>", "<a\n>"]))
    if rng.random() < 0.1:
        rng.shuffle(parts)
    if rng.random() < 0.1:
        del parts[rng.randrange(len(parts))]
    opening, closing = ["<response>"] * 30 + ["", "<Response>"], ["</response>"] * 20 + ["", "</resp", "</response></response>"]
    return rng.choice(opening) + gap + gap.join(parts) + gap + rng.choice(closing)


def damage(text, rng):
    """Cut, double or exchange a few pieces."""
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(text) + 1)
        change = rng.randrange(8)
        if change == 0:
            text = text[:at]
        elif change == 1:
            text = text[:at] + rng.choice("{}[]\"\\<>/,: \n'=&") + text[at:]
        elif change == 2:
            text = text[:at] + text[at + rng.randrange(1, 4):]
        elif change == 3:
            text = text[:at] + text[max(0, at - rng.randrange(30)):]
        elif change == 4:
            text = text.rstrip("} \n]")
        elif change == 5:
            text = text.replace(rng.choice(["}", "]", '"', ",", "</", "\\n"]), rng.choice(["", "}", "\n", "'"]), 1)
        elif change == 6:
            text = text + rng.choice(["", "\n", "and "]) + text
        else:
            text = text[at:]
    return text


def generate(count, rng):
    rows = []
    for _ in range(count):
        form = rng.choice(["json", "xml"])
        if rng.random() < 0.08:
            soup = SOUP_JSON if form == "json" else SOUP_XML
            text = "".join(rng.choice(soup) for _ in range(rng.randrange(1, 30)))
            if form == "xml" and rng.random() < 0.7:
                text = "<response>" + text
        else:
            text = json_reply(rng) if form == "json" else xml_reply(rng)
        if rng.random() < 0.35:
            text = damage(text, rng)
        if rng.random() < 0.3:
            text = rng.choice(AROUND) + text + rng.choice(AROUND)
        rows.append({"format": form, "reply": text})
    return rows


def kind(text, side):
    return next((ours for published, ours in KINDS if (published, ours)[side] in text), "")


def kinds_of_published(warning):
    """The kinds of the entries in their one text; a line that is none belongs to the entry before it."""
    entries = re.split(r"(?:^|\n)- ", warning)[1:]
    return [k for k in (kind(entry, 0) for entry in entries) if k]


def paired(text):
    return re.sub("[\ud800-\udfff]", "\ufffd", text) if isinstance(text, str) else ""


def published_parsers(folder):
    parsers = {}
    for form, name in (("json", "JSON"), ("xml", "XML")):
        spec = importlib.util.spec_from_file_location(f"terminus_{form}", pathlib.Path(folder) / f"terminus_{form}_plain_parser.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        parsers[form] = getattr(module, f"Terminus{name}PlainParser")()
    return parsers


def bounded(seconds):
    """Infinity as the largest double; NaN stays."""
    return seconds if math.isnan(seconds) else max(-sys.float_info.max, min(seconds, sys.float_info.max))


def published(parsers, row):
    """The published result in our terms, or the exception that it raised."""
    try:
        result = parsers[row["format"]].parse_response(row["reply"])
    except Exception as error:  # pylint: disable=broad-except
        return repr(error)
    return {"error": kind(result.error, 0), "commands": [[paired(c.keystrokes), bounded(c.duration)] for c in result.commands],
            "task_complete": bool(result.is_task_complete), "warnings": kinds_of_published(result.warning),
            "analysis": paired(result.analysis), "plan": paired(result.plan)}


def ours(program, rows):
    text = "".join(json.dumps(row) + "\n" for row in rows)
    done = subprocess.run([program], input=text, capture_output=True, text=True, encoding="utf-8", check=True)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    for result in results:
        result["error"] = result["error"] and (kind(result["error"], 1) or "?")
        result["warnings"] = [kind(warning, 1) or "?" for warning in result["warnings"]]
    return results


def has_nan(row):
    return re.search(r":\s*NaN" if row["format"] == "json" else r"(?i)[\"']\s*[+-]?nan", row["reply"])


def freeze(path, judged, rng):
    """Write 120 short replies of each form: first those that show a kind not yet met, then one of every mixture of kinds."""
    judged = [{**row, **result} for row, result in judged if len(row["reply"]) < 500]
    rng.shuffle(judged)
    ranks, kinds, mixtures = [], set(), set()
    for row in judged:
        met = {row["format"] + entry for entry in [row["error"], *row["warnings"]]}
        mixture = (frozenset(met), row["task_complete"], bool(row["commands"]))
        ranks.append(0 if met - kinds else 1 if mixture not in mixtures else 2)
        kinds |= met
        mixtures.add(mixture)
    ranked = [row for _, row in sorted(zip(ranks, judged), key=lambda pair: pair[0])]
    chosen = [row for form in ("json", "xml") for row in [r for r in ranked if r["format"] == form][:120]]
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in chosen)


def main():
    arguments = argparse.ArgumentParser(usage=__doc__)
    for name in ("program", "folder"):
        arguments.add_argument(name)
    arguments.add_argument("count", nargs="?", type=int, default=6000)
    arguments.add_argument("--freeze")
    options = arguments.parse_args()
    rng, parsers = random.Random(1), published_parsers(options.folder)
    rows, judged, tally, kinds = generate(options.count, rng), [], collections.Counter(), collections.Counter()
    for row, mine in zip(rows, ours(options.program, rows)):
        theirs = published(parsers, row)
        if isinstance(theirs, str):
            tally[theirs] += 1
            continue
        if theirs != mine and has_nan(row):
            tally["nan"] += 1
            continue
        kinds.update([theirs["error"] or "no error", *theirs["warnings"]])
        tally["agree" if theirs == mine else "differ"] += 1
        judged.append((row, theirs))
        if theirs != mine:
            print(f"{row['format']} {row['reply']!r}\n  Harbor: {theirs}\n  ours:   {mine}")
    print("kinds met: " + ", ".join(f"{name} {number}" for name, number in sorted(kinds.items())))
    agree, differ, nan = tally.pop("agree", 0), tally.pop("differ", 0), tally.pop("nan", 0)
    print(f"{agree} of {agree + differ} agree: {100 * agree / (agree + differ):.2f} %; "
          f"apart: {nan} with NaN, {sum(tally.values())} where Harbor raises {dict(tally)}")
    if options.freeze:
        freeze(options.freeze, judged, rng)
    return differ > 0


if __name__ == "__main__":
    sys.exit(main())
