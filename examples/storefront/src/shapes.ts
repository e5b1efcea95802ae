// The shapes of the API's answers, as docs/http-api.md describes them.

export interface Page<T> {
  items: T[];
  next: string | null;
}

/** A product as a list has it. What is optional is absent in the answer of a build that did not know it yet. */
export interface Product {
  sku: string;
  name: string;
  price: number;
  currency: string;
  active: boolean;
  image?: string | null;
  tags?: string[];
}

/** A product as its own page has it. */
export interface WholeProduct extends Product {
  description?: string | null;
  images?: string[];
  attributes?: { name: string; value: string }[];
}

export interface OrderSummary {
  order_id: string;
  number: string;
  status: string;
  total: number;
  currency: string;
  placed_at: string;
}

export interface Order extends OrderSummary {
  sequence: number;
  items: { sku: string; quantity: number; unit_price: number }[];
  pay_by: string;
  payment: { status: string; captured: number; refunded: number };
  shipment: { status: string; carrier?: string; tracking_code?: string };
  timeline: { time: string; type: string; status: string; detail?: Record<string, unknown> }[];
}

export interface Payment {
  status: string;
  code?: string;
  /** Only while the bank requires a step. */
  client_secret?: string;
}
