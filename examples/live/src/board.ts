// The lines of the board: what the list had, and what was pushed since. Pure.
//
// A frame has a sequence, a line of the list has none, and the list may be some seconds behind the stream. So frames are compared by
// sequence, a frame and a line by the time of their last change, and a line that was known lately stays although the list lacks it.

import type { Board, LineLike } from "./ports";
import { LIST_BEHIND } from "./timing";

interface Row {
  line: LineLike;
  /** 0 if it is of the list. */
  sequence: number;
  /** When it was pushed, or its list was asked for. */
  knownAt: number;
}

export interface Rows {
  /** By order. */
  rows: Record<string, Row>;
  /** The orders as they are shown. */
  shown: string[];
  next: string | null;
  /** Undefined before the first list. */
  lines: LineLike[] | undefined;
}

export const NO_ROWS: Rows = { rows: {}, shown: [], next: null, lines: undefined };

/** Takes a frame of the board. The same rows if it is no news. */
export function withFrame(all: Rows, order: string, sequence: number, line: LineLike, now: number): Rows {
  const row = all.rows[order];
  const isNews = !row || (row.sequence > 0 ? sequence > row.sequence : changed(line) >= changed(row.line));
  if (!isNews) return all;
  const rows = { ...all.rows, [order]: { line, sequence, knownAt: now } };
  return shown(rows, row ? all.shown : [order, ...all.shown], all.next, all.lines !== undefined);
}

/** Takes a list that was asked for at `askedAt`. */
export function withList(all: Rows, list: Board<LineLike>, askedAt: number): Rows {
  const isLate = (row: Row | undefined): row is Row => row !== undefined && row.knownAt > askedAt - LIST_BEHIND;
  const rows: Record<string, Row> = {};
  for (const line of list.items) {
    const row = all.rows[line.order_id];
    const isOurs =
      row !== undefined && (changed(row.line) > changed(line) || (isLate(row) && changed(row.line) >= changed(line)));
    rows[line.order_id] = isOurs ? row : { line, sequence: 0, knownAt: askedAt };
  }
  const listed = Object.keys(rows);
  const late = all.shown.filter((order) => !rows[order] && isLate(all.rows[order]));
  for (const order of late) rows[order] = all.rows[order]!;
  return shown(rows, [...late, ...listed], list.next, true);
}

function shown(rows: Record<string, Row>, order: string[], next: string | null, isListed: boolean): Rows {
  return { rows, shown: order, next, lines: isListed ? order.map((id) => rows[id]!.line) : undefined };
}

function changed(line: LineLike): number {
  return Date.parse(line.updated_at);
}
