// Signing in at Conveyor's user pool from a page, without dependencies. See ../README.md.

export { SignInError } from "./errors";
export { PASSWORD_LENGTH, PASSWORD_RULE, Pool, type SignedIn, type SignedUp } from "./pool";
export { Session, type Grant, type Issuer, type Person } from "./session";
