// Tells of evaluations that came while the list was open, without moving what is being read.
(() => {
  "use strict";
  document.addEventListener("htmx:sseMessage", (event) => {
    if (event.detail.type !== "known") return;
    const shown = new Set([...document.querySelectorAll("[data-evaluation]")].map((row) => row.dataset.evaluation));
    const filtered = new URLSearchParams(location.search).size > 0;
    const known = event.detail.data.trim().split(/\s+/).filter(Boolean);
    const note = document.querySelector("[data-arrivals]");
    if (note && !filtered) note.hidden = known.every((id) => shown.has(id));
  });
})();
