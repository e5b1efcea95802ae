// Values as people read them.

import { useEffect, useState } from "preact/hooks";
import { to } from "../route";

const FULL = new Intl.DateTimeFormat(undefined, {
  year: "numeric",
  month: "short",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const TODAY = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** A time in the person's own zone; on hover the exact time in UTC. */
export function When({ at }: { at: string | null | undefined }) {
  if (!at) return <>–</>;
  const time = new Date(at);
  const isToday = time.toDateString() === new Date().toDateString();
  return (
    <time dateTime={at} title={`${at} (UTC)`}>
      {(isToday ? TODAY : FULL).format(time)}
    </time>
  );
}

/** How long ago, or in how long: it ticks. */
export function Ago({ at }: { at: string | null | undefined }) {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 15_000);
    return () => clearInterval(timer);
  }, []);
  if (!at) return <>–</>;
  return (
    <time dateTime={at} title={`${at} (UTC)`}>
      {relative((new Date(at).getTime() - Date.now()) / 1000)}
    </time>
  );
}

function relative(seconds: number): string {
  const far = Math.abs(seconds);
  const text = duration(far);
  if (far < 1) return "now";
  return seconds > 0 ? `in ${text}` : `${text} ago`;
}

export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

const GOOD = new Set(["delivered", "ok", "applied", "ready", "closed", "enabled", "active", "requeued", "sent", "paid", "done"]);
const BUSY = new Set(["placed", "allocated", "shipped", "requested", "received", "pending", "labelled", "purchased", "left", "already_known"]);
const WARN = new Set(["payment_action_required", "cancelling", "parked", "degraded", "held", "kept", "returned_to_sender", "timed_out", "viewer"]);
const BAD = new Set(["payment_failed", "out_of_stock", "shipping_failed", "failed", "open", "exhausted", "disabled", "refused", "not_found"]);

/** A state: always a word, and a colour that repeats it. */
export function Status({ of, label }: { of: string; label?: string }) {
  const kind = GOOD.has(of) ? "good" : BUSY.has(of) ? "busy" : WARN.has(of) ? "warn" : BAD.has(of) ? "bad" : "plain";
  return <span class={`status ${kind}`}>{label ?? words(of)}</span>;
}

export function Attention({ of }: { of: string }) {
  return <span class="status bad">{words(of)}</span>;
}

export function words(name: string): string {
  return name.replace(/_/g, " ");
}

/** An order, by the number that people say. */
export function OrderLink({ id, number }: { id: string; number?: string | undefined }) {
  return (
    <a class="id" href={to("orders", id)}>
      {number ?? id.slice(0, 8)}
    </a>
  );
}
