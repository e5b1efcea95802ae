// What every page is made of: its heading, its states, its fields.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Problem } from "./api";
import type { Loaded } from "./load";

/** The heading gets the focus when the page opens, so that a screen reader begins there. */
export function Page({ title, extra, children }: { title: string; extra?: ComponentChildren; children: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    heading.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, []);
  return (
    <main id="main">
      <div class="heading">
        <h1 tabIndex={-1} ref={heading}>
          {title}
        </h1>
        {extra}
      </div>
      {children}
    </main>
  );
}

/** The content once it is there. If loading it again failed, the failure is said above it. */
export function Show<T>({ of, children }: { of: Loaded<T>; children: (data: T) => ComponentChildren }) {
  return (
    <>
      {of.error && <Failure error={of.error} retry={of.reload} />}
      {of.data !== undefined ? children(of.data) : !of.error && <Waiting />}
    </>
  );
}

export function Waiting({ what = "Loading" }: { what?: string }) {
  return (
    <p class="quiet" role="status">
      <span class="spinner" aria-hidden="true" /> {what}…
    </p>
  );
}

export function Failure({ error, retry }: { error: Error; retry?: (() => void) | undefined }) {
  const problem = error instanceof Problem ? error : undefined;
  const fields = problem?.errors.map((it) => `${it.pointer.split("/").pop()}: ${it.detail}`) ?? [];
  return (
    <div class="box bad" role="alert">
      <p>
        {problem && <strong>{problem.title}. </strong>}
        {[problem ? problem.detail : error.message, ...fields].filter(Boolean).join("; ")}
      </p>
      {retry && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

interface FieldOf {
  name: string;
  label: string;
  hint?: string;
  type?: "text" | "email" | "password" | "tel";
  autocomplete?: string;
  value?: string;
  isOptional?: boolean;
  isFixed?: boolean;
  least?: number;
  most?: number;
}

export function Field({ name, label, hint, type = "text", autocomplete = "off", value = "", isOptional, isFixed, least, most = 128 }: FieldOf) {
  return (
    <p class="field">
      <label for={name}>
        {label} {isOptional && <span class="quiet">(optional)</span>}
      </label>
      <input
        id={name}
        name={name}
        type={type as "text"}
        autocomplete={autocomplete}
        defaultValue={value}
        required={!isOptional}
        readOnly={isFixed ?? false}
        minLength={least ?? 0}
        maxLength={most}
        aria-describedby={hint ? `${name}-hint` : undefined}
      />
      {hint && (
        <span class="hint" id={`${name}-hint`}>
          {hint}
        </span>
      )}
    </p>
  );
}

const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export function When({ at }: { at: string }) {
  return (
    <time dateTime={at} title={`${at} (UTC)`}>
      {DAY.format(new Date(at))}
    </time>
  );
}

/** What a status means to a customer; the colour repeats it. */
const STATUS: Record<string, [string, string]> = {
  placed: ["Placed", "busy"],
  payment_action_required: ["Your bank asks you", "warn"],
  paid: ["Paid", "busy"],
  allocated: ["Being packed", "busy"],
  shipped: ["On its way", "busy"],
  delivered: ["Delivered", "good"],
  returned: ["Returned", "plain"],
  payment_failed: ["Payment failed", "bad"],
  out_of_stock: ["Out of stock", "bad"],
  shipping_failed: ["Could not be sent", "bad"],
  cancelling: ["Being cancelled", "warn"],
  cancelled: ["Cancelled", "plain"],
  expired: ["Not paid in time", "bad"],
};

export function Status({ of }: { of: string }) {
  const [words, kind] = STATUS[of] ?? [of.replaceAll("_", " "), "plain"];
  return <span class={`status ${kind}`}>{words}</span>;
}
