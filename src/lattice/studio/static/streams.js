// Event streams that pause while nobody looks. Browsers allow six connections to one host over all tabs, and each open
// page holds one: a hidden page gives its own back, and takes up where it was when it is shown again.
(() => {
  "use strict";
  const LOST_AFTER = 3000;

  class PausingStream extends EventTarget {
    constructor(url) {
      super();
      this.url = url;
      this.readyState = EventSource.CONNECTING;
      this.names = new Set();
      this.lastEventId = "";
      this.onVisibility = () => (document.hidden ? this.suspend() : this.connect());
      document.addEventListener("visibilitychange", this.onVisibility);
      if (!document.hidden) this.connect();
    }

    connect() {
      if (this.source || this.readyState === EventSource.CLOSED) return;
      const url = new URL(this.url, location.href);
      if (this.lastEventId) url.searchParams.set("after", this.lastEventId);
      this.source = new EventSource(url);
      this.source.onopen = (event) => this.opened(event);
      this.source.onerror = () => this.failed();
      for (const name of this.names) this.listen(name);
    }

    suspend() {
      if (!this.source) return;
      this.source.close();
      this.source = null;
      this.found();
    }

    found() {
      clearTimeout(this.lost);
      this.lost = null;
    }

    opened() {
      this.readyState = EventSource.OPEN;
      this.found();
      document.querySelector(".connection-lost")?.remove();
      if (this.onopen) this.onopen(new Event("open"));
    }

    failed() {
      // A browser gives up for good on an answer that is no stream, such as one from a proxy while the server restarts.
      if (this.source && this.source.readyState === EventSource.CLOSED) {
        this.source = null;
        this.retry = setTimeout(() => document.hidden || this.connect(), 2000);
      }
      // Each attempt that fails comes by here: what counts is the time since the first.
      this.lost ??= setTimeout(() => {
        if (document.querySelector(".connection-lost")) return;
        const note = document.createElement("p");
        note.className = "connection-lost";
        note.setAttribute("role", "status");
        note.textContent = "The Studio does not answer. This page goes on by itself when it is back.";
        document.body.append(note);
      }, LOST_AFTER);
    }

    listen(name) {
      this.source.addEventListener(name, (event) => {
        this.lastEventId = event.lastEventId || this.lastEventId;
        this.dispatchEvent(new MessageEvent(name, { data: event.data, lastEventId: event.lastEventId }));
      });
    }

    addEventListener(name, listener, options) {
      super.addEventListener(name, listener, options);
      if (!this.names.has(name)) {
        this.names.add(name);
        if (this.source) this.listen(name);
      }
    }

    close() {
      this.readyState = EventSource.CLOSED;
      clearTimeout(this.retry);
      this.suspend();
      document.removeEventListener("visibilitychange", this.onVisibility);
    }
  }

  // The extension makes its streams through this function, where there is one.
  htmx.createEventSource = (url) => new PausingStream(url);
})();
