// What the shop uses of Stripe.js and localstripe's own script lacks. `stripe_server` appends this file to that script, so a function
// of the same name here replaces the one there.

/** 3-D Secure, as a dialog: usable with the keyboard alone, and readable in light and dark. */
function openModal(text, confirmText, cancelText) {
  return new Promise((resolve) => {
    const dialog = document.createElement("dialog");
    dialog.setAttribute("aria-label", "3-D Secure");
    const end = (isConfirmed) => {
      dialog.remove();
      resolve(isConfirmed);
    };
    const question = document.createElement("p");
    question.textContent = text;
    const buttons = [[confirmText, true], [cancelText, false]].map(([name, isConfirmed]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = name;
      button.addEventListener("click", () => end(isConfirmed));
      return button;
    });
    dialog.addEventListener("cancel", () => end(false));
    dialog.append(question, ...buttons);
    document.body.append(dialog);
    dialog.showModal();
  });
}

const stripeWithoutPaymentMethods = Stripe;

Stripe = (key) => ({
  ...stripeWithoutPaymentMethods(key),
  /** `asked.card` is the element of the form. Resolves with `paymentMethod` or `error`, as Stripe's does. */
  createPaymentMethod: async ({ card, billing_details }) => {
    const typed = card.value?.card;
    const number = typed?.number.replaceAll(" ", "") ?? "";
    if (number.length !== 16) return { error: { message: "Your card number is incomplete." } };
    if (!/^\d{1,2}$/.test(typed.exp_month) || !/^\d{4}$/.test(typed.exp_year)) {
      return { error: { message: "Your card's expiration date is incomplete." } };
    }
    if (typed.cvc.length !== 3) return { error: { message: "Your card's security code is incomplete." } };
    const answer = await fetch(`${LOCALSTRIPE_BASE_API}/js.stripe.com/v1/payment_methods`, {
      method: "POST",
      body: JSON.stringify({ key, type: "card", card: { ...typed, number }, billing_details }),
    });
    const body = await answer.json();
    return answer.ok ? { paymentMethod: body } : { error: body.error };
  },
});
