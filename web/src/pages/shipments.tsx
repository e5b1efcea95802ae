// What to pack, with a packing list to print: one sheet an order.

import { useState } from "preact/hooks";
import { get } from "../api";
import type { Problem } from "../api";
import { asProblem } from "../load";
import { More, useList } from "../parts/list";
import { Page } from "../parts/page";
import { OrderLink, Status, When } from "../parts/show";
import { Empty, ProblemBox, Show } from "../parts/states";
import { Table } from "../parts/table";
import { to } from "../route";
import type { Shipment, ShipmentPage } from "../shapes";

/** How many addresses are read at the same time. */
const AT_ONCE = 6;

export function Shipments() {
  const list = useList<Shipment>("/shipments?open=true&limit=50", "board");
  const [sheets, setSheets] = useState<ShipmentPage[]>();
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();

  async function prepare(shipments: Shipment[]) {
    setBusy(true);
    setProblem(undefined);
    try {
      const found: ShipmentPage[] = [];
      for (let at = 0; at < shipments.length; at += AT_ONCE) {
        const part = shipments.slice(at, at + AT_ONCE);
        found.push(...(await Promise.all(part.map((shipment) => get<ShipmentPage>(`/shipments/${shipment.order_id}`)))));
      }
      setSheets(found);
      // After the sheets are drawn.
      setTimeout(() => print(), 50);
    } catch (error) {
      setProblem(asProblem(error));
    }
    setBusy(false);
  }

  return (
    <Page title="To pack" topic="board">
      {problem && <ProblemBox problem={problem} />}
      <Show of={list}>
        {({ items, next }) =>
          items.length === 0 ? (
            <Empty>Nothing is to be packed.</Empty>
          ) : (
            <>
              <div class="actions">
                <button type="button" class="primary" aria-disabled={isBusy} onClick={() => !isBusy && void prepare(items)}>
                  {isBusy ? "Reading the addresses…" : `Print the packing list of ${items.length}`}
                </button>
              </div>
              <Table
                caption="Shipments to pack"
                rows={items}
                id={(shipment) => shipment.order_id}
                columns={[
                  { name: "Order", cell: (shipment) => <OrderLink id={shipment.order_id} number={shipment.number} /> },
                  { name: "State", cell: (shipment) => <Status of={shipment.state} /> },
                  { name: "Items", cell: (shipment) => shipment.lines.map((line) => `${line.quantity}×${line.sku}`).join(", ") },
                  { name: "Label", cell: (shipment) => (shipment.label ? `${shipment.label.carrier} ${shipment.label.tracking_code}` : "–") },
                  { name: "Since", cell: (shipment) => <When at={shipment.requested_at} /> },
                  { name: "Next", cell: (shipment) => <a href={to("orders", shipment.order_id)}>Dispatch {shipment.number}</a> },
                ]}
              />
              <More of={list} next={next} />
            </>
          )
        }
      </Show>
      {sheets && <Sheets of={sheets} />}
    </Page>
  );
}

/** Seen on paper alone. */
function Sheets({ of }: { of: ShipmentPage[] }) {
  return (
    <div class="sheets" aria-hidden="true">
      {of.map((sheet) => (
        <div class="sheet" key={sheet.order_id}>
          <p class="title">{sheet.number}</p>
          <p>
            {[sheet.address?.name, sheet.address?.line1, sheet.address?.line2, `${sheet.address?.postal_code ?? ""} ${sheet.address?.city ?? ""}`, sheet.address?.country]
              .filter(Boolean)
              .map((line) => (
                <span class="line" key={line}>
                  {line}
                </span>
              ))}
          </p>
          <table>
            <thead>
              <tr>
                <th>Packed</th>
                <th>Pieces</th>
                <th>SKU</th>
              </tr>
            </thead>
            <tbody>
              {sheet.lines.map((line) => (
                <tr key={line.sku}>
                  <td>☐</td>
                  <td>{line.quantity}</td>
                  <td>{line.sku}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ))}
    </div>
  );
}
