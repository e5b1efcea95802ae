// The user pool, called as Cognito's own clients do: a POST whose target is a header. The client has no secret.

import { SignInError } from "./errors";
import type { Grant, Issuer } from "./session";

/** What the pool asks of a password. `template/api.yaml` sets it. */
export const PASSWORD_RULE = "At least 12 characters, with a capital letter, a small letter and a digit.";
export const PASSWORD_LENGTH = 12;

/** What a sign-in leads to: tokens, or a new password that the pool wants first. */
export type SignedIn = { kind: "done"; grant: Grant } | { kind: "new-password"; email: string; session: string };

/** What a sign-up leads to: an account that waits for the code of a mail, unless the pool confirms by itself. */
export interface SignedUp {
  isConfirmed: boolean;
}

interface Answer {
  AuthenticationResult?: { AccessToken: string; IdToken?: string; RefreshToken?: string; ExpiresIn: number };
  ChallengeName?: string;
  Session?: string;
  UserConfirmed?: boolean;
}

export class Pool implements Issuer {
  /** `endpoint` for example `https://cognito-idp.eu-central-1.amazonaws.com`. */
  constructor(
    private readonly endpoint: string,
    private readonly clientId: string,
  ) {}

  async signIn(email: string, password: string): Promise<SignedIn> {
    const parameters = { USERNAME: email, PASSWORD: password };
    return signedIn(await this.#call("InitiateAuth", { AuthFlow: "USER_PASSWORD_AUTH", AuthParameters: parameters }), email);
  }

  /** Answers the pool's challenge to someone who was invited with a temporary password. */
  async chooseFirstPassword(email: string, session: string, password: string): Promise<SignedIn> {
    const answer = await this.#call("RespondToAuthChallenge", {
      ChallengeName: "NEW_PASSWORD_REQUIRED",
      Session: session,
      ChallengeResponses: { USERNAME: email, NEW_PASSWORD: password },
    });
    return signedIn(answer, email);
  }

  async signUp(email: string, password: string): Promise<SignedUp> {
    const attributes = [{ Name: "email", Value: email }];
    const answer = await this.#call("SignUp", { Username: email, Password: password, UserAttributes: attributes });
    return { isConfirmed: answer.UserConfirmed === true };
  }

  /** Confirms an account by the code of the mail. */
  async confirm(email: string, code: string): Promise<void> {
    await this.#call("ConfirmSignUp", { Username: email, ConfirmationCode: code });
  }

  async resendCode(email: string): Promise<void> {
    await this.#call("ResendConfirmationCode", { Username: email });
  }

  async requestReset(email: string): Promise<void> {
    await this.#call("ForgotPassword", { Username: email });
  }

  async reset(email: string, code: string, password: string): Promise<void> {
    await this.#call("ConfirmForgotPassword", { Username: email, ConfirmationCode: code, Password: password });
  }

  async renew(refreshToken: string): Promise<Grant> {
    const parameters = { REFRESH_TOKEN: refreshToken };
    const answer = await this.#call("InitiateAuth", { AuthFlow: "REFRESH_TOKEN_AUTH", AuthParameters: parameters }).catch(
      (error: unknown) => {
        // A limit says nothing about the session, so it must not end it.
        throw error instanceof SignInError && error.code === "TooManyRequestsException" ? new Error(error.message) : error;
      },
    );
    const done = signedIn(answer, "");
    if (done.kind !== "done") throw new SignInError("Challenge", "The user pool wants a new password: sign in again.");
    return done.grant;
  }

  async revoke(refreshToken: string): Promise<void> {
    await this.#call("RevokeToken", { Token: refreshToken });
  }

  async #call(action: string, body: Record<string, unknown>): Promise<Answer> {
    let answer: Response;
    try {
      answer = await fetch(`${this.endpoint}/`, {
        method: "POST",
        headers: {
          "content-type": "application/x-amz-json-1.1",
          "x-amz-target": `AWSCognitoIdentityProviderService.${action}`,
        },
        body: JSON.stringify({ ClientId: this.clientId, ...body }),
        credentials: "omit",
      });
    } catch {
      throw new Error("The user pool does not answer. Check the connection, then try again.");
    }
    const text = await answer.text();
    if (answer.status >= 500) throw new Error("The user pool is out. Try again in a moment.");
    const parsed = (text ? JSON.parse(text) : {}) as Answer & { __type?: string; message?: string; Message?: string };
    if (answer.ok) return parsed;
    const code = (parsed.__type ?? "Unknown").split("#").pop() ?? "Unknown";
    const words = WORDS_OF_ACTION[action]?.[code] ?? WORDS[code];
    throw new SignInError(code, words ?? parsed.message ?? parsed.Message ?? code);
  }
}

function signedIn(answer: Answer, email: string): SignedIn {
  if (answer.ChallengeName === "NEW_PASSWORD_REQUIRED" && answer.Session) {
    return { kind: "new-password", email, session: answer.Session };
  }
  const result = answer.AuthenticationResult;
  if (!result) {
    throw new SignInError("Challenge", `The user pool asks for ${answer.ChallengeName ?? "more"}, which this page cannot do.`);
  }
  const grant = { access: result.AccessToken, id: result.IdToken, refresh: result.RefreshToken, seconds: result.ExpiresIn };
  return { kind: "done", grant };
}

const TOO_OFTEN = "Too many attempts: wait a while.";
const WRONG = "The address or the password is wrong.";

const WORDS: Record<string, string> = {
  NotAuthorizedException: WRONG,
  UserNotFoundException: WRONG,
  PasswordResetRequiredException: "This password was reset: use “Forgot password”.",
  UserNotConfirmedException: "This account is not confirmed yet.",
  UsernameExistsException: "There is an account with this address: sign in, or use “Forgot password”.",
  InvalidPasswordException: `The password is too simple. ${PASSWORD_RULE}`,
  CodeMismatchException: "The code is wrong.",
  ExpiredCodeException: "The code has expired: request another.",
  CodeDeliveryFailureException: "The mail with the code could not be sent. Check the address, then try again.",
  TooManyRequestsException: TOO_OFTEN,
  TooManyFailedAttemptsException: TOO_OFTEN,
  LimitExceededException: TOO_OFTEN,
};

/** Where the same refusal means something else. */
const WORDS_OF_ACTION: Record<string, Record<string, string>> = {
  SignUp: { NotAuthorizedException: "This shop does not let people sign up by themselves." },
  ConfirmSignUp: { NotAuthorizedException: "This account is confirmed already: sign in." },
  ResendConfirmationCode: { InvalidParameterException: "This account is confirmed already: sign in." },
  ForgotPassword: { InvalidParameterException: "This account is not confirmed yet, so no code can be sent." },
};
