// The checkout: where it goes, how it is paid, one press.

import { useEffect, useRef, useState } from "preact/hooks";
import { total, useBasket } from "../basket";
import { cardForm, type CardForm } from "../card";
import { type Details, openAttempt, place, repeat } from "../checkout";
import { asError } from "../load";
import { money } from "../money";
import { Failure, Field, Page, Waiting } from "../parts";
import { go, to } from "../route";
import { session } from "../session";
import { settings } from "../settings";
import { ACCOUNT, COUNTRIES } from "../shop";

export function Checkout() {
  // An order that was sent and has no answer comes first: its basket must not be sent as another one.
  const [isOpen, setOpen] = useState(() => openAttempt() !== undefined);
  const [refusal, setRefusal] = useState<Error>();
  if (isOpen) return <Repeat refused={(why) => (setRefusal(why), setOpen(false))} />;
  return <Form refusal={refusal} unanswered={() => setOpen(true)} />;
}

function Repeat({ refused }: { refused: (why: Error) => void }) {
  const [error, setError] = useState<Error>();
  const again = () => {
    setError(undefined);
    repeat().then(
      (order) => go("orders", order),
      (failure: unknown) => (openAttempt() ? setError : refused)(asError(failure)),
    );
  };
  useEffect(again, []);
  return (
    <Page title="Checkout">
      <p>Your order was sent, and its answer has not arrived. It is sent again as it was, and is placed once.</p>
      {error ? <Failure error={error} retry={again} /> : <Waiting what="Asking for the answer" />}
    </Page>
  );
}

function Form({ refusal, unanswered }: { refusal: Error | undefined; unanswered: () => void }) {
  const { id, lines } = useBasket();
  const { cards, transfer } = settings();
  const [by, setBy] = useState<"card" | "transfer">(cards ? "card" : "transfer");
  const [error, setError] = useState(refusal);
  const [isBusy, setBusy] = useState(false);
  const isSending = useRef(false);
  const card = useRef<CardForm>(undefined);
  const currency = lines[0]?.currency ?? "";

  async function pay(event: SubmitEvent) {
    event.preventDefault();
    // The state is drawn later; a second press is faster.
    if (isSending.current) return;
    isSending.current = true;
    setBusy(true);
    setError(undefined);
    const details = Object.fromEntries(new FormData(event.currentTarget as HTMLFormElement)) as unknown as Details;
    const { email, name } = details;
    try {
      const order = await place(id, detailsOf(details), async () => {
        if (by === "transfer") return `elsewhere:${transfer}`;
        if (!card.current) throw new Error("The card form is not there yet: wait a moment, then try again.");
        return card.current.paymentMethod({ email, name });
      });
      go("orders", order);
    } catch (failure) {
      setError(asError(failure));
      if (openAttempt()) unanswered();
    } finally {
      isSending.current = false;
      setBusy(false);
    }
  }

  if (lines.length === 0) {
    return (
      <Page title="Checkout">
        {error && <Failure error={error} />}
        {isBusy ? (
          <Waiting what="Placing your order" />
        ) : (
          <p class="quiet">
            Your basket is empty. <a href={to()}>See the products</a>, or <a href={to("orders")}>your orders</a>.
          </p>
        )}
      </Page>
    );
  }
  return (
    <Page title="Checkout">
      <form class="checkout" onSubmit={pay}>
        <fieldset>
          <legend>Where it goes</legend>
          <Field name="name" label="Name" autocomplete="name" />
          <Field name="line1" label="Street and number" autocomplete="address-line1" />
          <Field name="line2" label="More of the address" autocomplete="address-line2" isOptional />
          <div class="row">
            <Field name="postal_code" label="Postal code" autocomplete="postal-code" isOptional />
            <Field name="city" label="City" autocomplete="address-level2" />
          </div>
          <Field name="region" label="State or region" autocomplete="address-level1" isOptional />
          <Countries />
          <Field name="email" label="Email" type="email" autocomplete="email" value={session().person()?.email ?? ""} />
          <Field name="phone" label="Phone" type="tel" autocomplete="tel" hint="With the country’s code, as in +41 79 000 00 00." isOptional />
        </fieldset>
        <fieldset>
          <legend>How you pay</legend>
          {cards && (
            <label class="choice">
              <input type="radio" name="by" checked={by === "card"} onChange={() => setBy("card")} /> By card
            </label>
          )}
          {transfer && (
            <label class="choice">
              <input type="radio" name="by" checked={by === "transfer"} onChange={() => setBy("transfer")} /> By bank transfer
            </label>
          )}
          {!cards && !transfer && <p>This shop takes no payment yet: it has neither a publishable key nor a sender of transfers.</p>}
          {cards && by === "card" && <Card ready={(form) => (card.current = form)} />}
          {transfer && by === "transfer" && <p class="quiet">To {ACCOUNT}. The next page shows the reference to use.</p>}
        </fieldset>
        {error && <Failure error={error} />}
        <p class="total">
          Together <strong>{money(total(lines), currency)}</strong>
        </p>
        <button type="submit" class="primary" aria-disabled={isBusy || (!cards && !transfer)}>
          {isBusy ? "One moment…" : by === "card" ? "Pay" : "Order"}
        </button>
      </form>
    </Page>
  );
}

/** The fields of an order alone: a form also has its radio buttons. */
function detailsOf({ email, phone, name, line1, line2, postal_code, city, region, country }: Details): Details {
  return { email, phone: phone.replaceAll(" ", ""), name, line1, line2, postal_code, city, region, country };
}

function Countries() {
  const names = new Intl.DisplayNames(undefined, { type: "region" });
  const here = new Intl.Locale(navigator.language).region ?? "";
  return (
    <p class="field">
      <label for="country">Country</label>
      <select id="country" name="country" autocomplete="country" required>
        {COUNTRIES.map((code) => (
          <option value={code} key={code} selected={code === here}>
            {names.of(code)}
          </option>
        ))}
      </select>
    </p>
  );
}

/** A place for the provider's form, which nothing else draws into. */
function Card({ ready }: { ready: (form: CardForm | undefined) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const [round, setRound] = useState(0);
  const [state, setState] = useState<"loading" | "there" | Error>("loading");
  useEffect(() => {
    let isGone = false;
    let form: CardForm | undefined;
    setState("loading");
    cardForm(box.current!).then(
      (made) => {
        form = made;
        if (isGone) return made.remove();
        ready(made);
        setState("there");
      },
      (error: unknown) => isGone || setState(asError(error)),
    );
    return () => {
      isGone = true;
      ready(undefined);
      form?.remove();
    };
  }, [round]);
  return (
    <>
      {state === "loading" && <Waiting what="Loading the card form" />}
      {state instanceof Error && <Failure error={state} retry={() => setRound(round + 1)} />}
      <div class="card" role="group" aria-label="Card" ref={box} />
    </>
  );
}
