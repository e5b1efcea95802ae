// Signing in from a page, without dependencies: at Conveyor's user pool, or at the pages of an issuer. See ../README.md.

export { CodeFlow, type Client, type Returned } from "./code";
export { SignInError } from "./errors";
export { PASSWORD_LENGTH, PASSWORD_RULE, Pool, type SignedIn, type SignedUp } from "./pool";
export { Session, type Grant, type Issuer, type Person } from "./session";
