"""What chance makes of a file: bits, numbers, parts that are cut, moved, mixed or repeated; words and numbers of texts."""

import json
import re

# What begins the structures of HDF5: most of what goes wrong does so near one.
MARKS = (
    b"\x89HDF",
    b"TREE",
    b"SNOD",
    b"HEAP",
    b"OHDR",
    b"OCHK",
    b"FRHP",
    b"FHDB",
    b"FHIB",
    b"BTHD",
    b"BTLF",
    b"GCOL",
    b"FADB",
    b"FAHD",
    b"EAHD",
)
# The ways of changing bytes, each as often as it comes up; of the record of a result; and of changing texts.
BYTES = {"bit": 3, "byte": 2, "number": 3, "cut": 1, "fill": 1, "copy": 1, "another file": 1, "take out": 1}
RECORD = {"digit of the record": 2, "letter of the record": 1}
TEXT = {"word": 1, "taken out": 1, "number": 1, "twice": 1, "line out": 1, "another line": 1, "repeated": 1, "no UTF-8": 1}
NUMBERS = (0, 1, 2, 7, 8, 127, 128, 255, 256, 65_535, 65_536, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1)


def places(data):
    """Where structures begin."""
    return [m.start() for mark in MARKS for m in re.finditer(re.escape(mark), data)]


def somewhere(data, marks, dice):
    """A place: anywhere, or near the beginning of a structure."""
    if marks and dice.random() < 0.6:
        return min(max(dice.choice(marks) + dice.randrange(0, 160), 0), len(data) - 1)
    return dice.randrange(len(data))


def span(data, dice):
    start = dice.randrange(len(data))
    return start, min(start + dice.choice((1, 2, 8, 16, 64, 512, 2048)), len(data))


def in_turn(ways, turn):
    """The way whose turn it is, so that none is left to chance alone."""
    weighted = [way for way, weight in ways.items() for _ in range(weight)]
    return weighted[turn % len(weighted)]


def any_of(ways, dice):
    return dice.choices(list(ways), list(ways.values()))[0]


