// Idempotency keys. A key names what the person means to do, seen from the state that the page shows: the same button pressed twice,
// in one tab or in two, sends the same key, and the API does it once. After it is done the page shows another state, and a further
// click is another intent.
//
// So a key is made of the action, its object and a number that grows with each such action: for a refund how many refunds
// the order has had, for a correction of the stock its version. The amount and the reason are not part of it: two tabs with different
// amounts send one key with two requests, and the API refuses the second with 422 instead of refunding twice. Where nothing grows so
// (a new endpoint), it is the moment at which the form was opened: that covers a form that is sent twice, not two forms.

export function intentKey(action: string, object: string, seen: string | number): string {
  return `console/${action}/${object}/${seen}`;
}
