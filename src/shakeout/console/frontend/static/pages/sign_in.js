// Sign in, or create an account.
import { html, useEffect, useId, useRef, useState } from "../lib/html.js";
import { useConsole } from "../parts/context.js";
import { Brand } from "../parts/shell.js";

function explain(error) {
  if (error.code === "RATE_LIMITED") {
    return `Too many tries. Try again in ${error.retryAfter ? `${error.retryAfter} seconds` : "a minute"}.`;
  }
  return error.message;
}

function Field({ label, name, error, hint, ...rest }) {
  const id = useId();
  return html`<div class="field">
    <label for=${id}>${label}</label>
    <input id=${id} name=${name} required aria-invalid=${error ? "true" : undefined}
      aria-describedby=${error || hint ? `${id}-note` : undefined} ...${rest} />
    ${error || hint ? html`<p id=${`${id}-note`} class=${error ? "field-error" : "hint"}>${error || hint}</p>` : ""}
  </div>`;
}

export function SignInPage() {
  const { session } = useConsole();
  const [creating, setCreating] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(null);
  const form = useRef();
  const words = creating ? "Create account" : "Sign in";
  useEffect(() => {
    document.title = `${words} · Shakeout`;
    form.current.elements.email.focus();
  }, [words]);
  const submit = async (event) => {
    event.preventDefault();
    const { email, password } = Object.fromEntries(new FormData(form.current));
    setBusy(true);
    setError(null);
    try {
      await (creating ? session.createAccount(email.trim(), password) : session.signIn(email.trim(), password));
    } catch (failure) {
      setBusy(false);
      setError(failure);
      form.current.elements[failure.field === "email" ? "email" : "password"].focus();
    }
  };
  const turn = () => {
    setCreating(!creating);
    setError(null);
  };
  const of = (name) => (error?.field === name ? explain(error) : "");
  return html`<main class="alone sign-in">
    <p class="brand"><${Brand} /></p>
    <h1>${words}</h1>
    ${session.notice && !error ? html`<p class="notice" role="status">${session.notice}</p>` : ""}
    <div role="alert">${error && !["email", "password"].includes(error.field) ? html`<p class="form-error">${explain(error)}</p>` : ""}</div>
    <form ref=${form} onSubmit=${submit} aria-busy=${busy}>
      <${Field} label="Email" name="email" type="email" autocomplete="username" spellcheck=${false} error=${of("email")} />
      <${Field} label="Password" name="password" type="password" autocomplete=${creating ? "new-password" : "current-password"}
        minlength=${creating ? 8 : undefined} error=${of("password")} hint=${creating ? "At least 8 characters." : ""} />
      <button type="submit" class="primary" disabled=${busy}>${busy ? "One moment…" : words}</button>
    </form>
    <p class="turn">${creating ? "Already have an account?" : "New here?"} <button type="button" class="link" onClick=${turn}>${creating ? "Sign in" : "Create an account"}</button></p>
  </main>`;
}
