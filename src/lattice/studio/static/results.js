// The table of results: opens a trial beside it, moves on with j and k, tells of results that came meanwhile.
(() => {
  "use strict";
  const section = () => document.querySelector("[data-results]");
  const panel = () => document.getElementById("trial");
  const isOpen = () => Boolean(panel() && !panel().hidden);
  const rows = () => [...document.querySelectorAll("tr[data-row]")];
  const current = () => document.querySelector("tr[data-row].current");
  const linkOf = (row) => row && row.querySelector(".row-link");
  const bare = (address) => {
    const url = new URL(address, location.href);
    url.searchParams.delete("row");
    url.hash = "";
    return url.pathname + url.search;
  };
  const addressWith = (name) => {
    const url = new URL(location.href);
    if (name) url.searchParams.set("row", name);
    else url.searchParams.delete("row");
    return url.pathname + url.search + url.hash;
  };
  let shown = bare(location.href);

  // What a part that was just put on the page needs: copy buttons, long texts that unfold
  const prepare = (within) => {
    for (const button of within.querySelectorAll("[data-copies][hidden]")) button.hidden = false;
    for (const text of within.querySelectorAll("[data-folds]:not([data-folded])")) fold(text);
  };
  const fold = (text) => {
    if (text.scrollHeight <= text.clientHeight + 4 || !text.clientHeight) return;
    text.dataset.folded = "";
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet unfolds";
    button.textContent = "Show more";
    button.setAttribute("aria-expanded", "false");
    button.addEventListener("click", () => {
      const open = text.toggleAttribute("data-open");
      button.textContent = open ? "Show less" : "Show more";
      button.setAttribute("aria-expanded", String(open));
    });
    text.after(button);
  };
  document.addEventListener("toggle", (event) => event.target.matches?.(".saw[open]") && prepare(event.target), true);

  // The panel
  const mark = (row) => {
    for (const other of document.querySelectorAll("tr.current")) {
      other.classList.remove("current");
      other.removeAttribute("aria-selected");
    }
    if (!row) return;
    row.classList.add("current");
    row.setAttribute("aria-selected", "true");
    row.scrollIntoView({ block: "nearest" });
  };
  const load = (row) => {
    mark(row);
    panel().hidden = false;
    return htmx.ajax("GET", linkOf(row).getAttribute("href"), { target: "#trial", swap: "innerHTML" }).then(() => {
      panel().scrollTop = 0;
      panel().focus({ preventScroll: true });
    });
  };
  const show = (row) => {
    const address = addressWith(row.dataset.row);
    if (isOpen()) history.replaceState({ lattice: "row" }, "", address);
    else history.pushState({ lattice: "row" }, "", address);
    load(row);
  };
  const hide = () => {
    const row = current();
    panel().hidden = true;
    panel().replaceChildren();
    mark(null);
    linkOf(row || rows()[0])?.focus();
  };
  const close = () => {
    if (history.state?.lattice === "row") history.back();
    else {
      history.replaceState(null, "", addressWith(null));
      hide();
    }
  };
  addEventListener("popstate", (event) => {
    if (!section() || bare(location.href) !== shown) {
      if (section() && !event.state?.htmx) location.reload();
      return;
    }
    event.stopImmediatePropagation();
    const name = new URLSearchParams(location.search).get("row");
    const row = name && document.querySelector(`tr[data-row="${CSS.escape(name)}"]`);
    if (row) load(row);
    else if (isOpen()) hide();
  }, { capture: true });

  const turn = (way) => {
    const link = document.querySelector(`[data-page="${way > 0 ? "next" : "previous"}"]`);
    if (!link) return;
    const url = new URL(link.href);
    if (isOpen()) url.searchParams.set("row", way > 0 ? "first" : "last");
    const opened = isOpen();
    htmx.ajax("GET", url.pathname + url.search, { target: "#results", swap: "innerHTML", source: link }).then(() => {
      if (opened) panel()?.focus({ preventScroll: true });
      else linkOf(rows().at(way > 0 ? 0 : -1))?.focus();
      current()?.scrollIntoView({ block: "nearest" });
    });
  };
  const step = (way) => {
    const all = rows();
    if (!all.length) return;
    const focused = document.activeElement?.closest?.("tr[data-row]");
    const at = all.indexOf(isOpen() ? current() : focused);
    const next = at < 0 ? (way > 0 ? 0 : -1) : at + way;
    if (next < 0 || next >= all.length) {
      if (at >= 0) turn(way);
      return;
    }
    if (isOpen()) show(all[next]);
    else linkOf(all[next]).focus();
  };

  document.addEventListener("click", (event) => {
    const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    const row = event.target.closest("tr[data-row]");
    if (row && plain && !String(getSelection())) {
      const link = event.target.closest("a");
      if (!link || link.matches(".row-link")) {
        event.preventDefault();
        show(row);
      }
    }
    if (event.target.closest("[data-closes-trial]") && plain) {
      event.preventDefault();
      close();
    }
    const stepper = event.target.closest("[data-step]");
    if (stepper) step(Number(stepper.dataset.step));
    const copier = event.target.closest("[data-copies]");
    if (copier) copy(copier);
    const searches = event.target.closest("[data-searches]");
    if (searches) {
      event.preventDefault();
      const form = document.querySelector(".results-filter");
      form.q.value = searches.dataset.searches;
      form.where.value = "";
      form.requestSubmit();
    }
  });
  const copy = async (button) => {
    const say = (word) => {
      button.title = word;
      button.classList.toggle("copied", word === "Copied");
      const live = document.createElement("span");
      live.className = "visually-hidden";
      live.setAttribute("role", "status");
      live.textContent = word;
      button.append(live);
      setTimeout(() => { live.remove(); button.classList.remove("copied"); button.title = "Copy"; }, 2000);
    };
    try {
      const answer = await fetch(button.dataset.from);
      if (!answer.ok) throw new Error(answer.statusText);
      await navigator.clipboard.writeText(await answer.text());
      say("Copied");
    } catch {
      say("Could not be copied");
    }
  };

  // Keys: the frame tells of those that nobody is typing
  document.addEventListener("lattice:key", ({ detail: event }) => {
    const beside = document.querySelector("[data-trial-page], [data-annotates]");
    if (!section() && !beside) return;
    if (event.key === "j" || event.key === "k") {
      if (section()) step(event.key === "j" ? 1 : -1);
      else document.querySelector(`.trial-steps a[rel="${event.key === "j" ? "next" : "prev"}"]`)?.click();
    } else if (/^[0-9]$/.test(event.key)) {
      const level = document.querySelector(`[data-annotates] [data-level="${event.key}"]`);
      if (level) {
        level.checked = true;
        level.form.querySelector("[data-saves]").focus();
      }
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || !isOpen() || document.querySelector("dialog[open]")) return;
    const field = document.activeElement;
    if (panel().contains(field) && field.matches("textarea, input[type=number]")) panel().focus();
    else close();
  });

  // Parts that were swapped in
  document.addEventListener("htmx:afterSettle", () => {
    prepare(document);
    tell();
    markYours();
    if (isOpen() && document.activeElement === document.body) panel().focus({ preventScroll: true });
  });
  // What was saved beside the table shows in its row as well
  const markYours = () => {
    const given = document.querySelector("#trial [data-given]");
    const cell = current()?.querySelector(".c-score");
    if (!given || !cell) return;
    cell.querySelector(".yours")?.remove();
    if (!given.dataset.given) return;
    const chip = document.createElement("span");
    chip.className = "yours";
    chip.textContent = `you ${given.dataset.given}`;
    cell.append(" ", chip);
  };
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target?.id === "results") document.querySelector("#filter-problem")?.replaceChildren();
  });
  for (const name of ["htmx:pushedIntoHistory", "htmx:replacedInHistory"]) {
    document.addEventListener(name, () => { shown = bare(location.href); });
  }
  const lost = (event) => {
    if (event.detail.target?.id !== "results" && event.detail.target?.id !== "trial") return;
    const note = document.createElement("div");
    note.className = "error-note";
    note.setAttribute("role", "alert");
    note.textContent = "This could not be loaded: the Studio does not answer. ";
    const again = document.createElement("a");
    again.href = location.href;
    again.textContent = "Try again";
    note.append(again);
    event.detail.target.querySelector(":scope > .error-note")?.remove();
    event.detail.target.prepend(note);
  };
  for (const name of ["htmx:sendError", "htmx:timeout"]) document.addEventListener(name, lost);

  // Results that came since the table was read
  const tell = () => {
    const chip = document.querySelector("[data-arrivals]");
    const done = document.getElementById("run-done");
    if (!chip || !done) return;
    const news = Number(done.textContent) - Number(chip.dataset.done);
    chip.hidden = !(news > 0);
    if (news > 0) chip.textContent = `${news.toLocaleString("en")} new`;
  };
  const watched = document.getElementById("run-done");
  if (watched) new MutationObserver(tell).observe(watched, { childList: true, characterData: true, subtree: true });

  prepare(document);
  tell();
  if (isOpen()) panel().focus({ preventScroll: true });
})();
