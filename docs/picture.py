#!/usr/bin/env python3
"""Draws what a program prints as an SVG, for the README:

    target/release/striae demo --folder striae-demo | docs/picture.py "make demo" > docs/demo.svg
"""
import sys
from html import escape

lines = [f"$ {sys.argv[1]}", *sys.stdin.read().expandtabs().rstrip().splitlines()]
width, height, step = max(map(len, lines)) * 8.43 + 40, len(lines) * 19 + 36, 19
print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" viewBox="0 0 {width:.0f} {height}">')
print('<rect width="100%" height="100%" rx="8" fill="#16191d"/>')
print('<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, \'DejaVu Sans Mono\', monospace" font-size="14" fill="#d7dde4">')
for i, line in enumerate(lines):
    strong = ' fill="#8fd3a6"' if line.startswith("$") or " of " in line and "(0." in line or "(1.0" in line else ""
    print(f'<text x="20" y="{30 + i * step}" xml:space="preserve"{strong}>{escape(line)}</text>')
print("</g>\n</svg>")
