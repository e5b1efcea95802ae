// Signing in: at the issuer's pages where the stack has such, or here by password, with a first password for someone who was invited, and with a code for someone who forgot it.

import { useEffect, useRef, useState } from "preact/hooks";
import { PASSWORD_LENGTH, PASSWORD_RULE } from "../../../examples/sign-in/src";
import { accept, leave, pool } from "../session";
import { settings } from "../settings";

type Step =
  | { kind: "password" }
  | { kind: "new-password"; email: string; session: string }
  | { kind: "forgot" }
  | { kind: "code"; email: string };

export function SignIn({ refusal }: { refusal: string }) {
  const way = settings().sign_in;
  if (way?.kind === "password") return <Form />;
  return (
    <main class="sign-in">
      <p class="brand">{settings().stack}</p>
      <h1>Sign in</h1>
      {refusal && (
        <p class="box bad" role="alert">
          {refusal}
        </p>
      )}
      {way ? (
        <Leave />
      ) : (
        <p>
          The tokens of this stack come from another issuer (<code>JwtIssuer</code>), and it does not say where people sign in:
          set <code>SignInAuthorizeUrl</code>, <code>SignInTokenUrl</code> and <code>SignInClientId</code>.
        </p>
      )}
    </main>
  );
}

function Leave() {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => button.current?.focus(), []);
  return (
    <div class="buttons">
      <button type="button" class="primary" ref={button} onClick={() => void leave()}>
        Go to the sign-in page
      </button>
    </div>
  );
}

function Form() {
  const [step, setStep] = useState<Step>({ kind: "password" });
  const [note, setNote] = useState("");
  const [error, setError] = useState("");
  const [isBusy, setBusy] = useState(false);
  const isSending = useRef(false);
  const heading = useRef<HTMLHeadingElement>(null);
  const form = useRef<HTMLFormElement>(null);

  useEffect(() => {
    const first = form.current?.querySelector<HTMLInputElement>("input:not([readonly])");
    (first ?? heading.current)?.focus();
  }, [step.kind]);

  async function submitted(event: SubmitEvent) {
    event.preventDefault();
    if (isSending.current) return;
    isSending.current = true;
    setBusy(true);
    setError("");
    const data = new FormData(event.currentTarget as HTMLFormElement);
    const value = (name: string) => String(data.get(name) ?? "");
    try {
      await next(value);
    } catch (failure) {
      setError(failure instanceof Error ? failure.message : String(failure));
    } finally {
      isSending.current = false;
      setBusy(false);
    }
  }

  async function next(value: (name: string) => string) {
    if (step.kind === "password") {
      const email = value("email").trim();
      const done = accept(await pool().signIn(email, value("password")), email);
      if (done.kind === "new-password") setStep(done);
    } else if (step.kind === "new-password") {
      accept(await pool().chooseFirstPassword(step.email, step.session, value("new-password")), step.email);
    } else if (step.kind === "forgot") {
      const email = value("email").trim();
      await pool().requestReset(email);
      setNote("If there is such an account, a code is on its way by mail.");
      setStep({ kind: "code", email });
    } else {
      await pool().reset(step.email, value("code").trim(), value("new-password"));
      setNote("The password is changed. Sign in with it.");
      setStep({ kind: "password" });
    }
  }

  const titles = {
    password: "Sign in",
    "new-password": "Choose your password",
    forgot: "Forgot your password?",
    code: "Enter the code",
  };
  const known = "email" in step ? step.email : undefined;
  return (
    <main class="sign-in">
      <p class="brand">{settings().stack}</p>
      <h1 tabIndex={-1} ref={heading}>
        {titles[step.kind]}
      </h1>
      {note && <p role="status">{note}</p>}
      {step.kind === "new-password" && <p>You were invited with a temporary password. Choose one of your own.</p>}
      <form ref={form} onSubmit={submitted}>
        <p class="field">
          <label for="email">Email</label>
          <input
            id="email"
            name="email"
            type="email"
            autocomplete="username"
            required
            key={known ?? "typed"}
            defaultValue={known ?? ""}
            readOnly={known !== undefined}
          />
        </p>
        {step.kind === "code" && (
          <p class="field">
            <label for="code">Code from the mail</label>
            <input id="code" name="code" inputMode="numeric" autocomplete="one-time-code" required />
          </p>
        )}
        {step.kind === "password" && (
          <p class="field">
            <label for="password">Password</label>
            <input id="password" name="password" type="password" autocomplete="current-password" required />
          </p>
        )}
        {(step.kind === "new-password" || step.kind === "code") && (
          <p class="field">
            <label for="new-password">New password</label>
            <input
              id="new-password"
              name="new-password"
              type="password"
              autocomplete="new-password"
              minLength={PASSWORD_LENGTH}
              required
              aria-describedby="rule"
            />
            <span class="hint" id="rule">
              {PASSWORD_RULE}
            </span>
          </p>
        )}
        {error && (
          <p class="box bad" role="alert">
            {error}
          </p>
        )}
        <div class="buttons">
          <button type="submit" class="primary" aria-disabled={isBusy}>
            {isBusy ? "One moment…" : step.kind === "forgot" ? "Send a code" : step.kind === "password" ? "Sign in" : "Set the password"}
          </button>
          {step.kind === "password" ? (
            <button type="button" class="link" onClick={() => (setNote(""), setError(""), setStep({ kind: "forgot" }))}>
              Forgot password
            </button>
          ) : (
            <button type="button" class="link" onClick={() => (setError(""), setStep({ kind: "password" }))}>
              Back to sign-in
            </button>
          )}
        </div>
      </form>
    </main>
  );
}
