#!/usr/bin/env python3
"""Drives a report page in headless Chromium and asserts what a reader relies on.

    python browser.py REPORT.html --out DIR [--chromium PATH] [--limit-ms 2000] [--hostile] [--only NAME]

REPORT.html is one that examples/report_page.rs made (full or hostile): names and numbers in the checks are its.

Needs Python 3.9 and Chromium (Debian: apt-get install --no-install-recommends chromium), nothing else: the DevTools protocol
is spoken over two pipes (--remote-debugging-pipe), messages end in a zero byte. Writes screenshots, a PDF and times.json to DIR.
Ends with 1 when a check fails, and says which.
"""

import argparse
import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import queue


class Browser:
    """Chromium and one page in it."""

    def __init__(self, program, profile):
        to_read, self.to_write = os.pipe()
        self.from_read, from_write = os.pipe()
        flags = ["--headless=new", "--no-sandbox", "--remote-debugging-pipe", f"--user-data-dir={profile}", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update", "--disable-gpu", "--hide-scrollbars",
                 "--force-color-profile=srgb", "--lang=en-GB"]

        def pipes():
            # Chromium reads commands from 3 and answers on 4.
            a, b = os.dup(to_read), os.dup(from_write)
            high_a, high_b = (os.dup2(x, y) for x, y in ((a, 30), (b, 31)))
            os.dup2(high_a, 3)
            os.dup2(high_b, 4)

        self.process = subprocess.Popen([program, *flags, "about:blank"], close_fds=False, preexec_fn=pipes,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(from_write)
        self.next, self.answers, self.events = 0, {}, queue.Queue()
        self.log, self.requests, self.session = [], [], None
        self.arrived = threading.Condition()
        threading.Thread(target=self.listen, daemon=True).start()
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(domain + ".enable")

    def listen(self):
        left = b""
        while True:
            got = os.read(self.from_read, 1 << 20)
            if not got:
                return
            left += got
            *whole, left = left.split(b"\0")
            for text in whole:
                self.take(json.loads(text))

    def take(self, message):
        if "id" in message:
            with self.arrived:
                self.answers[message["id"]] = message
                self.arrived.notify_all()
            return
        method, params = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.log.append("exception: " + json.dumps(params["exceptionDetails"])[:600])
        elif method == "Runtime.consoleAPICalled":
            self.log.append("console: " + json.dumps(params["args"])[:300])
        elif method == "Log.entryAdded":
            self.log.append("log: " + params["entry"].get("text", "")[:300])
        elif method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"][:120])
        self.events.put(message)

    def call(self, method, wait=60, **params):
        self.next += 1
        message = {"id": self.next, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to_write, json.dumps(message).encode() + b"\0")
        with self.arrived:
            if not self.arrived.wait_for(lambda: message["id"] in self.answers, wait):
                raise TimeoutError(method)
            answer = self.answers.pop(message["id"])
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def js(self, text):
        got = self.call("Runtime.evaluate", expression=text, returnByValue=True, awaitPromise=True, userGesture=True)
        if "exceptionDetails" in got:
            raise RuntimeError(text + ": " + json.dumps(got["exceptionDetails"])[:500])
        return got["result"].get("value")

    def until(self, text, what, wait=15):
        end = time.monotonic() + wait
        while time.monotonic() < end:
            if self.js(text):
                return
            time.sleep(0.03)
        raise AssertionError(f"did not happen in {wait} s: {what}")

    def open(self, url):
        self.call("Page.navigate", url=url)
        self.until("document.documentElement?.dataset.complete", "the page is complete", 60)

    def size(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        time.sleep(0.3)

    KEYS = {"Enter": (13, "\r"), "Tab": (9, ""), "Escape": (27, ""), "ArrowDown": (40, ""), "ArrowUp": (38, ""), "ArrowLeft": (37, ""),
            "ArrowRight": (39, ""), "End": (35, ""), "Home": (36, ""), "PageDown": (34, "")}

    def key(self, name, times=1, shift=False):
        code, text = self.KEYS.get(name, (ord(name[0].upper()), name))
        extra = {"key": name, "code": name, "windowsVirtualKeyCode": code, "modifiers": 8 if shift else 0}
        for _ in range(times):
            self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **extra, **({"text": text} if text else {}))
            self.call("Input.dispatchKeyEvent", type="keyUp", **extra)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def centre(self, selector):
        self.js(f"document.querySelector({selector!r}).scrollIntoView({{block: 'center'}})")
        time.sleep(0.15)
        return self.js(f"(() => {{ const r = document.querySelector({selector!r}).getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; }})()")

    def mouse(self, kind, x, y, **more):
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def click(self, selector=None, at=None):
        x, y = at or self.centre(selector)
        self.mouse("mousePressed", x, y, button="left", clickCount=1)
        self.mouse("mouseReleased", x, y, button="left", clickCount=1)

    def shot(self, path, whole=False):
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole,
                         **({"clip": self.whole()} if whole else {}))["data"]
        pathlib.Path(path).write_bytes(base64.b64decode(data))

    def whole(self):
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        return {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}

    def close(self):
        self.session = None
        try:
            self.call("Browser.close", wait=5)
        except (TimeoutError, OSError, RuntimeError):
            pass
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()


