// Charts are drawn by the server and read without this file. It adds a pointer that
// tells values, the arrow keys, and zooming in by dragging.
"use strict";

(() => {
  const SHORTEST_ZOOM_SECONDS = 3600;
  const SHORTEST_DRAG_PIXELS = 8;
  const BIG_STEP = 25;
  const TIP_GAP = 14;
  const STEPS = { ArrowLeft: -1, ArrowRight: 1, PageUp: -BIG_STEP, PageDown: BIG_STEP };
  const language = document.documentElement.lang;

  function numberFormat(digits) {
    const format = new Intl.NumberFormat(language, {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
    return (value) => format.format(value).replace("-", "\u2212");
  }

  function element(name, text) {
    const made = document.createElement(name);
    made.textContent = text;
    return made;
  }

  function mount(box) {
    if (box.dataset.mounted) return;
    box.dataset.mounted = "true";
    const data = JSON.parse(box.parentElement.querySelector("script").textContent);
    const pane = box.querySelector(".pane");
    const overlay = box.querySelector(".over");
    const line = box.querySelector(".over-line");
    const dot = box.querySelector(".over-dot");
    const area = box.querySelector(".over-area");
    const tip = box.querySelector(".tip");
    const upperText = numberFormat(Number(box.dataset.upperDigits));
    const lowerText = numberFormat(Number(box.dataset.lowerDigits));
    const moment = new Intl.DateTimeFormat(language, {
      dateStyle: "medium",
      timeStyle: data.step < 60 ? "medium" : "short",
      timeZone: data.zone,
    });
    const span = data.end - data.start;
    const last = data.at.length - 1;
    let shown = -1;
    let dragStart = null;

    // --- Where is what -----------------------------------------------------------
    function pixelOf(event) {
      const left = pane.getBoundingClientRect().left;
      return Math.max(0, Math.min(pane.clientWidth, event.clientX - left));
    }

    function secondsAt(pixel) {
      return data.start + (pixel / pane.clientWidth) * span;
    }

    // A value holds until the next one.
    function indexAt(pixel) {
      const place = (secondsAt(pixel) - data.start) / data.step;
      let low = 0;
      let high = last;
      while (low < high) {
        const middle = Math.ceil((low + high) / 2);
        if (data.at[middle] <= place) low = middle;
        else high = middle - 1;
      }
      return low;
    }

    // --- Telling a value ---------------------------------------------------------
    // What is drawn between the others, where it is known.
    function between(index) {
      const value = data.between?.[index] ?? null;
      if (value === null) return [];
      return [element("span", box.dataset.between), element("b", upperText(value))];
    }

    function tell(index, aloud) {
      shown = Math.max(0, Math.min(last, index));
      const seconds = data.start + data.at[shown] * data.step;
      const upper = data.upper[shown];
      const x = ((seconds - data.start) / span) * pane.clientWidth;
      const y = ((data.high - upper) / (data.high - data.low)) * pane.clientHeight;
      overlay.hidden = false;
      line.style.transform = `translateX(${x}px)`;
      dot.style.transform = `translate(${x}px, ${y}px)`;
      tip.replaceChildren(
        element("time", moment.format(seconds * 1000)),
        element("span", box.dataset.upper),
        element("b", upperText(upper)),
        ...between(shown),
        element("span", box.dataset.lower),
        element("b", lowerText(data.lower[shown])),
      );
      const onTheLeft = x > pane.clientWidth / 2;
      const tipX = onTheLeft ? x - tip.offsetWidth - TIP_GAP : x + TIP_GAP;
      tip.style.transform = `translateX(${Math.max(0, tipX)}px)`;
      if (aloud) document.getElementById("live").textContent = tip.innerText.replaceAll("\n", " ");
    }

    function hide() {
      overlay.hidden = true;
    }

    // --- Zooming -----------------------------------------------------------------
    function markArea(from, to) {
      area.hidden = false;
      area.style.transform = `translateX(${Math.min(from, to)}px)`;
      area.style.width = `${Math.abs(to - from)}px`;
    }

    function zoom(from, to) {
      const [first, final] = [from, to].sort((a, b) => a - b).map(secondsAt);
      if (final - first < SHORTEST_ZOOM_SECONDS) return;
      const url = new URL(location.href);
      url.searchParams.delete("range");
      for (const [name, seconds] of [["from", first], ["to", final]]) {
        const minute = new Date(seconds * 1000).toISOString().slice(0, 16);
        url.searchParams.set(name, `${minute}Z`);
      }
      // The card's own attributes say that the address follows.
      htmx.ajax("GET", url.pathname + url.search, {
        source: "#chart",
        target: "#chart",
        swap: "outerHTML",
      });
    }

    // --- Wiring ------------------------------------------------------------------
    box.addEventListener("pointermove", (event) => {
      const pixel = pixelOf(event);
      tell(indexAt(pixel), false);
      if (dragStart !== null) markArea(dragStart, pixel);
    });
    box.addEventListener("pointerdown", (event) => {
      if (!("zoom" in box.dataset) || event.pointerType !== "mouse" || event.button !== 0) return;
      dragStart = pixelOf(event);
      box.setPointerCapture(event.pointerId);
    });
    box.addEventListener("pointerup", (event) => {
      const [from, to] = [dragStart, pixelOf(event)];
      dragStart = null;
      area.hidden = true;
      if (from !== null && Math.abs(to - from) > SHORTEST_DRAG_PIXELS) zoom(from, to);
    });
    box.addEventListener("pointercancel", () => {
      dragStart = null;
      area.hidden = true;
    });
    box.addEventListener("pointerleave", () => {
      if (dragStart === null) hide();
    });
    box.addEventListener("blur", hide);
    box.addEventListener("keydown", (event) => {
      const step = STEPS[event.key];
      if (step) tell((shown < 0 ? last : shown) + step, true);
      else if (event.key === "Home") tell(0, true);
      else if (event.key === "End") tell(last, true);
      else if (event.key === "Escape") hide();
      else return;
      event.preventDefault();
    });
  }

  function mountAll(root) {
    root.querySelectorAll("[data-chart]").forEach(mount);
  }

  mountAll(document);
  document.addEventListener("htmx:load", (event) => {
    mountAll(event.target.parentElement ?? document);
  });
})();
