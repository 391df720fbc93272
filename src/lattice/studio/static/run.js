// The page of a run: what its stream brings is worked into what stands there, so that nothing moves under the reader.
(() => {
  "use strict";

  // Only what differs is changed: text, attributes, and nodes that are there or not. Focus, selection and open
  // details stay; numbers that this page keeps current by itself are left alone while their moment is the same.
  const kept = (old, next) =>
    old.nodeType === Node.ELEMENT_NODE &&
    ((old.dataset.until !== undefined && old.dataset.until === next.dataset.until) ||
      (old.localName === "time" && old.dateTime === next.dateTime));
  const alike = (old, next) =>
    old.nodeType === next.nodeType && (old.nodeType !== Node.ELEMENT_NODE || (old.localName === next.localName && old.id === next.id));
  const mine = (name, element) => name === "open" && element.localName === "details";

  const attributes = (old, next) => {
    for (const { name, value } of next.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    for (const { name } of [...old.attributes]) {
      if (!next.hasAttribute(name) && !mine(name, old)) old.removeAttribute(name);
    }
    if (old.localName === "progress") old.value = next.value;
  };
  const morph = (old, next) => {
    const present = [...old.childNodes];
    [...next.childNodes].forEach((wanted, place) => {
      const there = present[place];
      if (!there) old.append(wanted.cloneNode(true));
      else if (!alike(there, wanted)) there.replaceWith(wanted.cloneNode(true));
      else if (there.nodeType !== Node.ELEMENT_NODE) {
        if (there.nodeValue !== wanted.nodeValue) there.nodeValue = wanted.nodeValue;
      } else if (!kept(there, wanted)) {
        attributes(there, wanted);
        morph(there, wanted);
      }
    });
    for (const extra of present.slice(next.childNodes.length)) extra.remove();
  };

  document.body.addEventListener("htmx:sseBeforeMessage", (event) => {
    const part = event.target;
    const name = part.getAttribute("sse-swap") || "";
    if (!name.startsWith("run-")) return;
    event.preventDefault();
    const parsed = new DOMParser().parseFromString(`<body>${event.detail.data}`, "text/html").body;
    morph(part, parsed);
    htmx.process(part);
    document.dispatchEvent(new CustomEvent("htmx:afterSettle"));
    if (name === "run-title") document.title = `${part.textContent} · Lattice`;
    if (name === "run-charts") addCharts(part.textContent.split(" ").slice(2));
    if (name === "run-charts") document.dispatchEvent(new CustomEvent("lattice:charts"));
  });

  // Charts that make sense only now come behind those that stand there.
  const PLACED = new Set(["running", "distribution"]);
  const addCharts = (kinds) => {
    const shown = document.querySelector("[data-charts]");
    const model = document.querySelector("[data-chart-template]");
    for (const kind of kinds) {
      if (!shown || !model || PLACED.has(kind) || shown.querySelector(`[data-chart-src$="/${kind}"]`)) continue;
      const panel = model.content.cloneNode(true);
      for (const named of panel.querySelectorAll("[data-chart-src], a[href]")) {
        for (const name of ["data-chart-src", "href"]) {
          if (named.hasAttribute(name)) named.setAttribute(name, named.getAttribute(name).replace("KIND", kind));
        }
      }
      document.querySelector("[data-no-charts]")?.remove();
      shown.append(panel);
    }
  };

  // Dialogs that ask before a form is sent; without script the form is sent at once.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const dialog = form.dataset.asks && document.getElementById(form.dataset.asks);
    if (!dialog) return;
    event.preventDefault();
    const failed = dialog.querySelector("[data-failed]");
    if (failed) failed.value = form.querySelector("[name=failed]")?.value || "";
    const lazy = dialog.querySelector("[data-loads]");
    if (lazy && !lazy.childElementCount) htmx.ajax("GET", lazy.dataset.loads, { target: lazy, swap: "innerHTML" });
    dialog.showModal();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-closes]")) event.target.closest("dialog")?.close();
  });
})();
