// Takes the secret out of the address, exchanges it for a session, and goes on to the app.

const said = document.getElementById("said");
const form = document.getElementById("form");
const field = document.getElementById("secret");

async function redeem(secret) {
  said.textContent = "Signing you in…";
  form.hidden = true;
  let answer;
  try {
    answer = await fetch("/join", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Redraft": "1" },
      body: JSON.stringify({ secret }),
    });
  } catch {
    return ask("The server does not answer: check your connection, then try again.", secret);
  }
  if (answer.ok) return location.replace("/");
  const told = await answer.json().catch(() => ({}));
  ask(told.message ?? "Signing in did not work: try again.", answer.status === 403 ? "" : secret);
}

function ask(why, secret = "") {
  said.textContent = why;
  field.value = secret;
  form.hidden = false;
  field.focus();
}

function start() {
  const secret = location.hash.slice(1);
  history.replaceState(null, "", location.pathname); // the secret stays in no address bar and no history
  if (secret) redeem(secret);
  else ask("Paste the link that you were given.");
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  redeem(field.value.trim().split("#").pop());
});
window.addEventListener("hashchange", start);
start();
