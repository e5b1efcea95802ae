// What the page has to know about the stack: `settings.json` of the function that serves it.

import type { Client } from "../../examples/sign-in/src";

export interface Currency {
  exponent: number;
  step: number;
}

/** The form of this page at the user pool, or the pages of an issuer. */
export type SignIn = { kind: "password"; endpoint: string; client_id: string } | ({ kind: "code" } & Client);

export interface Settings {
  stack: string;
  version: string;
  /** `null`: the tokens are of another issuer, and the stack does not know its pages. */
  sign_in: SignIn | null;
  /** Address of live tracking. */
  live_url: string;
  groups: { claim: string; admin: string; staff: string; viewer: string };
  currencies: Record<string, Currency>;
}

let loaded: Settings | undefined;

/** The page is at `<api>/console/index.html`, so the API is one folder up. */
export const API = new URL("..", document.baseURI).href;

export async function loadSettings(): Promise<Settings> {
  const answer = await fetch("settings.json", { cache: "no-store" });
  if (!answer.ok) throw new Error(`settings.json was answered ${answer.status}`);
  loaded = (await answer.json()) as Settings;
  return loaded;
}

/** The settings. They are loaded before anything is shown. */
export function settings(): Settings {
  if (!loaded) throw new Error("the settings are not loaded yet");
  return loaded;
}