class Checks:
    """The walk through the page. Each method is one subject; the order matters only for speed."""

    def __init__(self, browser, url, out, limit_ms, hostile):
        self.b, self.url, self.out, self.limit_ms, self.hostile = browser, url, out, limit_ms, hostile
        self.times = {}

    def equal(self, got, expected, what):
        assert got == expected, f"{what}: got {got!r}, expected {expected!r}"

    def count(self):
        return self.b.js("document.getElementById('links-count').textContent")

    def filter(self, name, value):
        self.b.js(f"""(() => {{ const e = document.getElementById('filters').elements[{name!r}]; e.value = {json.dumps(value)};
            e.dispatchEvent(new Event('input', {{bubbles: true}})); }})()""")
        time.sleep(0.25)

    def rows(self, host="links-table"):
        return self.b.js(f"""[...document.querySelectorAll('#{host} tbody tr:not(.space)')].slice(0, 12).map(tr => [...tr.children].map(td => td.innerText.trim()))""")

    def ready(self):
        """Navigation start to a drawn, sorted table, and to the answer to a filter: each of three loads counts, with the series drawn too."""
        loads, whole, filters = [], [], []
        for _ in range(3):
            self.b.open(self.url)
            loads.append(int(self.b.js("document.documentElement.dataset.ready")))
            filters.append(self.b.js("""(async () => { const t = performance.now(), said = document.getElementById('links-count'), before = said.textContent;
                const e = document.getElementById('filters').elements.q; e.value = 'E0001'; e.dispatchEvent(new Event('input', {bubbles: true}));
                while (said.textContent === before && performance.now() - t < 5000) await new Promise(requestAnimationFrame);
                return performance.now() - t; })()"""))
            whole.append(int(self.b.js("document.documentElement.dataset.complete")))
        self.times.update(ready_ms=loads, complete_ms=whole, filter_ms=[round(f) for f in filters], bytes=os.path.getsize(self.url[7:]))
        slowest = max(a + b for a, b in zip(whole, filters))
        assert slowest < self.limit_ms, f"interactive under {self.limit_ms} ms: drawn after {loads}, complete after {whole}, answers to a filter in {filters}"
        self.b.open(self.url.split("#")[0] + "?fresh")
        rows = self.rows()
        assert len(rows) >= 10, "the table is drawn"
        numbers = [float(r[3].replace("−", "-")) for r in rows]
        self.equal(numbers, sorted(numbers, reverse=True), "ranked best first")

    def filters(self):
        everything = self.count()
        self.filter("min", "6")
        assert self.count() != everything and "of" in self.count(), "least log10 LR filters"
        self.b.js("document.querySelector('#links-table .grid').focus()")
        self.b.key("End")
        time.sleep(0.2)
        last = self.b.js("document.querySelector('#links-table tr.on').children[3].innerText")
        assert float(last.replace("−", "-")) >= 6, f"weakest link of the filter is {last}"
        self.filter("min", "")
        for name, value in (("q", "rotterdam"), ("mod", "h2-1"), ("mark", "against"), ("mark", "drawing"), ("in", "S0002"), ("from", "2026-01-01"), ("to", "2019-06-30")):
            self.filter(name, value)
            assert self.count().split(" ")[0] not in ("All", "0"), f"{name}={value} leaves some: {self.count()}"
            if name == "q":
                assert all("rotterdam" in (r[1] + r[2]).lower() for r in self.rows()), "text filter"
            if name == "in":
                self.equal({r[8] for r in self.rows()}, {"S0002"}, "series filter")
            self.filter(name, "")
        self.filter("q", "no such thing")
        assert "No link passes" in self.b.js("document.getElementById('links-table').innerText"), "an empty answer says so"
        self.b.js("document.querySelector('#filters button[type=reset]').click()")
        time.sleep(0.3)
        self.equal(self.count(), everything, "clear filter")

    def sorting(self):
        heads = self.b.js("document.querySelectorAll('#links-table th').length")
        for k in range(heads):
            selector = f"#links-table th:nth-child({k + 1}) button"
            if self.b.js(f"document.querySelector({selector!r}).disabled"):
                continue
            self.b.click(selector)
            time.sleep(0.4)
            assert self.b.js(f"document.querySelector('#links-table th:nth-child({k + 1})').getAttribute('aria-sort')"), f"column {k + 1} sorts"
            cells = [r[k].split("\n")[0].replace("−", "-") for r in self.rows()]
            if k in (3, 5, 6, 7):
                numbers = [float(c) for c in cells]
                self.equal(numbers, sorted(numbers, reverse=True), f"column {k + 1} is sorted down")
            if k in (1, 2) and not self.hostile:
                self.equal(cells, sorted(cells), f"column {k + 1} is sorted up")
        self.b.click("#links-table th:nth-child(1) button")
        time.sleep(0.3)
        self.equal(self.rows()[0][0], "1", "back to rank 1")

    def drawing(self):
        self.filter("mark", "drawing")
        self.b.click("#links-table tbody tr:nth-child(2)")
        self.b.until("document.querySelector('dialog[open] img')?.naturalWidth > 0", "the drawing is shown")
        text = self.b.js("document.querySelector('dialog').innerText")
        for word in ("H1", "H2", "log10 LR", "support"):
            assert word in text, f"the dialog says {word}"
        self.b.shot(self.out / "link.png")
        self.b.key("Escape")
        self.b.until("!document.querySelector('dialog[open]')", "Escape closes")
        self.filter("mark", "")
        self.b.js("document.querySelector('#links-table .grid').focus()")
        self.b.key("ArrowDown", 4)
        self.b.key("Enter")
        self.b.until("!!document.querySelector('dialog[open]')", "Enter opens")
        without = self.b.js("document.querySelector('dialog').innerText")
        assert "No drawing was stored" in without and "striae show archive.h5:/toolmarks" in without, "says that there is no drawing, and the command"
        self.b.shot(self.out / "link-without.png")
        self.b.key("Escape")

    def scrolling(self):
        for share in (0.25, 0.5, 1.0):
            self.b.js(f"(() => {{ const g = document.querySelector('#links-table .grid'); g.scrollTop = g.scrollHeight * {share}; }})()")
            time.sleep(0.2)
            gaps = self.b.js("""(() => { const g = document.querySelector('#links-table .grid').getBoundingClientRect(), head = document.querySelector('#links-table th').getBoundingClientRect();
                const rows = [...document.querySelectorAll('#links-table tbody tr:not(.space)')].map(r => r.getBoundingClientRect());
                return [Math.min(...rows.map(r => r.top)) <= head.bottom + 1, Math.max(...rows.map(r => r.bottom)) >= g.bottom - 3]; })()""")
            self.equal(gaps, [True, True], f"rows fill the table at {share}")
        rank = self.rows()[-1][0]
        assert rank != "1", "scrolled"
        self.b.js("document.querySelector('#links-table .grid').scrollTop = 0")

    def series(self):
        self.b.click("#series-table tbody tr:nth-child(4)")
        self.b.until("location.hash.includes('series=')", "the series is in the address")
        name = self.rows("series-table")[2][0]
        assert name in self.b.js("document.getElementById('one-title').innerText"), "the chosen series is shown"
        self.b.js("document.getElementById('graph').scrollIntoView({block: 'center'})")
        time.sleep(0.4)
        pixels = "document.getElementById('graph').toDataURL()"
        x, y, w, h = self.b.js("(() => { const r = document.getElementById('graph').getBoundingClientRect(); return [r.x, r.y, r.width, r.height]; })()")
        last = self.b.js(pixels)

        def changed(what):
            nonlocal last
            time.sleep(0.3)
            now = self.b.js(pixels)
            assert now != last, f"{what} changes the picture"
            last = now

        self.b.click("#zoom-in")
        changed("zoom")
        self.b.js("document.getElementById('graph').scrollIntoView({block: 'center'})")
        x, y, w, h = self.b.js("(() => { const r = document.getElementById('graph').getBoundingClientRect(); return [r.x, r.y, r.width, r.height]; })()")
        self.b.mouse("mousePressed", x + w / 2, y + h / 2, button="left", clickCount=1)
        self.b.mouse("mouseMoved", x + w / 2 + 90, y + h / 2 + 30, button="left", buttons=1)
        self.b.mouse("mouseReleased", x + w / 2 + 90, y + h / 2 + 30, button="left", clickCount=1)
        changed("dragging")
        self.b.js("document.getElementById('graph').focus({preventScroll: true})")
        self.b.mouse("mouseWheel", x + w / 2, y + h / 2, deltaX=0, deltaY=-240)
        changed("the wheel")
        self.b.key("0")
        changed("0")
        self.b.key("ArrowRight")
        self.b.until("document.getElementById('graph-said').textContent.includes('community')", "the arrow key says an exhibit")
        changed("an arrow key")
        assert "exhibit=" in self.b.js("new Promise(d => setTimeout(() => d(location.hash), 300))"), "the exhibit is in the address"
        before = self.b.js("document.getElementById('card').innerText")
        self.b.key("ArrowDown")
        self.b.key("ArrowLeft")
        assert self.b.js("document.getElementById('card').innerText") != before, "arrows walk on"
        self.b.shot(self.out / "graph.png")
        self.b.js("(() => { const c = document.getElementById('cut'); c.value = (Number(c.min) + Number(c.max)) / 2; c.dispatchEvent(new Event('input')); })()")
        changed("the slider")
        assert "cut=" in self.b.js("new Promise(d => setTimeout(() => d(location.hash), 300))"), "the slider is in the address"
        exhibit = self.rows("panel-members") or None
        self.b.click("#tab-members")
        exhibit = self.rows("panel-members")[1][0]
        self.b.js("(() => { const c = document.getElementById('cut'); c.value = c.min; c.dispatchEvent(new Event('input')); document.getElementById('find').focus(); })()")
        self.b.type(exhibit)
        changed("search")
        self.b.key("Enter")
        self.b.until(f"document.getElementById('card').innerText.includes({json.dumps(exhibit)})", "search chooses the exhibit")
        for part in ("timeline", "map"):
            assert self.b.js(f"document.querySelectorAll('#{part} svg circle, #{part} svg polygon').length") > 2, f"{part} is drawn"
        assert "km" in self.b.js("document.querySelector('#map svg').textContent"), "the map has a scale bar"
        self.b.js("document.querySelector('#timeline').scrollIntoView({block: 'center'})")
        self.b.click("#timeline [data-exhibit]")
        self.b.until("!!document.querySelector('#timeline .chosen')", "the timeline chooses an exhibit")

    def address(self):
        self.b.open(self.url.split("?")[0] + "?again#min=5&series=S0003&sort=m0-down&q=antwerp")
        self.equal(self.b.js("[document.getElementById('filters').elements.min.value, document.getElementById('filters').elements.q.value, document.getElementById('one-title').innerText]"),
                   ["5", "antwerp", "Series S0003"], "the address restores the view")
        assert "of" in self.count()
        self.equal(self.b.js("document.querySelector('#links-table th[aria-sort]').innerText.split(/\\s/)[0]"), "toolmarks", "and its order")

    def csv(self):
        self.b.open(self.url.split("?")[0] + "?csv")
        self.filter("min", "6")
        n = int(self.count().split(" ")[0].replace(",", ""))
        text = self.b.js("""(async () => { const real = URL.createObjectURL; let kept; URL.createObjectURL = (b) => { kept = b; return real.call(URL, b); };
            document.getElementById('csv').click(); URL.createObjectURL = real; return await kept.text(); })()""")
        lines = text.split("\r\n")
        data = [i for i, line in enumerate(lines) if line.startswith("rank,")][0]
        assert any("H1: " in line for line in lines[:data]), "the CSV carries the propositions"
        assert len(lines) - data - 2 >= n, f"{n} links in the CSV"
        assert not any(cell.startswith(("=", "@", "+")) for line in lines for cell in line.replace('"', "").split(",")), "no formula"
        self.filter("min", "")

    def keyboard(self):
        """A whole path without a mouse: skip link, filter, table, dialog, series, graph."""
        self.b.open(self.url.split("?")[0] + "?keys")
        self.b.key("Tab")
        self.equal(self.b.js("document.activeElement.className"), "skip", "the first stop is the skip link")
        self.b.key("Enter")
        time.sleep(0.2)
        self.b.key("Tab")
        self.equal(self.b.js("document.activeElement.name"), "q", "then the filter")
        seen = []
        for _ in range(60):
            self.b.key("Tab")
            here = self.b.js("(() => { const a = document.activeElement; return a.role === 'grid' ? 'table ' + a.getAttribute('aria-label') : (a.id || a.name || a.textContent).slice(0, 40); })()")
            seen.append(here)
            outline = self.b.js("(() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle; })()")
            assert outline != "none", f"{here} shows its focus"
            if here == "table Ranked links":
                self.b.key("ArrowDown", 2)
                self.b.key("PageDown")
                self.b.key("Enter")
                self.b.until("!!document.querySelector('dialog[open]')", "Enter opens the link")
                self.b.key("Escape")
                self.b.until("!document.querySelector('dialog[open]')", "Escape closes it")
                self.equal(self.b.js("document.activeElement.getAttribute('aria-label')"), "Ranked links", "the focus comes back")
            if here == "table Series":
                self.b.key("ArrowDown", 3)
                self.b.key("Enter")
                time.sleep(0.3)
                self.equal(self.b.js("document.activeElement.id"), "one-title", "the focus goes to the series")
            if here == "graph":
                break
        self.equal(seen[-1], "graph", f"Tab reaches the graph ({seen})")
        self.b.key("ArrowRight")
        assert self.b.js("document.getElementById('graph-said').textContent"), "the graph speaks"
        self.b.key("Enter")
        self.equal(self.b.js("document.activeElement.getAttribute('aria-label')"), "Links of the series", "Enter goes to its links")

    def names(self):
        """Everything one can act on has a name; ids are unique; the word that is not used is not there."""
        bad = self.b.js("""[...document.querySelectorAll('button, input, select, a, canvas, img, [role=grid]')].filter(e => !(e.innerText || e.getAttribute('aria-label') || e.alt || e.labels?.length || e.title)).map(e => e.outerHTML.slice(0, 80))""")
        self.equal(bad, [], "named")
        twice = self.b.js("(() => { const ids = [...document.querySelectorAll('[id]')].map(e => e.id); return ids.filter((x, k) => ids.indexOf(x) !== k); })()")
        self.equal(twice, [], "ids are unique")
        assert "match" not in self.b.js("document.body.innerText").lower(), "the word is not used"

    def strange(self):
        if not self.hostile:
            return
        self.equal(self.b.js("typeof window.hacked"), "undefined", "nothing of the ids ran")
        for text in ("</script><script>window.hacked=1</script>", "\"><img src=x", "A⟨U+202E⟩71-gnol", "شحنة-٧", "__proto__", "{{data}}", "&lt;b&gt;&amp;", "zero⟨U+200B⟩width", "a⟨U+000A⟩b⟨U+0009⟩c"):
            self.filter("q", text)
            assert self.count().split(" ")[0] not in ("All", "0"), f"{text!r} is found: {self.count()}"
            cells = self.rows()[0]
            assert text in cells[1] + cells[2], f"{text!r} is shown as it is: {cells[1:3]}"
            self.b.js("document.querySelector('#links-table .grid').focus()")
            self.b.key("Enter")
            self.b.until("!!document.querySelector('dialog[open]')", "opens")
            assert text in self.b.js("document.querySelector('dialog').innerText"), f"{text!r} in the dialog"
            self.b.key("Escape")
        self.equal(self.b.js("document.querySelectorAll('main img[src=x], main script').length"), 0, "no element came of text")
        self.filter("q", "an id that goes on")
        self.b.shot(self.out / "hostile.png")
        self.filter("q", "")
        self.equal(self.b.js("typeof window.hacked"), "undefined", "nothing ran later either")

    def pictures(self):
        for width, height in ((1280, 800), (800, 1000)):
            self.b.size(width, height)
            self.b.open(self.url.split("?")[0] + f"?w{width}")
            over = self.b.js("document.documentElement.scrollWidth - innerWidth")
            assert over <= 0, f"nothing is wider than {width}: {over}"
            for section in ("summary", "links", "series", "one", "timeline", "map", "calibration", "changes"):
                self.b.js(f"(() => {{ const e = document.getElementById({section!r}); if (e) e.scrollIntoView(); }})()")
                if section == "summary":
                    self.b.js("scrollTo(0, 0)")
                time.sleep(0.3)
                self.b.shot(self.out / f"{width}-{section}.png")
        self.b.size(1280, 800)

    def paper(self):
        self.b.open(self.url.split("?")[0] + "?paper")
        before = self.b.js("document.querySelectorAll('.paper tr').length")
        got = self.b.call("Page.printToPDF", wait=120, preferCSSPageSize=True, printBackground=False)
        pdf = base64.b64decode(got["data"])
        (self.out / "report.pdf").write_bytes(pdf)
        assert pdf.startswith(b"%PDF") and len(pdf) > 50_000, "a PDF comes out"
        self.equal(before, 0, "paper's tables exist on paper only")
        if shutil.which("pdftotext"):
            text = subprocess.run(["pdftotext", "-layout", self.out / "report.pdf", "-"], capture_output=True, check=True).stdout.decode()
            for words in ("Population", "Ranked links", "Timeline", "Places and order of dates", "Tippett", "blake3", "Propositions"):
                assert words in text, f"{words} is printed"
            self.times["pages"] = text.count("\f")

    def quiet(self):
        own = self.url.split("?")[0].split("#")[0]
        outside = [r for r in self.b.requests if not r.startswith((own[:100], "data:", "blob:", "about:"))]
        self.equal(outside, [], "no request left the page")
        self.equal(self.b.log, [], "no error or message")


