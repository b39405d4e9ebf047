// Sends the forms of the conversation without leaving the page. Without this file all works the same, a page at a time.
//
// A form that is sent keeps its buttons and its text until the answer is there, so a lost connection loses nothing;
// sent again it carries the same key, by which the server knows a repeat.

const FRAGMENT = "application/x-fragment+html";
const TIMEOUT_MS = 20_000;

const log = document.querySelector("#log");
const turns = log.querySelector(".turns");
const composer = document.querySelector("#composer");
let busy = false;

document.addEventListener("submit", (event) => {
  const form = event.target;
  const { submitter } = event;
  if (!form.matches("[data-talk]") || !submitter) return;
  event.preventDefault();
  if (busy) return;
  const body = new URLSearchParams(new FormData(form));
  if (submitter.name) body.append(submitter.name, submitter.value);
  const typed = form === composer;
  send({ body, typed, submitter, url: form.action, said: typed ? body.get("text") : submitter.textContent });
});

async function send(turn) {
  busy = true;
  log.setAttribute("aria-busy", "true");
  turn.submitter.setAttribute("aria-disabled", "true");
  try {
    const response = await fetch(turn.url, {
      method: "POST",
      headers: { Accept: FRAGMENT },
      body: turn.body,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.status >= 500) throw new Error(`status ${response.status}`);
    if (response.headers.get("content-type")?.startsWith(FRAGMENT)) show(await response.text(), response.ok, turn);
    else location.assign(response.url);
  } catch {
    offerRetry(turn);
  } finally {
    busy = false;
    log.setAttribute("aria-busy", "false");
    turn.submitter.removeAttribute("aria-disabled");
  }
}

function show(html, ok, turn) {
  const next = parse(html);
  if (next.lang !== document.documentElement.lang) return location.replace(turn.url);
  turns.querySelector(".trouble")?.remove();
  if (next.matches("[data-forgotten]")) turns.replaceChildren();
  const last = [...turns.querySelectorAll(".bot")].at(-1);
  if (ok && !turn.typed && last && sameWords(last, next)) changeChoices(last, next, turn.submitter);
  else append(next, ok, turn);
  if (ok) renewComposer(next, turn.typed);
  document.querySelector(".note")?.remove();
}

// Ticking a box shows the same words with other buttons: they change in place, and focus stays where it was.
function sameWords(last, next) {
  const words = (turn) => turn.querySelector(".bubble").textContent;
  return words(last) === words(next) && last.querySelector("form") && next.querySelector("form");
}

function changeChoices(last, next, pressed) {
  const choices = (turn) => [...turn.querySelectorAll(".choices .choice")];
  const place = choices(last).indexOf(pressed);
  last.querySelector("form").replaceWith(next.querySelector("form"));
  choices(last).at(place)?.focus({ preventScroll: true });
}

function append(next, ok, turn) {
  const said = clone("#mine");
  said.querySelector(".said").textContent = turn.said.trim();
  if (ok) turns.querySelectorAll("form").forEach((form) => form.remove());
  turns.querySelector("#now")?.removeAttribute("id");
  // Whoever pressed a button is taken to the answer and hears it there; whoever typed stays, and hears it announced.
  log.setAttribute("aria-live", turn.typed ? "polite" : "off");
  turns.append(said, next);
  said.scrollIntoView({ block: "start" });
  const focused = turn.typed ? composer.elements.text : next.querySelector(".bubble");
  focused.focus({ preventScroll: true });
}

function renewComposer(next, typed) {
  if (!composer) return;
  const label = composer.querySelector("label");
  label.textContent = next.dataset.asks || label.dataset.usual;
  composer.elements.key.value = next.dataset.key;
  if (typed) composer.elements.text.value = "";
}

function offerRetry(turn) {
  turns.querySelector(".trouble")?.remove();
  const trouble = clone("#trouble");
  turns.append(trouble);
  trouble.querySelector("button").addEventListener("click", () => busy || send(turn));
  trouble.scrollIntoView({ block: "nearest" });
}

function clone(selector) {
  return document.querySelector(selector).content.cloneNode(true).firstElementChild;
}

function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.querySelector(".turn");
}
