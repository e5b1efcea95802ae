// Everything that happened to an order on one axis of time: events of all services, webhooks, deliveries, notices, dead letters.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { money } from "../money";
import { When, words } from "../parts/show";
import { to } from "../route";
import { person } from "../session";
import type { Entry, Explanation } from "../shapes";

interface Mark {
  id: string;
  time: string;
  lane: string;
  name: ComponentChildren;
  detail: ComponentChildren;
  cause?: string;
  actor?: string | undefined;
}

const LANES = ["orders", "payments", "inventory", "shipping", "webhooks", "deliveries", "notices", "letters"];

export function Axis({ explained }: { explained: Explanation }) {
  const [hidden, hide] = useState<Set<string>>(new Set());
  const marks = merged(explained);
  const present = LANES.filter((lane) => marks.some((mark) => mark.lane === lane));
  const ids = new Set(marks.map((mark) => mark.id));
  return (
    <>
      <fieldset class="lanes">
        <legend class="hidden">Show</legend>
        {present.map((lane) => (
          <label class="check" key={lane}>
            <input
              type="checkbox"
              checked={!hidden.has(lane)}
              onChange={() => {
                const next = new Set(hidden);
                if (!next.delete(lane)) next.add(lane);
                hide(next);
              }}
            />
            <span class={`lane ${lane}`}>{lane}</span>
          </label>
        ))}
      </fieldset>
      <ol class="axis">
        {marks
          .filter((mark) => !hidden.has(mark.lane))
          .map((mark) => (
            <li id={anchor(mark.id)} tabIndex={-1} key={mark.id}>
              <When at={mark.time} />
              <span class={`lane ${mark.lane}`}>{mark.lane}</span>
              <div class="what">
                <strong>{mark.name}</strong> <span class="detail">{mark.detail}</span>
                {mark.actor && <span class="quiet"> by {mark.actor === person()?.subject ? "you" : <code title={mark.actor}>{mark.actor.slice(0, 8)}</code>}</span>}
                {mark.cause && ids.has(mark.cause) && (
                  <button type="button" class="link cause" onClick={() => show(mark.cause!)}>
                    because of {marks.find((other) => other.id === mark.cause)?.name}
                  </button>
                )}
              </div>
            </li>
          ))}
      </ol>
    </>
  );
}

function anchor(id: string): string {
  return `mark-${id.replace(/[^\w-]/g, "-")}`;
}

function show(id: string) {
  const place = document.getElementById(anchor(id));
  place?.scrollIntoView({ block: "center" });
  place?.focus({ preventScroll: true });
}

/** The events keep their causal order; each other mark comes before the first event that is later than it. */
export function merged(explained: Explanation): Mark[] {
  const currency = explained.events.map((event) => event.detail["currency"]).find((code) => typeof code === "string");
  const events = explained.events.map((event) => ofEvent(event, typeof currency === "string" ? currency : ""));
  const others = [...webhooks(explained), ...deliveries(explained), ...notices(explained), ...letters(explained)];
  others.sort((one, other) => one.time.localeCompare(other.time));
  const all: Mark[] = [];
  for (const event of events) {
    while (others[0] && time(others[0].time) < time(event.time)) all.push(others.shift()!);
    all.push(event);
  }
  return [...all, ...others];
}

const time = (text: string) => new Date(text).getTime();

function ofEvent(event: Entry, currency: string): Mark {
  const { id, service, type, cause, actor } = event;
  return { id, time: event.time, lane: service, name: type, detail: <Detail of={event.detail} currency={currency} />, cause, actor };
}

function webhooks(explained: Explanation): Mark[] {
  return explained.webhooks.map((webhook) => ({
    id: `webhook/${webhook.id}`,
    time: webhook.received_at,
    lane: "webhooks",
    name: <a href={to("inbox", webhook.id)}>{webhook.type}</a>,
    detail: `${words(webhook.status)}${webhook.reason ? `: ${webhook.reason}` : ""}`,
  }));
}

function deliveries(explained: Explanation): Mark[] {
  return explained.deliveries.map((delivery) => ({
    id: `delivery/${delivery.endpoint}/${delivery.id}`,
    time: delivery.last_attempt_at ?? delivery.created_at,
    lane: "deliveries",
    name: <a href={to("endpoints", delivery.endpoint)}>{delivery.event_type}</a>,
    detail: `${delivery.status}, ${delivery.attempted} ${delivery.attempted === 1 ? "attempt" : "attempts"}`,
  }));
}

function notices(explained: Explanation): Mark[] {
  return explained.notices.map((notice) => ({
    id: `notice/${notice.about}/${notice.channel}`,
    time: notice.at,
    lane: "notices",
    name: notice.channel,
    detail: `${words(notice.about)}: ${words(notice.outcome)}`,
  }));
}

function letters(explained: Explanation): Mark[] {
  return explained.letters.map((letter) => ({
    id: `letter/${letter.at}/${letter.function}`,
    time: letter.at,
    lane: "letters",
    name: <a href={to("letters", letter.function)}>{letter.function}</a>,
    detail: letter.reason,
  }));
}

const AMOUNTS = new Set(["amount", "total", "captured"]);

function Detail({ of, currency }: { of: Record<string, unknown>; currency: string }) {
  const fields = Object.entries(of).filter(([name]) => name !== "currency" && name !== "quiet");
  return (
    <>
      {fields.map(([name, value], n) => (
        <span key={name}>
          {n > 0 && " · "}
          <span class="quiet">{words(name)}</span> {shown(name, value, currency)}
        </span>
      ))}
    </>
  );
}

function shown(name: string, value: unknown, currency: string): string {
  if (AMOUNTS.has(name) && typeof value === "number" && currency) return money(value, currency);
  if (name === "items" && Array.isArray(value)) {
    return (value as { sku?: string; quantity?: number }[]).map((item) => `${item.quantity}×${item.sku}`).join(", ");
  }
  if (typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value)) return new Date(value).toLocaleString();
  return typeof value === "string" || typeof value === "number" ? String(value) : JSON.stringify(value);
}
