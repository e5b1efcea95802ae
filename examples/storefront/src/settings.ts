// What the page has to know about the stack: `settings.json` beside it.

export interface Settings {
  name: string;
  /** Where the API is, as in `https://….amazonaws.com`; `null`: one folder above the page. */
  api: string | null;
  /** The stack's output `LiveUrl`. */
  live_url: string;
  sign_in: { endpoint: string; client_id: string };
  /** The payment provider's script and publishable key; `null`: no card is taken. */
  cards: { script: string; key: string } | null;
  /** The sender that reports transfers; `null`: no transfer is taken. */
  transfer: string | null;
  currencies: Record<string, { exponent: number; step: number }>;
}

let loaded: Settings | undefined;

export async function loadSettings(): Promise<void> {
  const answer = await fetch("settings.json", { cache: "no-store" });
  if (!answer.ok) throw new Error(`settings.json was answered ${answer.status}`);
  loaded = (await answer.json()) as Settings;
}

/** The settings. They are loaded before anything is shown. */
export function settings(): Settings {
  if (!loaded) throw new Error("the settings are not loaded yet");
  return loaded;
}

/** The address of a path of the API. */
export function address(path: string): URL {
  const { api } = settings();
  return new URL(path.replace(/^\//, ""), api ? `${api}/` : new URL("..", document.baseURI));
}
