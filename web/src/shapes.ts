// The shapes of the API's answers, as docs/http-api.md describes them.

export interface Page<T> {
  items: T[];
  next: string | null;
}

export interface OrderSummary {
  order_id: string;
  number: string;
  status: string;
  attention: string[];
  total: number;
  currency: string;
  placed_at: string;
  updated_at: string;
  /** Of an order that needs a person: what happens by itself next. */
  due?: { what: "expiry" | "stuck" | "evidence"; at: string };
}

export interface OrderPage {
  order_id: string;
  /** The place of its last event. */
  sequence: number;
  number: string;
  status: string;
  attention: string[];
  items: { sku: string; quantity: number; unit_price: number }[];
  total: number;
  currency: string;
  placed_at: string;
  pay_by: string;
  updated_at: string;
  payment: { status: string; captured: number; refunded: number };
  shipment: { status: string; carrier?: string; tracking_code?: string };
  erasure?: { requested_at: string; orders: boolean; payments: boolean; shipping: boolean };
}

export interface Entry {
  id: string;
  service: string;
  type: string;
  time: string;
  sequence: number;
  cause: string;
  actor?: string;
  detail: Record<string, unknown>;
}

export interface Remedy {
  do: string;
  by: string;
  page: string;
}

export interface Explanation {
  order_id: string;
  number: string;
  explained_at: string;
  status: string;
  attention: string[];
  waiting: { for: string; of: string; about?: string; since: string; until?: string }[];
  remedies: Remedy[];
  events: Entry[];
  letters: { function: string; reason: string; message_id?: string; at: string }[];
  webhooks: WebhookSummary[];
  deliveries: OrderDelivery[];
  notices: { about: string; channel: string; outcome: string; at: string }[];
  dead_letters_now: Record<string, number>;
  missing?: string[];
}

export interface OrderDelivery {
  id: string;
  endpoint: string;
  event_type: string;
  status: string;
  created_at: string;
  attempted: number;
  last_attempt_at?: string;
  last_outcome?: unknown;
  next_attempt_at?: string;
}

export interface WebhookSummary {
  id: string;
  source: string;
  type: string;
  received_at: string;
  status: string;
  led_to?: string[];
  reason?: string;
  waits_under?: string;
}

export interface WebhookPage extends WebhookSummary {
  came_by: string;
  headers: Record<string, string>;
  body: unknown;
  replays: { asked_at: string; asked_by: { subject: string } }[];
}

export interface Shipment {
  order_id: string;
  number: string;
  state: string;
  reason?: string;
  provider: string | null;
  lines: { sku: string; quantity: number; name?: string }[];
  label: { carrier: string; tracking_code: string; url: string; state: string } | null;
  parcel: {
    carrier: string;
    tracking_code: string;
    last_scan: { status: string; status_detail?: string; occurred_at?: string } | null;
  } | null;
  requested_at: string | null;
  updated_at: string | null;
}

export interface Address {
  name: string;
  line1: string;
  line2?: string;
  city: string;
  region?: string;
  postal_code?: string;
  country: string;
}

export interface ShipmentPage extends Shipment {
  address: Address | null;
  phone: string | null;
}

export interface Endpoint {
  id: string;
  url: string;
  description: string;
  event_types: string[];
  enabled: boolean;
  disabled_because: string | null;
  disabled_at: string | null;
  created_at: string;
  secret?: string;
  health?: { failures_in_a_row: number; failing_since: string | null; paused_until: string | null };
}

export interface Delivery {
  id: string;
  event_type: string;
  status: string;
  ended_because: string | null;
  created_at: string;
  next_attempt_at: string | null;
  attempted: number;
  attempts: { number: number; at: string; status: number | null; latency_ms: number; error: string | null }[];
}

export interface Product {
  sku: string;
  name: string;
  price: number;
  currency: string;
  weight_grams: number | null;
  active: boolean;
  version: number;
  /** Absent in the answer of a build that did not know them yet. */
  tags?: string[];
  tax_class?: string | null;
  /** These only on the product's own page. */
  description?: string | null;
  images?: string[];
  attributes?: { name: string; value: string }[];
}

export interface Stock {
  sku: string;
  on_hand: number;
  available: number;
  allocated: number;
  version: number;
  shards?: number;
}

export interface Letter {
  id: string;
  message_id?: string;
  since: string | null;
  set_aside_by: string;
  reason: string;
  kind: string;
  about: Record<string, string>;
  explain: string;
  can_be_requeued: boolean;
}

export interface Letters {
  function: string;
  letters: Letter[];
  more: boolean;
}

export interface Outcomes {
  function: string;
  outcomes: { id: string; outcome: string; because?: string }[];
  more: boolean;
}

export interface Readiness {
  status: string;
  because: string[];
  stack: string;
  version: string;
  build: string;
  deploy: string;
  checked_at: string;
  dependencies: { name: string; state: string; latency_ms: number; reason?: string }[];
  breakers: { provider: string; state: string; since?: string; next_probe?: string }[];
  streams: {
    table: string;
    heartbeat_age_seconds: number | null;
    readers: { function: string; read_age_seconds: number | null; lag_ms: number | null }[];
  }[];
  queues: {
    function: string;
    state: string;
    latency_ms: number;
    waiting?: number;
    hidden?: number;
    oldest_seconds?: number | null;
  }[];
}

export interface Replayed {
  service: string;
  to: string;
  do: string;
  consumer: string;
  events: number;
  by_type: Record<string, number>;
  not_subscribed: Record<string, number>;
  too_old: number;
  unreadable: number;
  oldest: string | null;
  newest: string | null;
  items_read: number;
  read_units: number | null;
  cursor: string | null;
  continue_in_seconds: number;
}

export interface Reconciled {
  do: "plan" | "fetch";
  found: number;
  new: number;
  known: number;
  refused: number;
  next: string | null;
}

export interface Rebuilt {
  do: "plan" | "compare" | "build";
  orders: number;
  same: number;
  missing: number;
  behind: number;
  different: number;
  written: number;
  not_findable: number;
  items_written: number;
  unreadable: number;
  cursor: string | null;
  done: boolean;
}
