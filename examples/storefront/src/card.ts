// Cards: the only module that knows the payment provider. The card's number goes from the provider's own form to the provider, and never
// to the API. Locally the payment server's script has the same calls.

import { settings } from "./settings";

/** The provider's form for a card, in a place of the page. */
export interface CardForm {
  /** The id of a payment method for what was typed. Rejects with what the provider says. */
  paymentMethod(holder: { name: string; email: string }): Promise<string>;
  remove(): void;
}

/** The part of Stripe.js that is used: https://docs.stripe.com/js */
interface Stripe {
  elements(): { create(type: "card", options: object): Element };
  createPaymentMethod(asked: object): Promise<{ paymentMethod?: { id: string }; error?: Refusal }>;
  confirmCardPayment(clientSecret: string): Promise<{ error?: Refusal }>;
}

interface Element {
  mount(place: HTMLElement): void;
  destroy(): void;
}

interface Refusal {
  message?: string;
}

let loading: Promise<Stripe> | undefined;

export async function cardForm(place: HTMLElement): Promise<CardForm> {
  const stripe = await provider();
  const card = stripe.elements().create("card", { hidePostalCode: true, style: styleOf(place) });
  card.mount(place);
  return {
    async paymentMethod(holder) {
      const { paymentMethod, error } = await stripe.createPaymentMethod({ type: "card", card, billing_details: holder });
      if (!paymentMethod) throw new Error(error?.message ?? "The card was not accepted.");
      return paymentMethod.id;
    },
    remove: () => card.destroy(),
  };
}

/** The bank's step, 3-D Secure, in the provider's own window. Rejects if the bank or the customer refuses. */
export async function confirmWithBank(clientSecret: string): Promise<void> {
  const { error } = await (await provider()).confirmCardPayment(clientSecret);
  if (error) throw new Error(error.message ?? "The bank has not confirmed the payment.");
}

/** Loads the script at the first use. One that could not be loaded is tried again. */
function provider(): Promise<Stripe> {
  loading ??= load().catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(): Promise<Stripe> {
  const { cards } = settings();
  if (!cards) throw new Error("This shop takes no cards.");
  await new Promise<void>((resolve, reject) => {
    const script = document.createElement("script");
    script.src = cards.script;
    script.onload = () => resolve();
    script.onerror = () => (script.remove(), reject(new Error("The card form could not be loaded. Check the connection, then try again.")));
    document.head.append(script);
  });
  return (globalThis as unknown as { Stripe: (key: string) => Stripe }).Stripe(cards.key);
}

/** The form is in a frame of the provider, which has no style of the page. */
function styleOf(place: HTMLElement): object {
  const { color, fontFamily, fontSize } = getComputedStyle(place);
  return { base: { color, fontFamily, fontSize } };
}
