// The basket, before it is ordered.

import { setQuantity, total, useBasket } from "../basket";
import { money } from "../money";
import { Page } from "../parts";
import { to } from "../route";
import { MOST } from "../shop";

export function BasketPage() {
  const { lines } = useBasket();
  const currency = lines[0]?.currency ?? "";
  if (lines.length === 0) {
    return (
      <Page title="Your basket">
        <p class="quiet">
          It is empty. <a href={to()}>See the products</a>.
        </p>
      </Page>
    );
  }
  return (
    <Page title="Your basket">
      <ul class="lines">
        {lines.map((line) => (
          <li key={line.sku}>
            <span class="name">{line.name}</span>
            <label>
              <span class="hidden">Pieces of {line.name}</span>
              <input
                type="number"
                min={1}
                max={MOST}
                value={line.quantity}
                onChange={(event) => setQuantity(line.sku, Math.max(1, Math.round(Number(event.currentTarget.value)) || 1))}
              />
            </label>
            <span class="price">{money(line.price * line.quantity, currency)}</span>
            <button type="button" class="link" onClick={() => setQuantity(line.sku, 0)}>
              Remove <span class="hidden">{line.name}</span>
            </button>
          </li>
        ))}
      </ul>
      <p class="total">
        Together <strong>{money(total(lines), currency)}</strong>
      </p>
      <p>
        <a class="button primary" href={to("checkout")}>
          Check out
        </a>
      </p>
    </Page>
  );
}