ORDER = ("ready", "filters", "sorting", "drawing", "scrolling", "series", "names", "address", "csv", "keyboard", "strange", "pictures", "paper", "quiet")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("report", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--chromium", default=shutil.which("chromium") or shutil.which("chromium-browser") or "chromium")
    parser.add_argument("--limit-ms", type=int, default=2000)
    parser.add_argument("--hostile", action="store_true", help="the report is the example's hostile one")
    parser.add_argument("--only", action="append", choices=ORDER)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    failed = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(given.chromium, profile)
        try:
            checks = Checks(browser, given.report.resolve().as_uri(), given.out, given.limit_ms, given.hostile)
            checks.b.size(1280, 800)
            for name in ORDER:
                if given.only and name not in given.only:
                    continue
                start = time.monotonic()
                try:
                    if given.only and not browser.js("document.documentElement.dataset.complete"):
                        browser.open(checks.url)
                    getattr(checks, name)()
                    print(f"ok      {name} ({time.monotonic() - start:.1f} s)", flush=True)
                except (AssertionError, RuntimeError, TimeoutError, IndexError, ValueError) as error:
                    failed.append(name)
                    print(f"FAILED  {name}: {error}", flush=True)
                    browser.shot(given.out / f"failed-{name}.png")
            (given.out / "times.json").write_text(json.dumps(checks.times, indent=1) + "\n")
            print(json.dumps(checks.times))
        finally:
            browser.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
