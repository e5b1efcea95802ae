// An action: a button that opens a form, sends one request, and says what came of it.
//
// The form cannot be sent twice while its request is under way, and its idempotency key was fixed when it was opened (`intent.ts`).

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Problem } from "../api";
import { asProblem } from "../load";
import { may, type Role } from "../session";
import { ProblemBox } from "./states";
import { say } from "./toast";

export interface Field {
  name: string;
  label: string;
  hint?: string;
  value?: string;
  type?: "text" | "number" | "textarea" | "checkbox" | "select" | "url" | "datetime-local";
  options?: string[];
  isOptional?: boolean;
  maxLength?: number;
  /** What is wrong with the value, or nothing. */
  check?: (value: string) => string | undefined;
}

export type Values = Record<string, string>;

export function Action({
  label,
  title,
  children,
  fields = [],
  submit,
  run,
  isDanger = false,
  isPrimary = false,
  isSmall = false,
  needs = "staff",
}: {
  label: string;
  /** The form's title; the label without it. */
  title?: string;
  /** What it does, said before it is done. */
  children?: ComponentChildren;
  fields?: Field[];
  submit: string;
  /** Called when the form opens: what it returns is sent with the form, however the page changes meanwhile. */
  run: () => (values: Values) => Promise<string>;
  isDanger?: boolean;
  isPrimary?: boolean;
  isSmall?: boolean;
  /** Whom the API lets do it. */
  needs?: Role;
}) {
  const [send, setSend] = useState<(values: Values) => Promise<string>>();
  if (!may(needs)) return null;
  const look = [isDanger && "danger", isPrimary && "primary", isSmall && "small"].filter(Boolean).join(" ");
  return (
    <>
      <button
        type="button"
        class={look}
        onClick={() => {
          const prepared = run();
          setSend(() => prepared);
        }}
      >
        {label}
      </button>
      {send && (
        <Form
          title={title ?? label}
          fields={fields}
          submit={submit}
          send={send}
          isDanger={isDanger}
          close={() => setSend(undefined)}
        >
          {children}
        </Form>
      )}
    </>
  );
}

function Form({
  title,
  children,
  fields,
  submit,
  send,
  isDanger,
  close,
}: {
  title: string;
  children?: ComponentChildren;
  fields: Field[];
  submit: string;
  send: (values: Values) => Promise<string>;
  isDanger: boolean;
  close: () => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const isSending = useRef(false);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const [wrong, setWrong] = useState<Values>({});
  const [initial] = useState(fields);

  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);

  async function submitted(event: SubmitEvent) {
    event.preventDefault();
    // Enter pressed twice submits twice before anything is drawn again.
    if (isSending.current) return;
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const values: Values = {};
    const found: Values = {};
    for (const field of initial) {
      const value = String(form.get(field.name) ?? "");
      values[field.name] = value;
      const missing = !field.isOptional && field.type !== "checkbox" && value.trim() === "";
      const error = missing ? "This is needed." : value.trim() ? field.check?.(value) : undefined;
      if (error) found[field.name] = error;
    }
    setWrong(found);
    const first = Object.keys(found)[0];
    if (first) {
      dialog.current?.querySelector<HTMLElement>(`[name="${first}"]`)?.focus();
      return;
    }
    isSending.current = true;
    setBusy(true);
    setProblem(undefined);
    try {
      say(await send(values));
      close();
    } catch (error) {
      setProblem(asProblem(error));
      isSending.current = false;
      setBusy(false);
    }
  }

  return (
    <dialog ref={dialog} onClose={close} aria-label={title}>
      <form onSubmit={submitted} noValidate>
        <h2>{title}</h2>
        {children}
        {initial.map((field) => (
          <FieldInput field={field} error={wrong[field.name]} key={field.name} />
        ))}
        {problem && <ProblemBox problem={problem} />}
        <div class="buttons">
          <button type="submit" class={isDanger ? "danger primary" : "primary"} aria-disabled={isBusy}>
            {isBusy ? "Sending…" : submit}
          </button>
          <button type="button" onClick={() => dialog.current?.close()}>
            Back
          </button>
        </div>
      </form>
    </dialog>
  );
}

export function FieldInput({ field, error }: { field: Field; error?: string | undefined }) {
  const id = `field-${field.name}`;
  const notes = [field.hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  const same = {
    id,
    name: field.name,
    "aria-describedby": notes || undefined,
    "aria-invalid": error ? true : undefined,
    required: !field.isOptional && field.type !== "checkbox",
  };
  if (field.type === "checkbox") {
    return (
      <p class="field">
        <label class="check">
          <input type="checkbox" {...same} value="true" defaultChecked={field.value === "true"} /> {field.label}
        </label>
      </p>
    );
  }
  return (
    <p class="field">
      <label for={id}>
        {field.label} {field.isOptional && <span class="quiet">(optional)</span>}
      </label>
      {field.type === "textarea" ? (
        <textarea {...same} rows={2} maxLength={field.maxLength}>
          {field.value ?? ""}
        </textarea>
      ) : field.type === "select" ? (
        <select {...same}>
          {field.options?.map((option) => (
            <option key={option} selected={option === field.value}>
              {option}
            </option>
          ))}
        </select>
      ) : (
        <input
          {...same}
          // A number is typed as text: browsers change and round what they take for a number.
          type={(field.type === "number" ? "text" : (field.type ?? "text")) as "text"}
          inputMode={field.type === "number" ? "decimal" : undefined}
          maxLength={field.maxLength}
          defaultValue={field.value ?? ""}
          autocomplete="off"
          spellcheck={false}
        />
      )}
      {field.hint && (
        <span class="hint" id={`${id}-hint`}>
          {field.hint}
        </span>
      )}
      {error && (
        <span class="error" id={`${id}-error`}>
          {error}
        </span>
      )}
    </p>
  );
}
