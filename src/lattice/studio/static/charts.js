// Charts: every `figure.chart[data-chart-src]` fetches its Vega-Lite specification when it comes into view and is drawn
// in the colours of the page. `document.dispatchEvent(new CustomEvent("lattice:charts"))` says that there may be news:
// what is in view is fetched again and takes the place of the old drawing when it is complete, without a flicker.
// Without script the figure holds a link to its numbers; where drawing fails, so does it.
(() => {
  "use strict";
  const AGAIN_AFTER = 2000;
  const figures = new WeakMap();
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const theme = () => {
    const chosen = document.documentElement.dataset.theme;
    return chosen === "dark" || (chosen === "auto" && dark.matches) ? "dark" : "light";
  };
  const part = (figure, name) => figure.querySelector(`[data-chart-${name}]`);
  const say = (element, text) => {
    if (element && element.textContent !== text) element.textContent = text;
  };

  const tableOf = ({ columns, rows, numbers_from: from }) => {
    const table = document.createElement("table");
    table.className = "data";
    const add = (parent, name, text, place) => {
      const cell = parent.appendChild(document.createElement(name));
      cell.textContent = text;
      if (name === "th") cell.scope = "col";
      if (place >= from) cell.className = "number";
    };
    const head = table.createTHead().insertRow();
    columns.forEach((text, place) => add(head, "th", text, place));
    const body = table.createTBody();
    for (const row of rows) {
      const line = body.insertRow();
      row.forEach((text, place) => add(line, "td", text, place));
    }
    return table;
  };

  const draw = async (figure, state) => {
    const drawing = part(figure, "drawing");
    // Drawn in its place and unseen, so that texts are measured in the page's own fonts.
    const fresh = document.createElement("div");
    fresh.className = "drawing-next";
    drawing.append(fresh);
    const compiled = vegaLite.compile({ ...state.chart.spec, width: Math.max(120, drawing.clientWidth) }, { logger: vega.logger(vega.Error) }).spec;
    const view = new vega.View(vega.parse(compiled, null, { ast: true }), {
      expr: vega.expressionInterpreter, renderer: "svg", logLevel: vega.Error, hover: true, container: fresh,
      tooltip: (handler, event, item, value) => tell(event, value),
    });
    await view.runAsync();
    // The figure says in words what is drawn; the marks have nothing to add to that.
    for (const mark of [fresh, ...fresh.querySelectorAll("[role]")]) {
      for (const name of ["role", "aria-label", "aria-roledescription"]) mark.removeAttribute(name);
    }
    fresh.querySelector("svg")?.setAttribute("aria-hidden", "true");
    drawing.replaceChildren(fresh);
    fresh.className = "";
    state.view?.finalize();
    state.view = view;
    state.width = drawing.clientWidth;
    figure.dispatchEvent(new CustomEvent("lattice:drawn", { bubbles: true, detail: view }));
  };

  // A tooltip of ours: Vega's own writes inline styles, which the page's policy refuses.
  const tell = (event, value) => {
    let tip = document.getElementById("chart-tip");
    if (!value) {
      if (tip) tip.hidden = true;
      return;
    }
    if (!tip) {
      tip = document.body.appendChild(document.createElement("div"));
      tip.id = "chart-tip";
      tip.setAttribute("aria-hidden", "true");
    }
    const entries = typeof value === "object" ? Object.entries(value) : [["", value]];
    tip.replaceChildren(...entries.map(([name, text]) => {
      const line = document.createElement("p");
      const label = line.appendChild(document.createElement("span"));
      label.textContent = name;
      line.append(String(text));
      return line;
    }));
    tip.hidden = false;
    tip.style.left = `${Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8)}px`;
    tip.style.top = `${Math.max(8, event.clientY - tip.offsetHeight - 10)}px`;
  };

  const load = async (figure) => {
    const state = figures.get(figure);
    if (state.busy) {
      state.again = true;
      return;
    }
    state.busy = true;
    state.stale = false;
    const url = new URL(figure.dataset.chartSrc, location.href);
    url.searchParams.set("theme", theme());
    const began = performance.now();
    try {
      const response = await fetch(url, { headers: { accept: "application/json" } });
      if (!response.ok) throw new Error(`status ${response.status}`);
      const text = await response.text();
      const chart = JSON.parse(text);
      figure.classList.toggle("chart-empty", "empty" in chart);
      figure.classList.remove("chart-failed");
      if ("empty" in chart) {
        say(part(figure, "caption"), "Nothing to draw yet.");
      } else if (text !== state.text) {
          state.text = text;
          state.chart = chart;
          await draw(figure, state);
          say(part(figure, "title"), state.chart.title);
          say(part(figure, "caption"), state.chart.caption);
          part(figure, "drawing").setAttribute("aria-label", state.chart.description);
          const details = part(figure, "details");
          if (details) {
            details.hidden = false;
            part(figure, "table").replaceChildren(tableOf(state.chart.table));
          }
          const plain = part(figure, "plain");
          if (plain) plain.hidden = true;
      }
    } catch (error) {
      // The numbers stand behind the link; a chart that was drawn before stays.
      if (!state.view) {
        figure.classList.add("chart-failed");
        say(part(figure, "caption"), "The chart could not be drawn.");
        const plain = part(figure, "plain");
        if (plain) plain.hidden = false;
      }
    }
    state.busy = false;
    // A chart that takes long to make is asked for less often.
    state.rest = Math.max(AGAIN_AFTER, 5 * (performance.now() - began));
    if (state.again) {
      state.again = false;
      later(figure);
    }
  };
  const later = (figure) => {
    const state = figures.get(figure);
    if (state.timer) return;
    state.timer = setTimeout(() => {
      state.timer = null;
      if (!figure.isConnected) return;
      if (state.visible && !document.hidden) load(figure);
      else state.stale = true;
    }, state.rest);
  };

  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const state = figures.get(target);
      if (!state) continue;
      state.visible = isIntersecting;
      if (isIntersecting && (state.stale || !state.text)) load(target);
    }
  }, { rootMargin: "200px" });
  const sized = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const figure = target.closest("figure.chart");
      const state = figure && figures.get(figure);
      if (!state?.view || Math.abs(state.width - target.clientWidth) < 2) continue;
      clearTimeout(state.resizing);
      state.resizing = setTimeout(() => draw(figure, state).catch(() => {}), 120);
    }
  });

  const adopt = () => {
    for (const figure of document.querySelectorAll("figure.chart[data-chart-src]")) {
      if (figures.has(figure)) continue;
      figures.set(figure, { rest: AGAIN_AFTER, stale: true, visible: false });
      seen.observe(figure);
      sized.observe(part(figure, "drawing"));
    }
  };
  const refresh = () => {
    for (const figure of document.querySelectorAll("figure.chart[data-chart-src]")) if (figures.has(figure)) later(figure);
  };
  adopt();
  document.addEventListener("htmx:afterSettle", adopt);
  document.addEventListener("lattice:charts", refresh);
  dark.addEventListener("change", refresh);
})();
