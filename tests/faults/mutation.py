"""What chance makes of a file: bits, numbers, parts that are cut, moved, mixed or repeated; words and numbers of texts."""

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


def once(data, other, marks, dice):
    """One change of bytes, in place; in words, what."""
    way = dice.randrange(12)
    at = somewhere(data, marks, dice)
    if way < 3:
        data[at] ^= 1 << dice.randrange(8)
        return f"bit at {at}"
    if way < 5:
        data[at] = dice.choice((0, 1, 127, 128, 255, dice.randrange(256)))
        return f"byte at {at}"
    if way < 8:
        width = dice.choice((1, 2, 4, 8))
        number = (dice.choice(NUMBERS) % 256**width).to_bytes(width, dice.choice(("little", "little", "big")))
        start = at - at % width
        data[start : start + width] = number
        return f"number of {width} bytes at {start}"
    if way == 8:
        cut = dice.choice((at, len(data) - 1, len(data) - dice.randrange(1, 9), len(data) // 2))
        del data[max(cut, 1) :]
        return f"cut to {len(data)}"
    start, end = span(data, dice)
    if way == 9:
        data[start:end] = dice.choice((bytes(end - start), b"\xff" * (end - start), dice.randbytes(end - start)))
        return f"{end - start} bytes at {start} filled"
    if way == 10:
        to = dice.randrange(len(data))
        data[to : to + end - start] = data[start:end]
        return f"{end - start} bytes from {start} to {to}"
    if dice.random() < 0.5:
        data[start:end] = other[start:end]
        return f"{end - start} bytes at {start} of another file"
    del data[start:end]
    return f"{end - start} bytes at {start} taken out"


def of_bytes(seed, other, dice):
    """A changed copy of a file, and what was changed."""
    data = bytearray(seed)
    marks = places(seed)
    said = [once(data, other, marks, dice) for _ in range(dice.choice((1, 1, 1, 2, 4)))]
    return bytes(data) or b"\0", ", ".join(said)


def of_record(seed, dice):
    """The JSON record in a result, edited without a change of its length: what somebody would do who wants another answer."""
    found = re.search(rb'\{"tool".*?\}\s*(?=\0|[^\x20-\x7e\s\x80-\xff]|$)', seed, re.DOTALL)
    if not found:
        return None
    data = bytearray(seed)
    digits = [n for n in range(*found.span()) if 48 <= data[n] <= 57]
    letters = [n for n in range(*found.span()) if 97 <= data[n] <= 122]
    at = dice.choice(digits if dice.random() < 0.7 else letters)
    old = data[at]
    while data[at] == old:
        data[at] = dice.randrange(48, 58) if 48 <= old <= 57 else dice.randrange(97, 123)
    start = max(at - 25, 0)
    return bytes(data), f"in the record, {bytes(data[start : at + 10]).decode('utf-8', 'replace')!r} was {chr(old)}"


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


def of_text(seed, other, dice):
    """A changed text: words put in, taken out, numbers changed, lines moved; now and then bytes that are no UTF-8."""
    said = []
    text = seed.decode()
    for _ in range(dice.choice((1, 1, 2, 3))):
        way = dice.randrange(7)
        lines = text.split("\n")
        n = dice.randrange(len(lines))
        at = dice.randrange(len(text) + 1)
        if way == 0:
            word = dice.choice(WORDS)
            text = text[:at] + word + text[at:]
            said.append(f"{word[:12]!r} put in at {at}")
        elif way == 1:
            text = text[:at] + text[at + dice.choice((1, 2, 8, 40)) :]
            said.append(f"taken out at {at}")
        elif way == 2:
            numbers = list(re.finditer(r"\d+(\.\d+)?", text))
            if numbers:
                found, word = dice.choice(numbers), dice.choice(WORDS[:7])
                text = text[: found.start()] + word + text[found.end() :]
                said.append(f"{found.group()} is {word!r}")
        elif way == 3:
            lines.insert(dice.randrange(len(lines)), lines[n])
            text = "\n".join(lines)
            said.append(f"line {n} twice")
        elif way == 4:
            del lines[n]
            text = "\n".join(lines)
            said.append(f"line {n} taken out")
        elif way == 5:
            lines[n] = dice.choice(other.decode().split("\n"))
            text = "\n".join(lines)
            said.append(f"line {n} of another text")
        else:
            lines[n] = lines[n] * dice.choice((2, 50))
            text = "\n".join(lines)
            said.append(f"line {n} repeated")
    changed = text.encode()
    if dice.random() < 0.1 and changed:
        at = dice.randrange(len(changed))
        changed = changed[:at] + b"\xff\xfe" + changed[at:]
        said.append("no UTF-8")
    return changed, ", ".join(said)
