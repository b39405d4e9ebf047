// Passkeys: asks the browser to sign with one, or to make one. Without this file the link from the chat is the way in.

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

// What came as JSON, as the browser wants it: its challenge, and whatever has an id, in bytes.
function ready(options) {
  const known = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));
  const made = { ...options, challenge: bytes(options.challenge) };
  if (options.user) made.user = { ...options.user, id: bytes(options.user.id) };
  if (options.excludeCredentials) made.excludeCredentials = known(options.excludeCredentials);
  if (options.allowCredentials) made.allowCredentials = known(options.allowCredentials);
  return made;
}

// What the browser made, as JSON.
function written(credential) {
  const response = {};
  for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[part]) response[part] = text(credential.response[part]);
  }
  return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response });
}

const WHY = { NotAllowedError: "stopped", AbortError: "stopped", InvalidStateError: "known" };

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const told = form.querySelector("[data-told]");
  const say = (what) => {
    told.textContent = form.dataset[what] ?? "";
  };
  if (!window.PublicKeyCredential) {
    say("none");
    continue;
  }
  say("");
  for (const button of form.querySelectorAll("button[disabled]")) button.disabled = false;
  let busy = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    say("wait");
    try {
      const asked = await fetch(form.dataset.ask, { method: "POST", body: new URLSearchParams(new FormData(form)) });
      if (asked.status === 401) location.reload();
      if (!asked.ok) {
        say(asked.status === 429 ? "many" : "failed");
        return;
      }
      const publicKey = ready(await asked.json());
      const made = await navigator.credentials[form.dataset.passkey]({ publicKey });
      form.elements.answer.value = written(made);
      form.submit();
    } catch (error) {
      say(WHY[error.name] ?? "failed");
    } finally {
      busy = false;
    }
  });
}
