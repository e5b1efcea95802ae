// Signing up and in: a form at a time. What each does is the pool's; the library in examples/sign-in calls it.

import { useEffect, useRef, useState } from "preact/hooks";
import { PASSWORD_LENGTH, PASSWORD_RULE, SignInError } from "../../../sign-in/src";
import { asError } from "../load";
import { Failure, Field } from "../parts";
import { pool, session } from "../session";

type Step =
  | { kind: "sign-in" }
  | { kind: "sign-up" }
  /** The password is kept until the code is there, so that the customer types it once. */
  | { kind: "confirm"; email: string; password: string }
  | { kind: "forgot" }
  | { kind: "reset"; email: string }
  | { kind: "first-password"; email: string; session: string };

const TITLES: Record<Step["kind"], string> = {
  "sign-in": "Sign in",
  "sign-up": "Create your account",
  confirm: "Confirm your address",
  forgot: "Forgot your password?",
  reset: "Choose a new password",
  "first-password": "Choose your password",
};

const BUTTONS: Record<Step["kind"], string> = {
  "sign-in": "Sign in",
  "sign-up": "Create it",
  confirm: "Confirm",
  forgot: "Send a code",
  reset: "Set the password",
  "first-password": "Set the password",
};

export function Account() {
  const [step, setStep] = useState<Step>({ kind: "sign-in" });
  const [note, setNote] = useState("");
  const [error, setError] = useState<Error>();
  const [isBusy, setBusy] = useState(false);
  const isSending = useRef(false);
  const form = useRef<HTMLFormElement>(null);

  useEffect(() => form.current?.querySelector<HTMLInputElement>("input:not([readonly])")?.focus(), [step.kind]);

  function show(next: Step, said = "") {
    setError(undefined);
    setNote(said);
    setStep(next);
  }

  async function submitted(event: SubmitEvent) {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    await run(() => submit((name) => String(data.get(name) ?? "")));
  }

  async function run(work: () => Promise<void>) {
    if (isSending.current) return;
    isSending.current = true;
    setBusy(true);
    setError(undefined);
    try {
      await work();
    } catch (failure) {
      setError(asError(failure));
    } finally {
      isSending.current = false;
      setBusy(false);
    }
  }

  async function submit(value: (name: string) => string) {
    const email = "email" in step ? step.email : value("email").trim();
    switch (step.kind) {
      case "sign-in":
        return signIn(email, value("password"));
      case "sign-up": {
        const password = value("new-password");
        const { isConfirmed } = await pool().signUp(email, password);
        if (isConfirmed) return signIn(email, password);
        return show({ kind: "confirm", email, password }, "A code is on its way by mail.");
      }
      case "confirm":
        await pool().confirm(email, value("code").trim());
        return signIn(email, step.password);
      case "forgot":
        await pool().requestReset(email);
        return show({ kind: "reset", email }, "If there is such an account, a code is on its way by mail.");
      case "reset":
        await pool().reset(email, value("code").trim(), value("new-password"));
        return signIn(email, value("new-password"));
      case "first-password": {
        const done = await pool().chooseFirstPassword(email, step.session, value("new-password"));
        if (done.kind === "done") session().begin(done.grant, email);
      }
    }
  }

  async function signIn(email: string, password: string) {
    try {
      const done = await pool().signIn(email, password);
      if (done.kind === "done") session().begin(done.grant, email);
      else show({ kind: "first-password", email: done.email, session: done.session });
    } catch (failure) {
      // Whoever left before the code came goes on here.
      if (!(failure instanceof SignInError && failure.code === "UserNotConfirmedException")) throw failure;
      await pool().resendCode(email);
      show({ kind: "confirm", email, password }, "This account is not confirmed yet. Another code is on its way by mail.");
    }
  }

  async function resend(email: string) {
    await pool().resendCode(email);
    setNote("Another code is on its way by mail.");
  }

  const { kind } = step;
  const isNew = kind === "sign-up" || kind === "reset" || kind === "first-password";
  return (
    <main id="main" class="account">
      <h1 tabIndex={-1}>{TITLES[kind]}</h1>
      {note && <p role="status">{note}</p>}
      <form ref={form} onSubmit={submitted} key={kind}>
        <Field
          name="email"
          label="Email"
          type="email"
          autocomplete="username"
          value={"email" in step ? step.email : ""}
          isFixed={"email" in step}
        />
        {(kind === "confirm" || kind === "reset") && <Field name="code" label="Code from the mail" autocomplete="one-time-code" />}
        {kind === "sign-in" && <Field name="password" label="Password" type="password" autocomplete="current-password" most={256} />}
        {isNew && (
          <Field
            name="new-password"
            label={kind === "sign-up" ? "Password" : "New password"}
            type="password"
            autocomplete="new-password"
            hint={PASSWORD_RULE}
            least={PASSWORD_LENGTH}
            most={256}
          />
        )}
        {error && <Failure error={error} />}
        <p class="buttons">
          <button type="submit" class="primary" aria-disabled={isBusy}>
            {isBusy ? "One moment…" : BUTTONS[kind]}
          </button>
          {kind === "confirm" && (
            <button type="button" class="link" onClick={() => void run(() => resend(step.email))}>
              Send another code
            </button>
          )}
        </p>
      </form>
      <p class="others">
        {kind === "sign-in" ? (
          <>
            <button type="button" class="link" onClick={() => show({ kind: "sign-up" })}>
              Create an account
            </button>
            <button type="button" class="link" onClick={() => show({ kind: "forgot" })}>
              Forgot password
            </button>
          </>
        ) : (
          <button type="button" class="link" onClick={() => show({ kind: "sign-in" })}>
            Back to sign-in
          </button>
        )}
      </p>
    </main>
  );
}
