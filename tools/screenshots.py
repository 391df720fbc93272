"""Pictures of the Studio's pages for the documentation: each in both schemes, at a desk and on a phone.

``make screenshots`` starts a Studio over a folder that it fills with runs, and writes ``docs/images/``.
"""

from __future__ import annotations

import csv
import io
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page
from tests.browser.chromium import DESK, PHONE, Look, Scheme, context_for, launched
from tests.browser.processes import StudioProcess, Workspace
from tests.cli.servers import simulator

from lattice.providers.simulated import Behaviour
from lattice.providers.simulated.server import SimulatorServer

IMAGES = Path(__file__).parents[1] / "docs" / "images"
WIDTHS = (DESK, PHONE)
FAULTS = Behaviour.from_options(
    latency="lognormal:3:0.4", faults=["500=0.05", "429=0.03", "malformed=0.03"], quality=0.78
)
LONGEST_WAIT = 120
LIVE_NAME, LIVE_SLUG = "Nightly regression", "nightly-regression"
WAITING_NAME = "Weekly multilingual check"
ARTIFACT = "release-2-3"
NAME = "RAG Pipeline Quality Assessment"
QUALITIES = (0.74, 0.78, 0.83)
PROMPTS = ("briefly", "in two sentences", "in two sentences, and name the page of the manual")
SLUG = "rag-pipeline-quality-assessment"
COLOURS = 256
"""Of a picture's palette: text and flat areas look the same, at a third of the size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A page to take pictures of.

    Parameters
    ----------
    name: of the files.
    path: of the page; ``{live}``, ``{second}``, ``{done}``, ``{other}`` stand for runs, of which the first two go on,
        ``{evaluation}`` for an evaluation, ``{pending}`` for one that has not run, ``{artifact}`` for an artifact.
    ready: a CSS selector of what is there once the page is complete.
    """

    name: str
    path: str
    ready: str = "main"


SHOTS = (
    Shot(name="evaluations", path="/", ready=".file-list"),
    Shot(name="evaluation", path="/evaluations/{evaluation}", ready=".forecast .facts"),
    Shot(name="review", path="/evaluations/{pending}", ready=".forecast .facts"),
    Shot(name="new-evaluation", path="/evaluations/new"),
    Shot(name="duplicate", path="/evaluations/{evaluation}/duplicate"),
    Shot(name="run-live", path="/runs/{live}", ready=".errors, main h2"),
    Shot(name="run", path="/runs/{done}", ready="figure.chart"),
    Shot(name="results-live", path="/runs/{live}/results", ready="table.data"),
    Shot(name="results", path="/runs/{done}/results?where=score+%3C+3", ready="table.data"),
    Shot(name="trial", path="/runs/{done}/results/3/1/1", ready="main h1"),
    Shot(name="compare-choose", path="/compare"),
    Shot(name="compare-live", path="/compare/live?run={live}&run={second}", ready="figure.chart"),
    Shot(name="compare", path="/compare?run={other}&run={done}", ready="main h1"),
    Shot(name="schedules", path="/schedules", ready="table.data"),
    Shot(name="schedule", path="/schedules/{evaluation}"),
    Shot(name="artifacts", path="/artifacts", ready="table.data"),
    Shot(name="artifact", path="/artifacts/{artifact}"),
    Shot(name="judges", path="/judges"),
    Shot(name="calibration", path="/judges/runs/{done}"),
    Shot(name="annotate", path="/runs/{done}/annotate?size=80"),
    Shot(name="search", path="/search?q=quality"),
    Shot(name="settings", path="/settings"),
    Shot(name="login", path="/login"),
    Shot(name="api", path="/api/v1/docs"),
)

QUESTIONS = (
    "How do I reset my password?",
    "Where is my order?",
    "Can I change the delivery address after I have ordered?",
    "What is your refund policy for digital goods?",
    "How long does shipping to Norway take?",
    "Why was my card declined?",
    "Can I use two vouchers at once?",
    "How do I delete my account and everything stored about me?",
)
EVALUATION = """\
name: {name}
description: Answers of the support assistant against the knowledge base
targets:
  - name: Production RAG Stack
    model: {model}
    system: You answer questions of customers in two sentences.
    prompt: "{{{{ input }}}}"
inputs: {{path: {path}}}
scoring:
  judge:
    model: {judge}
    mode: reference
    pass: ">= 4"
    rubric: |
      5: correct and complete
      4: correct, a detail is missing
      3: partly correct
      2: mostly wrong
      1: wrong or harmful
    criteria:
      - {{name: accuracy, weight: 0.6, description: Is it right?}}
      - {{name: completeness, weight: 0.4, description: Is everything there?}}
run: {{max_concurrent: 12}}
gates: [mean > 0.60, ci_lower > 0.55]
"""


def fill(workspace: Workspace, provider: SimulatorServer) -> None:
    """Put something to look at into the workspace: runs that have ended, one that goes on with faults, an artifact."""
    lines = [
        json.dumps({"input": f"{QUESTIONS[n % 8]} (case {n})", "reference": f"Open Settings, then entry {n}."})
        for n in range(1, 801)
    ]
    workspace.write("questions.jsonl", "\n".join(lines[:200]))
    workspace.write("more-questions.jsonl", "\n".join(lines))
    workspace.environ["OPENAI_API_KEY"] = "any"
    for version, quality in enumerate(QUALITIES, start=1):
        workspace.write("quality.yaml", written_for(NAME).replace("in two sentences", PROMPTS[version - 1]))
        quick = Behaviour.from_options(latency="lognormal:0.2:0.5", faults=["malformed=0.01"], quality=quality)
        with simulator(quick) as past:
            workspace.environ["OPENAI_BASE_URL"] = past.openai_url
            workspace.lattice("run", "quality.yaml", "--tag", f"version=2.{version}")
    workspace.lattice("artifact", "save", "latest", "--name", ARTIFACT)
    annotate(workspace)
    workspace.environ["OPENAI_BASE_URL"] = provider.openai_url
    live = written_for(LIVE_NAME)
    workspace.write("nightly.yaml", live)
    workspace.write("nightly-cited.yaml", live.replace(*PROMPTS[1:]))
    workspace.write("weekly.yaml", written_for(WAITING_NAME))
    workspace.lattice("schedule", "add", "weekly.yaml", "--cron", "0 2 * * 1", "--timezone", "Europe/Berlin")
    workspace.lattice("schedule", "add", "quality.yaml", "--cron", "0 3 * * *", "--timezone", "Asia/Tokyo")
    workspace.lattice("schedule", "run-now", "quality.yaml")


