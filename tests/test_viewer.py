"""graphs.html: the viewer holds its data safely, opens offline, and draws what it should in a real browser."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import struct
import subprocess
import zlib
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from graphs import GraphError, KnowledgeGraph, Triple, merge
from graphs.html import Quote, draw_html
from graphs.layout_force import positions

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
)
browser = pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine (Debian: apt-get install chromium)")

HOSTILE = "</script><script>document.title='HACKED'</script><img src=x onerror=\"document.title='HACKED'\">"
FACTS = merge(
    [
        Triple("Ada", "wrote", "notes", "e1", "PERSON", "WORK_OF_ART", (0, 3)),
        Triple("Ada", "kept", "notes", "e2", "PERSON", "WORK_OF_ART"),
        Triple("notes", "praise", "Ada", "e2"),
        Triple("Ada", "met", "Babbage", "e1", "PERSON", "PERSON"),
        Triple(HOSTILE, HOSTILE, "Babbage", "e3"),
    ]
)
EVIDENCE = {
    "e1": Quote("Ada wrote notes.", "d1", "Letters", "page 3", "1843-09-01"),
    "e2": Quote("Ada kept notes.", "d2", "Diary"),
    "e3": Quote(HOSTILE, HOSTILE, HOSTILE),
}
PAGE = draw_html(FACTS, title=HOSTILE, question="Who wrote the notes?", highlight=["ada"], chosen=[FACTS[3].triple],
                 evidence=EVIDENCE, aliases={"Lady Lovelace": "Ada"})  # fmt: skip


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


def large(count: int) -> KnowledgeGraph:
    """A graph of about that many entities in groups, from the same numbers each time."""
    return KnowledgeGraph(
        Triple(
            f"entity {i}",
            "hangs on",
            f"entity {i // 7 if i % 5 else i - i % 60}",
            f"e{i}",
            ("PERSON", "ORG", "GPE")[i % 3],
        )
        for i in range(1, count)
        if i // 7 != i
    )


# --- the text of the page


def test_nothing_in_a_pack_can_leave_its_place() -> None:
    assert PAGE.count("<script") == 3
    assert PAGE.count("</script>") == 3
    assert "<img" not in PAGE
    assert data_of(PAGE)["title"] == HOSTILE
    assert any(HOSTILE in one["text"] for one in data_of(PAGE)["evidence"])


def test_the_policy_names_the_digest_of_every_script_and_of_nothing_else() -> None:
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', PAGE)
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    scripts = re.findall(r"<script>(.*?)</script>", PAGE, re.DOTALL)
    styles = re.findall(r"<style>(.*?)</style>", PAGE, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in (*scripts, *styles)]
    assert sorted(re.findall(r"sha256-([^']*)", policy)) == sorted(digests)


def test_the_page_loads_nothing() -> None:
    own = re.sub(r"<script>.*?</script>", "", PAGE, flags=re.DOTALL)
    assert not re.search(r"\b(?:src|href)\s*=\s*[\"']?(?:https?:)?//", own)
    assert "@import" not in own
    assert "url(" not in own


def test_all_that_is_known_goes_along() -> None:
    data = data_of(PAGE)
    names = [node[0] for node in data["nodes"]]
    said = Counter((names[head], relation, names[tail]) for head, tail, relation, *_ in data["links"])
    assert said == Counter((fact.triple.head, fact.triple.relation, fact.triple.tail) for fact in FACTS)
    assert [names[place] for place in data["lit"]] == ["Ada"]
    assert sum(link[5] for link in data["links"]) == 1
    ada = data["nodes"][names.index("Ada")]
    assert (ada[1], ada[5]) == ("PERSON", ["Lady Lovelace"])
    wrote = next(link for link in data["links"] if link[2] == "wrote")
    assert [(data["evidence"][place]["name"], start, end) for place, start, end in wrote[3]] == [("Letters", 0, 3)]
    assert data["labels"]["WORK_OF_ART"] == "work"


def test_the_same_graph_gives_the_same_page() -> None:
    assert draw_html(FACTS, title="x") == draw_html(FACTS, title="x")


def test_a_graph_that_is_too_large_is_cut_to_its_middle() -> None:
    data = data_of(draw_html(large(400), max_entities=50))
    assert len(data["nodes"]) <= 50
    assert data["left"] >= 300
    with pytest.raises(GraphError):
        draw_html(FACTS, max_entities=0)


@pytest.mark.parametrize("count", [1, 2, 60, 700])
def test_no_two_entities_stand_on_one_spot(count: int) -> None:
    graph = KnowledgeGraph([Triple("a1", "r", "a1")]) if count == 1 else large(count)
    at, community = positions(graph)
    assert set(at) == set(community) == set(graph.entities)
    spots = sorted(at.values())
    assert len({(round(x), round(y)) for x, y in spots}) == len(spots)
    assert positions(graph) == (at, community)


def test_the_library_is_named_with_its_version_and_licence() -> None:
    folder = Path(__file__).parent.parent / "graphs" / "viewer"
    listed = folder.joinpath("VENDORED.md").read_text("utf-8")
    version = re.match(r"// https://d3js.org v(\S+)", folder.joinpath("d3.min.js").read_text("utf-8"))
    assert version
    assert version[1] in listed
    assert "ISC" in listed
    assert "Permission to use" in folder.joinpath("d3.LICENSE").read_text("utf-8")


# --- in a browser


def chromium(*arguments: str) -> str:
    flags = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1200,800")
    done = subprocess.run([CHROMIUM, *flags, *arguments], capture_output=True, timeout=240, check=True)
    return done.stdout.decode("utf-8", "replace")


def pixels(path: Path) -> tuple[int, int, list[bytes]]:
    """Width, height and the rows of an 8-bit RGB or RGBA PNG, as RGB."""
    raw = path.read_bytes()
    assert raw[:8] == b"\x89PNG\r\n\x1a\n"
    place, parts, header = 8, b"", b""
    while place < len(raw):
        (size,) = struct.unpack(">I", raw[place : place + 4])
        kind, body = raw[place + 4 : place + 8], raw[place + 8 : place + 8 + size]
        header = body if kind == b"IHDR" else header
        parts += body if kind == b"IDAT" else b""
        place += size + 12
    width, height, depth, color = struct.unpack(">IIBB", header[:10])
    assert depth == 8
    step = {2: 3, 6: 4}[color]
    data = zlib.decompress(parts)
    before = bytearray(width * step)
    rows: list[bytes] = []
    for number in range(height):
        start = number * (width * step + 1)
        kind, line = data[start], bytearray(data[start + 1 : start + 1 + width * step])
        for i in range(len(line)):
            left = line[i - step] if i >= step else 0
            up, corner = before[i], before[i - step] if i >= step else 0
            guess = left + up - corner
            near = min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))[2]
            line[i] = (line[i] + (0, left, up, (left + up) // 2, near)[kind]) & 255
        rows.append(bytes(b"".join(line[i : i + 3] for i in range(0, len(line), step))))
        before = line
    return width, height, rows


def colours(rows: list[bytes], area: tuple[int, int, int, int]) -> Counter[bytes]:
    left, top, right, bottom = area
    return Counter(row[3 * x : 3 * x + 3] for row in rows[top:bottom:2] for x in range(left, right, 2))


@browser
def test_a_browser_draws_it_light_and_dark(tmp_path: Path) -> None:
    page = tmp_path / "graph.html"
    page.write_text(draw_html(large(300), title="Three hundred"), "utf-8")
    shots: dict[str, Counter[bytes]] = {}
    for how in ("light", "dark"):
        shot = tmp_path / f"{how}.png"
        chromium(f"--screenshot={shot}", f"{page.as_uri()}#{how}")
        width, height, rows = pixels(shot)
        assert (width, height) == (1200, 800)
        shots[how] = colours(rows, (340, 40, 1160, 740))
    paper = {"light": bytes.fromhex("f7f8fa"), "dark": bytes.fromhex("0f141b")}
    node = {"light": bytes.fromhex("2f6fdf"), "dark": bytes.fromhex("6fa3ff")}
    for how, found in shots.items():
        assert found.most_common(1)[0][0] == paper[how]
        assert found[node[how]] > 100  # discs of the most frequent type
        assert len(found) > 50


@browser
def test_a_browser_runs_nothing_that_a_pack_brings(tmp_path: Path) -> None:
    page = tmp_path / "graph.html"
    page.write_text(PAGE, "utf-8")
    dom = chromium("--dump-dom", f"{page.as_uri()}#light&entity={quote(HOSTILE, safe='')}")
    assert 'data-entities="4"' in dom
    assert "<title>HACKED" not in dom
    (detail,) = re.findall(r'<div id="detail-body">.*?</aside>', dom, re.DOTALL)
    assert "&lt;/script&gt;" in detail  # shown as text, both as a name and as evidence
    assert "<blockquote>" in detail
    assert "<img" not in detail


@browser
def test_a_click_shows_facts_with_their_evidence(tmp_path: Path) -> None:
    page = tmp_path / "graph.html"
    page.write_text(PAGE, "utf-8")
    dom = chromium("--dump-dom", f"{page.as_uri()}#light&entity=Ada")
    (detail,) = re.findall(r'<div id="detail-body">.*?</aside>', dom, re.DOTALL)
    assert "<h2>Ada</h2>" in detail
    assert "also: Lady Lovelace" in detail
    assert "<mark>Ada</mark> wrote notes." in detail
    assert "Letters · page 3 · 1843-09-01" in detail
    assert "4 entities · 5 facts" in dom
    assert "Who wrote the notes?" in dom


@browser
@pytest.mark.slow
def test_five_thousand_entities_are_smooth(tmp_path: Path) -> None:
    page = tmp_path / "graph.html"
    page.write_text(draw_html(large(5000)), "utf-8")
    dom = chromium("--dump-dom", f"{page.as_uri()}#light&measure")
    found = dict(re.findall(r'data-([a-z-]+)="([\d.]+)"', dom[:600]))
    assert int(found["entities"]) > 4500
    # Software drawing on whatever machine this is: a browser with a graphics card takes a tenth of it.
    assert float(found["frame-ms"]) < 40
    assert float(found["still-ms"]) < 300
    assert float(found["ready-ms"]) < 5000
