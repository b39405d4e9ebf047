// What makes the console quicker to use. Without this file every page works the same, a page at a time.

const DEBOUNCE_MS = 350;
const ANNOUNCE_MS = 10_000;

// What went wrong comes first, also for who does not see it.
document.querySelector("[data-focus]")?.focus();

// On wide screens the menu is always open; its summary is then hidden.
const menu = document.querySelector("[data-menu]");
if (menu) {
  const wide = matchMedia("(min-width: 60rem)");
  const fit = () => {
    menu.open = wide.matches;
  };
  wide.addEventListener("change", fit);
  fit();
}

// --- length meters: how much of a text's room is used

for (const text of document.querySelectorAll("[data-limit]")) {
  const meter = document.createElement("p");
  meter.className = "room";
  text.after(meter);
  const told = document.createElement("p");
  told.className = "hidden";
  told.setAttribute("role", "status");
  meter.after(told);
  const measure = () => {
    const limit = Number(text.dataset.limit);
    const over = text.value.length > limit;
    meter.textContent = `${text.value.length} / ${limit}${over ? ` ${text.dataset.limitOver}` : ""}`;
    meter.classList.toggle("over", over);
    const words = over ? text.dataset.limitOver : "";
    if (told.textContent !== words) told.textContent = words;
  };
  text.addEventListener("input", measure);
  measure();
}

// --- drawn while typing: the form is posted to data-draw, the answers replace data-draw-into

for (const form of document.querySelectorAll("form[data-draw]")) {
  const urls = form.dataset.draw.split(" ");
  const places = form.dataset.drawInto.split(" ").map((id) => document.getElementById(id));
  let waiting;
  let under;
  const draw = async () => {
    under?.abort();
    under = new AbortController();
    const { signal } = under;
    await Promise.all(urls.map((url, number) => fill(url, places[number], new URLSearchParams(new FormData(form)), signal)));
  };
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(draw, DEBOUNCE_MS);
  });
}

async function fill(url, place, body, signal) {
  place.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(url, { method: "POST", body, signal });
    if (response.ok || response.status === 422) place.innerHTML = await response.text();
    if (response.status === 401) location.reload();
  } catch (error) {
    if (error.name !== "AbortError") place.dataset.stale = "";
    return;
  } finally {
    if (!signal.aborted) place.removeAttribute("aria-busy");
  }
}

// --- live: what a stream says replaces the content; a part with data-announce is read out now and then

for (const place of document.querySelectorAll("[data-live]")) {
  const source = new EventSource(place.dataset.live);
  const told = document.createElement("p");
  told.className = "hidden";
  told.setAttribute("role", "status");
  place.after(told);
  let last = 0;
  source.addEventListener("message", (event) => {
    const focused = place.contains(document.activeElement) && document.activeElement.id;
    place.innerHTML = event.data;
    if (focused) document.getElementById(focused)?.focus();
    const words = place.querySelector("[data-announce]")?.textContent.trim() ?? "";
    if (words && Date.now() - last >= ANNOUNCE_MS && words !== told.textContent) {
      last = Date.now();
      told.textContent = words;
    }
  });
  source.addEventListener("end", () => {
    source.close();
    const words = place.querySelector("[data-announce]")?.textContent.trim();
    if (words) told.textContent = words;
    if ("liveReload" in place.dataset) location.reload();
  });
}

// --- a button says that its work is under way, and cannot be pressed twice by mistake

document.addEventListener("submit", (event) => {
  const { submitter, target } = event;
  if (target.dataset.sent !== undefined) {
    event.preventDefault();
    return;
  }
  if (submitter?.formMethod === "get" || target.method === "get" || target.dataset.again !== undefined) return;
  target.dataset.sent = "";
  submitter?.setAttribute("aria-disabled", "true");
});

addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("[aria-disabled]")) button.removeAttribute("aria-disabled");
  }
});
