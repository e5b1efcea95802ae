// Who is signed in at the console, and their token. How people sign in is a library that a shop's page uses too.

import { CodeFlow, Pool, Session, type SignedIn } from "../../examples/sign-in/src";
import { settings, type SignIn } from "./settings";

/** As the API reads it from the groups; each may what those before it may. The API decides: docs/access.md. */
export type Role = "customer" | "viewer" | "staff" | "admin";
const ROLES: Role[] = ["customer", "viewer", "staff", "admin"];

export interface Person {
  email: string;
  subject: string;
  role: Role;
}

/** The page of a shop may have the same origin, and has a session of its own. */
const STORED = "conveyor.refresh-token";
/** What this tab remembers while the person is at the issuer's pages. */
const LEAVING = "conveyor.leaving";

let opened: { issuer: Pool | CodeFlow; session: Session } | undefined;

/** Made at the first use, because the settings are loaded first. */
function here() {
  if (!opened) {
    const issuer = issuerOf(settings().sign_in);
    opened = { issuer, session: new Session(issuer, STORED) };
  }
  return opened;
}

function issuerOf(way: SignIn | null): Pool | CodeFlow {
  if (!way) throw new Error("this stack does not say where people sign in");
  if (way.kind === "password") return new Pool(way.endpoint, way.client_id);
  return new CodeFlow(way, new URL("index.html", document.baseURI).href, LEAVING);
}

export function person(): Person | undefined {
  const someone = settings().sign_in ? here().session.person() : undefined;
  if (!someone) return undefined;
  const named = settings().groups;
  const claimed = someone.claims[named.claim];
  const groups: unknown[] = Array.isArray(claimed) ? claimed : [];
  const role = (["admin", "staff", "viewer"] as const).find((role) => groups.includes(named[role])) ?? "customer";
  const { email, subject } = someone;
  return { email, subject, role };
}

/** Whether the person has this role or a higher one. */
export function may(role: Role): boolean {
  const someone = person();
  return someone !== undefined && ROLES.indexOf(someone.role) >= ROLES.indexOf(role);
}

export const token = () => here().session.token();
/** Seconds until the token expires that `token` gave last. */
export const secondsLeft = () => here().session.secondsLeft();
export const refresh = () => here().session.refresh();
export const signOut = () => here().session.signOut();

export function watchSession(changed: () => void): () => void {
  return settings().sign_in ? here().session.watch(changed) : () => {};
}

/** The user pool, whose form is in this page. */
export function pool(): Pool {
  const { issuer } = here();
  if (!(issuer instanceof Pool)) throw new Error("people sign in at the issuer's pages");
  return issuer;
}

/** Begins the session if the pool wants nothing more. */
export function accept(done: SignedIn, email: string): SignedIn {
  if (done.kind === "done") here().session.begin(done.grant, email);
  return done;
}

/** Leaves for the issuer's pages, and comes back to the place where the person is now. */
export async function leave(): Promise<void> {
  const { issuer } = here();
  if (issuer instanceof CodeFlow) location.assign(await issuer.leave(location.hash));
}

/** Takes up the session of this tab: at a return from the issuer's pages, or after a reload. Returns what the person has to know. */
export async function takeUp(): Promise<string> {
  if (!settings().sign_in) return "";
  const { issuer, session } = here();
  if (issuer instanceof CodeFlow) {
    const address = new URL(location.href);
    try {
      const returned = await issuer.arrive(address);
      if (returned) {
        history.replaceState(null, "", address.pathname + returned.place);
        session.begin(returned.grant);
        return "";
      }
    } catch (error) {
      history.replaceState(null, "", address.pathname);
      return error instanceof Error ? error.message : String(error);
    }
  }
  await session.resume();
  return "";
}
