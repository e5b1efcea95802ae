// The frames of docs/live.md.

import type { LineLike, PageLike } from "./ports";

/** The topic of all open orders. Every other topic is an order's id. */
export const BOARD = "board";

export type Frame =
  | { type: "order"; order: string; sequence: number; page: PageLike }
  | { type: "current"; order: string; sequence: number }
  | { type: "changed"; order: string; sequence: number }
  | { type: "board"; order: string; sequence: number; summary: LineLike }
  | { type: "error"; code: string; order: string | undefined; detail: string };

/** The frame that follows a topic, and is its heartbeat. */
export function followFrame(topic: string, after: number): string {
  return JSON.stringify(topic === BOARD ? { action: "follow", order: BOARD } : { action: "follow", order: topic, after });
}

/** Reads what the server sent; undefined for what this library does not know, which is ignored. */
export function readFrame(data: unknown): Frame | undefined {
  const body = parsed(data);
  const order = text(body["order"]);
  const sequence = typeof body["sequence"] === "number" ? body["sequence"] : undefined;
  switch (body["type"]) {
    case "order": {
      const page = body["page"] as PageLike | undefined;
      return order && sequence !== undefined && isObject(page) ? { type: "order", order, sequence, page } : undefined;
    }
    case "board": {
      const summary = body["summary"] as LineLike | undefined;
      return order && sequence !== undefined && isObject(summary) ? { type: "board", order, sequence, summary } : undefined;
    }
    case "current":
      if (order === BOARD) return { type: "current", order, sequence: 0 };
      return order && sequence !== undefined ? { type: "current", order, sequence } : undefined;
    case "changed":
      return order && sequence !== undefined ? { type: "changed", order, sequence } : undefined;
    case "error":
      return { type: "error", code: text(body["code"]) ?? "", order, detail: text(body["detail"]) ?? "" };
    default:
      return undefined;
  }
}

function parsed(data: unknown): Record<string, unknown> {
  try {
    const body: unknown = typeof data === "string" ? JSON.parse(data) : undefined;
    return isObject(body) ? (body as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
