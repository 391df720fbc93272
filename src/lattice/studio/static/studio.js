// What every page has: dialogs, shortcuts, times in the reader's zone, theme, toasts. Pages work without it.
(() => {
  "use strict";
  const root = document.documentElement.dataset.root;
  const on = (type, listener) => document.addEventListener(type, listener);
  const shortcutsOn = () => localStorage.getItem("lattice-shortcuts") !== "off";

  // Dialogs
  const open = (id) => {
    const dialog = document.getElementById(id);
    if (dialog && !dialog.open) dialog.showModal();
  };
  on("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      open(opener.dataset.opens);
    }
    if (event.target.closest("[data-dismiss]")) event.target.closest(".toast")?.remove();
    if (event.target instanceof HTMLDialogElement) event.target.close();
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  // Shortcuts
  let pending = null;
  const places = { e: "/", c: "/compare", t: "/schedules", a: "/artifacts", j: "/judges", s: "/settings" };
  const typing = (target) => target.closest("input, textarea, select, [contenteditable]");
  on("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open("search");
      return;
    }
    if (!shortcutsOn() || event.altKey || event.ctrlKey || event.metaKey || typing(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    if (pending === "g" && places[event.key]) {
      location.href = root + places[event.key];
    } else if (event.key === "/") {
      event.preventDefault();
      open("search");
    } else if (event.key === "?") {
      open("shortcuts");
    } else if (event.key === "f") {
      const field = document.querySelector("[data-filter-field]");
      if (field) {
        event.preventDefault();
        field.focus();
      }
    } else {
      document.dispatchEvent(new CustomEvent("lattice:key", { detail: event }));
    }
    pending = event.key === "g" ? "g" : null;
  });
  on("keydown", (event) => {
    const button = document.querySelector("[data-runs]");
    if (!button || event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.defaultPrevented) return;
    // It spends money: not while a key is held, and not from within a dialog.
    if (shortcutsOn() && !event.repeat && !document.querySelector("dialog[open]")) button.click();
  });
  // A page that is shown again as it was left has an order that was carried out already.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted && document.querySelector("form [name=order]")) location.reload();
  });
  for (const box of document.querySelectorAll("[data-shortcuts-switch]")) {
    box.checked = shortcutsOn();
    box.addEventListener("change", () => localStorage.setItem("lattice-shortcuts", box.checked ? "on" : "off"));
  }

  // Search: arrows move through what was found
  on("keydown", (event) => {
    const palette = event.target.closest?.(".palette");
    if (!palette || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
    const items = [palette.querySelector("input"), ...palette.querySelectorAll(".palette-results a")];
    const next = items.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    event.preventDefault();
    items[(next + items.length) % items.length].focus();
  });

  // Times: relative, the exact one in the reader's zone on hover; kept current
  const units = [[86400, "d"], [3600, "h"], [60, "m"]];
  const ago = (then) => {
    const seconds = (Date.now() - then) / 1000;
    if (seconds < 5) return "just now";
    if (seconds > 30 * 86400) return then.toLocaleDateString();
    for (const [unit, letter] of units) if (seconds >= unit) return `${Math.floor(seconds / unit)}${letter} ago`;
    return `${Math.floor(seconds)}s ago`;
  };
  const exactly = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
  const tellTimes = () => {
    for (const time of document.querySelectorAll("time[datetime]")) {
      const then = new Date(time.dateTime);
      if (Number.isNaN(then.valueOf())) continue;
      if (time.dataset.told !== time.dateTime) {
        time.dataset.told = time.dateTime;
        time.title = exactly.format(then);
      }
      if (!time.hasAttribute("data-exact")) {
        const said = ago(then);
        if (time.textContent !== said) time.textContent = said;
      }
    }
    for (const left of document.querySelectorAll("[data-until]")) {
      const seconds = Math.ceil((new Date(left.dataset.until) - Date.now()) / 1000);
      const said = seconds > 0 ? `in ${seconds}s` : "";
      if (left.textContent !== said) left.textContent = said;
    }
  };
  tellTimes();
  setInterval(tellTimes, 1000);
  on("htmx:afterSwap", tellTimes);

  // The theme switch goes back to the page it stands on
  for (const field of document.querySelectorAll(".theme-switch [name=next]")) {
    field.value = (location.pathname + location.search).slice(root.length) || "/";
  }

  // Confirm what can't be undone: the form names its dialog
  on("submit", (event) => {
    const asked = event.target.dataset.confirms;
    if (!asked || event.target.dataset.confirmed) return;
    event.preventDefault();
    const dialog = document.getElementById(asked);
    dialog.returnValue = "";
    dialog.addEventListener("close", () => {
      if (dialog.returnValue !== "yes") return;
      event.target.dataset.confirmed = "yes";
      event.target.requestSubmit();
    }, { once: true });
    dialog.showModal();
  });
})();
