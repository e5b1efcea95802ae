// Amounts as customers read them. The API counts in minor units; how many decimals a currency has comes from the API's own table.

import { settings } from "./settings";

/** 1250 with EUR is `€12.50` in English, `12,50 €` in German. */
export function money(amount: number, currency: string): string {
  const decimals = settings().currencies[currency]?.exponent;
  if (decimals === undefined) return `${amount} minor units ${currency}`;
  const format = new Intl.NumberFormat(undefined, {
    style: "currency",
    currency,
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  // As a text, because a floating point number would round large amounts.
  const digits = String(amount).padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  return format.format((decimals ? `${whole}.${digits.slice(-decimals)}` : whole) as `${number}`);
}
