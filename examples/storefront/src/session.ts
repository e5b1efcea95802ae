// Who is signed in, and their token.

import { Pool, Session } from "../../sign-in/src";
import { settings } from "./settings";

let opened: { pool: Pool; session: Session } | undefined;

/** Made at the first use, because the settings are loaded first. */
function here() {
  if (!opened) {
    const { endpoint, client_id } = settings().sign_in;
    const pool = new Pool(endpoint, client_id);
    // The console may be on the same origin, and has a session of its own.
    opened = { pool, session: new Session(pool, "shop.refresh-token") };
  }
  return opened;
}

export const pool = (): Pool => here().pool;
export const session = (): Session => here().session;
