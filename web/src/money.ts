// Amounts as people write them. The API counts in minor units; how many decimals a currency has comes from the API's own table.

import { settings } from "./settings";

function exponent(currency: string): number | undefined {
  return settings().currencies[currency]?.exponent;
}

/** 1250 with EUR is `12.50 EUR`. A currency that the table lacks shows its minor units, and says so. */
export function money(amount: number, currency: string): string {
  const decimals = exponent(currency);
  if (decimals === undefined) return `${amount} minor units ${currency}`;
  return `${decimal(amount, decimals, true)} ${currency}`;
}

/** The amount as it is typed, without groups: `12.50`. */
export function plain(amount: number, currency: string): string {
  return decimal(amount, exponent(currency) ?? 0, false);
}

/** Minor units of a typed amount; `undefined` if it is none, or has more decimals than the currency. Floats are not used. */
export function minor(text: string, currency: string): number | undefined {
  const decimals = exponent(currency) ?? 0;
  const found = /^(\d{1,12})(?:[.,](\d+))?$/.exec(text.trim());
  if (!found) return undefined;
  const fraction = found[2] ?? "";
  if (fraction.length > decimals) return undefined;
  const whole = Number(`${found[1]}${fraction.padEnd(decimals, "0")}`);
  return Number.isSafeInteger(whole) ? whole : undefined;
}

function decimal(amount: number, decimals: number, isGrouped: boolean): string {
  const digits = String(Math.abs(amount)).padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  const grouped = isGrouped ? whole.replace(/\B(?=(\d{3})+$)/g, "\u202f") : whole;
  const fraction = decimals > 0 ? `.${digits.slice(-decimals)}` : "";
  return `${amount < 0 ? "−" : ""}${grouped}${fraction}`;
}
