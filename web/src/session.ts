// Who is signed in at the console, and their token. How people sign in is a library that a shop's page uses too.

import { Pool, Session, type SignedIn } from "../../examples/sign-in/src";
import { settings } from "./settings";

export interface Person {
  email: string;
  subject: string;
  isAdmin: boolean;
  isViewer: boolean;
}

/** The page of a shop may have the same origin, and has a session of its own. */
const STORED = "conveyor.refresh-token";

let opened: { pool: Pool; session: Session } | undefined;

/** Made at the first use, because the settings are loaded first. */
function here() {
  if (!opened) {
    const { endpoint, client_id } = settings().sign_in ?? { endpoint: "", client_id: "" };
    const pool = new Pool(endpoint, client_id);
    opened = { pool, session: new Session(pool, STORED) };
  }
  return opened;
}

export function person(): Person | undefined {
  const someone = here().session.person();
  if (!someone) return undefined;
  const { claim, admin, viewer } = settings().groups;
  const claimed = someone.claims[claim];
  const groups: unknown[] = Array.isArray(claimed) ? claimed : [];
  const { email, subject } = someone;
  return { email, subject, isAdmin: groups.includes(admin), isViewer: groups.includes(viewer) };
}

export const pool = (): Pool => here().pool;
export const watchSession = (changed: () => void) => here().session.watch(changed);
export const resume = () => here().session.resume();
export const token = () => here().session.token();
export const refresh = () => here().session.refresh();
export const signOut = () => here().session.signOut();

/** Begins the session if the pool wants nothing more. */
export function accept(done: SignedIn, email: string): SignedIn {
  if (done.kind === "done") here().session.begin(done.grant, email);
  return done;
}
