/** A refusal, in words for the person. `code` is what a page may decide by, for example `UserNotConfirmedException`. */
export class SignInError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}
