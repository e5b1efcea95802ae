// The pages by the hash of the address. Nothing personal is ever in it, because browsers keep a history.

import { useEffect, useState } from "preact/hooks";

/** `#/orders/ab12` is `["orders", "ab12"]`, the first page is `[]`. */
export function useRoute(): string[] {
  const [route, setRoute] = useState(read);
  useEffect(() => {
    const changed = () => setRoute(read());
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return route;
}

export function to(...parts: string[]): string {
  return `#/${parts.map(encodeURIComponent).join("/")}`;
}

export function go(...parts: string[]): void {
  location.hash = to(...parts);
}

function read(): string[] {
  const parts = location.hash.replace(/^#\/?/, "").split("/").filter(Boolean);
  try {
    return parts.map(decodeURIComponent);
  } catch {
    return ["unknown"];
  }
}