def once(way, data, other, marks, dice):
    """One change of bytes, in place; in words, what."""
    at = somewhere(data, marks, dice)
    start, end = span(data, dice)
    if way == "bit":
        data[at] ^= 1 << dice.randrange(8)
        return f"bit at {at}"
    if way == "byte":
        data[at] = dice.choice((0, 1, 127, 128, 255, dice.randrange(256)))
        return f"byte at {at}"
    if way == "number":
        width = dice.choice((1, 2, 4, 8))
        number = (dice.choice(NUMBERS) % 256**width).to_bytes(width, dice.choice(("little", "little", "big")))
        start = at - at % width
        data[start : start + width] = number
        return f"number of {width} bytes at {start}"
    if way == "cut":
        cut = dice.choice((at, len(data) - 1, len(data) - dice.randrange(1, 9), len(data) // 2))
        del data[max(cut, 1) :]
        return f"cut to {len(data)}"
    if way == "fill":
        data[start:end] = dice.choice((bytes(end - start), b"\xff" * (end - start), dice.randbytes(end - start)))
        return f"{end - start} bytes at {start} filled"
    if way == "copy":
        to = dice.randrange(len(data))
        data[to : to + end - start] = data[start:end]
        return f"{end - start} bytes from {start} to {to}"
    if way == "another file":
        data[start:end] = other[start:end]
        return f"{end - start} bytes at {start} of another file"
    del data[start:end]
    return f"{end - start} bytes at {start} taken out"


def of_bytes(seed, other, dice, turn):
    """A changed copy of a file, what was changed, and in which ways. `other` is another file of its kind, where there is one."""
    data = bytearray(seed)
    marks = places(seed)
    ways = {way: weight for way, weight in BYTES.items() if way != "another file" or other is not None}
    said, used = [], []
    for n in range(dice.choice((1, 1, 1, 2, 4))):
        way = any_of(ways, dice) if n else in_turn(ways, turn)
        before = bytes(data)
        # Zeros over zeros are no change: then once more, elsewhere.
        for _ in range(20):
            words = once(way, data, other, marks, dice)
            if data != before:
                said.append(words)
                used.append(way)
                break
        if len(data) < 2:
            break
    return bytes(data) or b"\0", ", ".join(said), used


def record_in(seed):
    """Where the JSON record of a result begins and ends; `None` where there is none."""
    for found in re.finditer(rb'\{\s*"tool"', seed):
        try:
            # A byte is a letter here, so that places in the text are those in the file.
            _, length = json.JSONDecoder().raw_decode(seed[found.start() :].decode("latin-1"))
        except ValueError:
            continue
        return found.start(), found.start() + length
    return None


def of_record(seed, dice, turn):
    """The record in a result, edited without a change of its length: what somebody would do who wants another answer."""
    found = record_in(seed)
    if not found:
        return None
    data = bytearray(seed)
    way = in_turn(RECORD, turn)
    low, high = (48, 57) if way == "digit of the record" else (97, 122)
    at = dice.choice([n for n in range(*found) if low <= data[n] <= high])
    old = data[at]
    while data[at] == old:
        data[at] = dice.randrange(low, high + 1)
    start = max(at - 25, 0)
    words = f"in the record, {bytes(data[start : at + 10]).decode('utf-8', 'replace')!r} was {chr(old)}"
    return bytes(data), words, [way]


WORDS = (
    "",
    "0",
    "-1",
    "1e400",
    "nan",
    "-0.0",
    "18446744073709551616",
    "0x",
    "'",
    '"',
    '"""',
    "[",
    "]",
    "{",
    "}",
    "[[",
    "=",
    "#",
    "|",
    "(",
    ")",
    ",",
    "\\",
    "\n",
    "\0",
    "\ufeff",
    "é",
    "𝕊",
    "true",
    "1979-05-27",
    "a" * 300,
    "../../..",
    "/dev/full",
    "[[metric]]",
    "[a.b.c]",
    "x.y = 1",
    "${HOME}",
    "%s%n",
)


def of_text(seed, other, dice, turn):
    """A changed text, what was changed, and in which ways: words put in, taken out, numbers changed, lines moved; now and then
    bytes that are no UTF-8."""
    said, used = [], []
    text = seed.decode()
    ordinary = {way: weight for way, weight in TEXT.items() if way != "no UTF-8"}
    first = in_turn(TEXT, turn)
    broken = first == "no UTF-8" or dice.random() < 0.1
    for n in range(dice.choice((1, 1, 2, 3))):
        way = first if n == 0 and first in ordinary else any_of(ordinary, dice)
        # A line in the place of one like it is no change: then once more, elsewhere.
        for _ in range(20):
            words, changed = once_in_text(way, text, other.decode(), dice)
            if changed != text:
                text = changed
                said.append(words)
                used.append(way)
                break
    changed = text.encode()
    if broken and changed:
        at = dice.randrange(len(changed))
        changed = changed[:at] + b"\xff\xfe" + changed[at:]
        said.append("no UTF-8")
        used.append("no UTF-8")
    return changed, ", ".join(said), used


def once_in_text(way, text, other, dice):
    """One change of a text: in words, what; and the text."""
    lines = text.split("\n")
    n = dice.randrange(len(lines))
    at = dice.randrange(len(text) + 1)
    if way == "word":
        word = dice.choice(WORDS)
        return f"{word[:12]!r} put in at {at}", text[:at] + word + text[at:]
    if way == "taken out":
        return f"taken out at {at}", text[:at] + text[at + dice.choice((1, 2, 8, 40)) :]
    if way == "number":
        numbers = list(re.finditer(r"\d+(\.\d+)?", text))
        if not numbers:
            return "no number", text
        found, word = dice.choice(numbers), dice.choice(WORDS[:7])
        return f"{found.group()} is {word!r}", text[: found.start()] + word + text[found.end() :]
    if way == "twice":
        lines.insert(dice.randrange(len(lines)), lines[n])
        words = f"line {n} twice"
    elif way == "line out":
        del lines[n]
        words = f"line {n} taken out"
    elif way == "another line":
        lines[n] = dice.choice(other.split("\n"))
        words = f"line {n} of another text"
    else:
        lines[n] = lines[n] * dice.choice((2, 50))
        words = f"line {n} repeated"
    return words, "\n".join(lines)
