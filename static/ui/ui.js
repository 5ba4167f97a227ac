// Every page works without this file. It adds the theme button, the 10-second tick
// that live parts listen to, short addresses of filtered lists, the name and the busy
// state of an upload, and the back office's sidebar at its entry of the page.
"use strict";

(() => {
  const LIVE_TICK_MS = 10_000;
  const OLD_MS = 25_000;
  const THEME_SECONDS = 365 * 24 * 3600;
  const root = document.documentElement;

  // --- Theme ---------------------------------------------------------------------
  function savedTheme() {
    const found = /(?:^|; )theme=(light|dark)(?:;|$)/.exec(document.cookie);
    return found ? found[1] : "";
  }

  function shownTheme() {
    if (root.dataset.theme) return root.dataset.theme;
    return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }

  function toggleTheme() {
    const theme = shownTheme() === "dark" ? "light" : "dark";
    root.dataset.theme = theme;
    const secure = location.protocol === "https:" ? ";secure" : "";
    document.cookie = `theme=${theme};path=/;max-age=${THEME_SECONDS};samesite=lax${secure}`;
  }

  // Pages are rendered with their theme; the back office and the error pages are not,
  // and load this file before their first paint.
  if (!root.dataset.theme && savedTheme()) root.dataset.theme = savedTheme();

  // --- Live parts ----------------------------------------------------------------
  // The last good answer, or when a hidden tab was looked at again.
  let freshAt = Date.now();

  // hx-trigger="tick from:body" asks again; a hidden tab asks nothing.
  function tick() {
    if (document.visibilityState !== "visible") return;
    if (Date.now() - freshAt > OLD_MS) showStale(true);
    document.body.dispatchEvent(new Event("tick"));
  }

  function tickAtOnce() {
    if (document.visibilityState !== "visible") return;
    freshAt = Date.now();
    tick();
  }

  // What is shown while nobody answers is old: the page says so until somebody does.
  function showStale(isStale) {
    const notice = document.querySelector("#pulse [data-stale]");
    if (notice) notice.hidden = !isStale;
  }

  // Each good answer names its moment, also one that brings nothing new.
  function noteAnswer({ detail: { requestConfig, successful, xhr } }) {
    if (requestConfig?.elt.id !== "pulse") return;
    if (successful) {
      freshAt = Date.now();
      const moment = document.querySelector("#pulse [data-from]");
      if (moment) moment.textContent = xhr.getResponseHeader("Data-From") ?? moment.textContent;
    }
    showStale(!successful);
  }

  // --- Filters -------------------------------------------------------------------
  // A field that is left empty filters nothing, and needs no place in the address.
  function dropEmptyFields(event) {
    if (!event.detail.elt.closest("form[data-filters]")) return;
    const values = event.detail.formData;
    for (const [name, value] of [...values]) {
      if (value === "") values.delete(name);
    }
  }

  // A refused value is answered with the form, which says what is wrong with it.
  function showRefusal(event) {
    if (event.detail.xhr.status !== 400) return;
    event.detail.shouldSwap = event.target.closest(":has(form[data-filters])") !== null;
  }

  // --- Uploads -------------------------------------------------------------------
  function fileSize(bytes) {
    const megabytes = bytes / 1024 / 1024;
    if (megabytes < 1) return `${Math.ceil(bytes / 1024)} kB`;
    const digits = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
    return `${megabytes.toLocaleString(root.lang, digits)} MB`;
  }

  function showFileName(input) {
    const zone = input.closest(".drop");
    const place = zone?.querySelector("[data-file-name]");
    if (!place) return;
    const [file] = input.files;
    place.dataset.empty ??= place.textContent;
    place.textContent = file ? `${file.name} (${fileSize(file.size)})` : place.dataset.empty;
    zone.classList.toggle("has-file", Boolean(file));
  }

  function showBusy(form) {
    const button = form.querySelector("button[type=submit], button:not([type])");
    if (!button) return;
    form.setAttribute("aria-busy", "true");
    button.dataset.idle = button.innerHTML;
    button.textContent = button.dataset.busy || button.textContent;
    // A button that is disabled at once would not be part of the form that is sent.
    setTimeout(() => { button.disabled = true; });
  }

  function showIdle(form) {
    const button = form.querySelector("button[data-idle]");
    form.removeAttribute("aria-busy");
    if (!button) return;
    button.innerHTML = button.dataset.idle;
    button.disabled = false;
  }

  function markDropTarget(event) {
    const zone = event.target.closest?.(".drop");
    zone?.classList.toggle("is-over", event.type === "dragover");
  }

  // What somebody unfolded stays so when its part of the page is brought anew.
  function keepUnfolded(event) {
    if (!event.detail.target.querySelector("details[open]")) return;
    event.detail.fragment.querySelector("details")?.setAttribute("open", "");
  }

  // --- The back office's sidebar ------------------------------------------------
  // It is longer than a window: its entry of this page is brought into sight.
  function showPlace() {
    const here = document.querySelector("#nav-sidebar [aria-current]");
    const sidebar = here?.closest("#nav-sidebar");
    if (sidebar) sidebar.scrollTop = here.offsetTop - sidebar.clientHeight / 2;
  }

  // --- Wiring --------------------------------------------------------------------
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-theme-toggle]")) toggleTheme();
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("input[type=file]")) showFileName(event.target);
  });
  document.addEventListener("submit", (event) => {
    if (event.target.querySelector("input[type=file]")) showBusy(event.target);
  });
  for (const name of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(name, markDropTarget);
  }
  document.addEventListener("DOMContentLoaded", showPlace);
  document.addEventListener("htmx:configRequest", dropEmptyFields);
  document.addEventListener("htmx:beforeSwap", showRefusal);
  document.addEventListener("htmx:oobBeforeSwap", keepUnfolded);
  document.addEventListener("htmx:afterRequest", noteAnswer);
  document.addEventListener("visibilitychange", tickAtOnce);
  // The back button brings a page back as it was left: busy.
  addEventListener("pageshow", () => {
    document.querySelectorAll("form[aria-busy]").forEach(showIdle);
  });
  setInterval(tick, LIVE_TICK_MS);
})();
