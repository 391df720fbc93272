// Runs side by side: what only changes the inputs is put in their place, a region of the scatter chart filters them.
(() => {
  "use strict";
  const html = () => document.querySelector("#pairs");
  let latest = 0;

  // The whole page is asked for and only the inputs and the numbers above them are taken from it: charts stay.
  const show = async (address, { push = true, focus = null } = {}) => {
    const mine = ++latest;
    const url = new URL(address, location.href);
    let response;
    try {
      response = await fetch(url, { headers: { accept: "text/html" } });
    } catch {
      location.assign(url);
      return;
    }
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    if (mine !== latest) return;
    if (!response.ok || !page.querySelector("#pairs") || !html()) {
      location.assign(url);
      return;
    }
    for (const id of ["pairs", "metrics"]) {
      const [old, next] = [document.getElementById(id), page.getElementById(id)];
      if (old && next) old.replaceWith(document.adoptNode(next));
    }
    if (push) history.pushState({ compare: true }, "", url);
    const target = url.hash && document.getElementById(url.hash.slice(1));
    if (push && target) target.scrollIntoView({ block: "start" });
    if (focus) document.querySelector(focus)?.focus({ preventScroll: true });
    else if (push && target) {
      target.tabIndex = -1;
      target.focus({ preventScroll: true });
    }
    document.dispatchEvent(new CustomEvent("htmx:afterSettle"));
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-rows]");
    if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    show(link.href);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-rows]");
    if (!form) return;
    event.preventDefault();
    const url = new URL(form.action);
    url.search = new URLSearchParams(new FormData(form)).toString();
    show(url, { focus: event.submitter ? null : "#pairs-q" });
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("form[data-rows] select")) event.target.form.requestSubmit();
  });
  // The cross in a search field
  document.addEventListener("search", (event) => {
    if (event.target.matches("form[data-rows] input") && !event.target.value) event.target.form.requestSubmit();
  }, true);
  window.addEventListener("popstate", () => {
    if (html()) show(location.href, { push: false });
  });

  // A region of the scatter chart
  document.addEventListener("lattice:drawn", (event) => {
    const place = event.target.closest("[data-regions]");
    const view = event.detail;
    if (!place) return;
    let region = null;
    try {
      view.addSignalListener("region", (name, value) => (region = value));
    } catch {
      return; // A chart without regions.
    }
    const drawing = event.target.querySelector("[data-chart-drawing]");
    drawing.addEventListener("pointerup", () => {
      setTimeout(() => {
        const [x, y] = [region?.baseline, region?.candidate];
        if (!x || !y || (x[0] === x[1] && y[0] === y[1])) return;
        const url = new URL(place.dataset.regions, location.href);
        const said = (ends) => [...ends].sort((a, b) => a - b).map((each) => each.toFixed(4)).join("..");
        url.searchParams.set("x", said(x));
        url.searchParams.set("y", said(y));
        url.searchParams.delete("page");
        url.searchParams.delete("show");
        url.hash = "pairs";
        show(url);
      });
    });
  });

  // j and k go from input to input
  document.addEventListener("lattice:key", ({ detail: event }) => {
    if (event.key !== "j" && event.key !== "k") return;
    const rows = [...document.querySelectorAll("[data-pair]")];
    const here = rows.findIndex((row) => row.contains(document.activeElement));
    const next = rows[here < 0 ? (event.key === "j" ? 0 : rows.length - 1) : here + (event.key === "j" ? 1 : -1)];
    if (!next) return;
    event.preventDefault();
    next.tabIndex = -1;
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "start" });
  });

  // How many runs are chosen
  const chooser = document.querySelector("[data-chooses]");
  const count = () => {
    const number = chooser.querySelectorAll("[name=run]:checked").length;
    const most = Number(chooser.dataset.most);
    const said = number > most ? `${number} chosen; at most ${most} stand side by side` : number > 1 ? `${number} chosen` : number ? "One chosen: its targets are compared" : "";
    const note = chooser.querySelector("[data-chosen-said]");
    if (note.textContent !== said) note.textContent = said;
    chooser.querySelector("button").disabled = !number || number > most;
  };
  if (chooser) {
    chooser.addEventListener("change", count);
    count();
  }

  // Runs that go on: charts are asked for again when there is news
  document.body.addEventListener("htmx:sseMessage", (event) => {
    if (event.detail?.type === "compare-charts") document.dispatchEvent(new CustomEvent("lattice:charts"));
  });
})();
