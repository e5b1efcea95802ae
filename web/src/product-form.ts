// A product as the fields of a form, and back. It shows every field: a put replaces the whole product, so one that is missing here would be lost.

import { Problem } from "./api";
import { minor, plain } from "./money";
import type { Field, Values } from "./parts/action";
import { settings } from "./settings";
import type { Product } from "./shapes";

export function productFields(product?: Product): Field[] {
  const currency = product?.currency ?? "EUR";
  return [
    { name: "name", label: "Name", value: product?.name ?? "", maxLength: 200 },
    { name: "price", label: "Price", type: "number", value: product ? plain(product.price, currency) : "", hint: "In the currency’s own decimals, as 12.50." },
    { name: "currency", label: "Currency", type: "select", value: currency, options: Object.keys(settings().currencies) },
    {
      name: "weight_grams",
      label: "Weight in grams",
      type: "number",
      isOptional: true,
      value: String(product?.weight_grams ?? ""),
      check: wholeNumber,
    },
    { name: "description", label: "Description", type: "textarea", isOptional: true, value: product?.description ?? "", maxLength: 4000 },
    {
      name: "images",
      label: "Images",
      type: "textarea",
      isOptional: true,
      value: (product?.images ?? []).join("\n"),
      hint: "One https address on each line. Lists show the first.",
      check: (text) => (lines(text).every((line) => line.startsWith("https://")) ? undefined : "Each line begins with https://."),
    },
    {
      name: "attributes",
      label: "Attributes",
      type: "textarea",
      isOptional: true,
      value: (product?.attributes ?? []).map(({ name, value }) => `${name}: ${value}`).join("\n"),
      hint: "One on each line, as Origin: Uji, Japan.",
      check: (text) => (lines(text).every((line) => /^[^:]+: *\S/.test(line)) ? undefined : "Each line has a name, a colon and a value."),
    },
    { name: "tags", label: "Tags", type: "textarea", isOptional: true, value: (product?.tags ?? []).join("\n"), hint: "One on each line." },
    { name: "tax_class", label: "Tax class", isOptional: true, value: product?.tax_class ?? "", maxLength: 40 },
  ];
}

/** The body of a put. An empty field is left out, and so is removed. */
export function productBody(values: Values): Record<string, unknown> {
  const text = (name: string) => (values[name] ?? "").replaceAll("\r\n", "\n");
  const currency = text("currency");
  const price = minor(text("price"), currency);
  if (price === undefined) throw new Problem(422, "The price is not valid", `An amount such as ${plain(1250, currency)} ${currency}`);
  const given = {
    weight_grams: text("weight_grams").trim() && Number(text("weight_grams")),
    description: text("description"),
    images: lines(text("images")),
    attributes: lines(text("attributes")).map(attribute),
    tags: lines(text("tags")),
    tax_class: text("tax_class"),
  };
  const isGiven = ([, value]: [string, unknown]) => (Array.isArray(value) ? value.length > 0 : value !== "");
  return { name: text("name"), price, currency, ...Object.fromEntries(Object.entries(given).filter(isGiven)) };
}

export function wholeNumber(value: string): string | undefined {
  return /^\d{1,9}$/.test(value.trim()) ? undefined : "A whole number.";
}

/** A value may have colons, a name has none. */
function attribute(line: string): { name: string; value: string } {
  const [name = ""] = line.split(":", 1);
  return { name, value: line.slice(name.length + 1).replace(/^ /, "") };
}

function lines(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => line.trim() !== "");
}