def written_for(name: str) -> str:
    """The file of an evaluation of that name."""
    path = "more-questions.jsonl" if name == LIVE_NAME else "questions.jsonl"
    return EVALUATION.format(name=name, model="openai/gpt-5-mini", judge="openai/gpt-5", path=path)


def annotate(workspace: Workspace) -> None:
    """Score a sample of the last run as somebody would who is stricter than its judge now and then."""
    sample = workspace.folder / "sample.csv"
    workspace.lattice("annotate", "latest", "--sample", "60", "-o", sample)
    exported = csv.DictReader(io.StringIO(workspace.lattice("export", "latest", "-o", "-", "--format", "csv")))
    judged = {row["id"]: row["native"] for row in exported}
    rows = ["id,score,reason"]
    with sample.open(encoding="utf-8", newline="") as drawn:
        for n, row in enumerate(csv.DictReader(drawn)):
            scored = round(float(judged[row["id"]]))
            rows.append(f"{row['id']},{max(1, scored - 1) if n % 7 == 0 else scored},")
    workspace.lattice("annotate", "latest", "--import", workspace.write("scores.csv", "\n".join(rows)))


def places(workspace: Workspace) -> dict[str, str]:
    """What the paths of pages stand for."""
    shown = {
        name: json.loads(workspace.lattice("show", run, "--json"))
        for name, run in (
            ("live", f"{LIVE_SLUG}#1"),
            ("second", f"{LIVE_SLUG}#2"),
            ("done", f"{SLUG}#3"),
            ("other", f"{SLUG}#2"),
        )
    }
    waiting = json.loads(workspace.lattice("schedule", "show", "weekly.yaml", "--json"))
    ids: dict[str, str] = {name: document["id"] for name, document in shown.items()}
    evaluations = {"evaluation": shown["done"]["evaluation"]["id"], "pending": waiting["evaluation"]["id"]}
    return {**ids, **evaluations, "artifact": ARTIFACT}


def looks() -> Iterator[Look]:
    """All ways to look at a page; nothing moves."""
    for width in WIDTHS:
        for scheme in Scheme:
            yield replace(width, scheme=scheme, still=True)


def take(browser: Browser, studio: StudioProcess, look: Look, where: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """Pictures of all pages looked at in one way: the files' names, and PNG."""
    context = context_for(browser, look)
    page = context.new_page()
    for shot in SHOTS:
        page.goto(studio.url + shot.path.format(**where))
        page.wait_for_selector(shot.ready)
        page.evaluate("document.fonts.ready.then(() => null)")
        draw_charts(page)
        yield f"{shot.name}-{look.width}-{look.scheme.value}.png", page.screenshot(animations="disabled")
    context.close()


def draw_charts(page: Page) -> None:
    """Have the charts drawn, which happens when they come into view."""
    for figure in page.locator("figure.chart:visible").all()[:2]:
        figure.scroll_into_view_if_needed()
        figure.locator("svg").first.wait_for()
    page.evaluate("scrollTo(0, 0)")


def reduced(picture: bytes) -> bytes:
    """The picture with a palette."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(picture)) as image:
        few = image.convert("RGB").quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        few.save(out, format="PNG", optimize=True)
    return out.getvalue()


def wait_for_results(workspace: Workspace, enough: int) -> None:
    """Wait until the run that goes on has results to show."""
    deadline = time.monotonic() + LONGEST_WAIT
    while time.monotonic() < deadline:
        latest = json.loads(workspace.lattice("show", "latest", "--json"))
        if latest["evaluation"]["name"] == LIVE_NAME and latest["progress"]["done"] >= enough:
            return
        time.sleep(0.2)
    raise TimeoutError(f"the run has not {enough} results after {LONGEST_WAIT} s")


def picture_all(studio: StudioProcess) -> None:
    """Write the pictures of all pages, and say what was written."""
    studio.start()
    where = places(studio.workspace)
    with launched() as browser:
        for look in looks():
            for name, picture in take(browser, studio, look, where):
                small = reduced(picture)
                (IMAGES / name).write_bytes(small)
                print(f"{name}  {len(small) / 1000:.0f} kB")


def main() -> None:
    """Fill a workspace, and picture it while a run goes on."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="lattice-screenshots-") as folder, simulator(FAULTS) as provider:
        workspace = Workspace(Path(folder))
        fill(workspace, provider)
        studio = StudioProcess(workspace)
        going: list[subprocess.Popen[bytes]] = []
        try:
            for file in ("nightly.yaml", "nightly-cited.yaml"):
                going.append(workspace.begin("run", file, "--no-progress"))
                wait_for_results(workspace, 40)
            picture_all(studio)
        finally:
            studio.kill()
            for each in going:
                each.terminate()
                each.wait()


if __name__ == "__main__":
    main()
