// What a page shows while there is nothing to show: loading, empty, denied, failed.

import type { ComponentChildren } from "preact";
import type { Problem } from "../api";
import type { Loaded } from "../load";

/** The content once it is there. If loading it again failed, the content stays and the failure is said above it. */
export function Show<T>({ of, children }: { of: Loaded<T>; children: (data: T) => ComponentChildren }) {
  const { data, problem, isLoading, reload } = of;
  return (
    <>
      {problem && <ProblemBox problem={problem} retry={reload} isStale={data !== undefined} />}
      {data !== undefined ? children(data) : isLoading && !problem && <Loading />}
    </>
  );
}

export function Loading({ what = "Loading" }: { what?: string }) {
  return (
    <p class="state" role="status">
      <span class="spinner" aria-hidden="true" /> {what}…
    </p>
  );
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="state">{children}</p>;
}

export function ProblemBox({ problem, retry, isStale = false }: { problem: Problem; retry?: () => void; isStale?: boolean }) {
  if (problem.isDenied) {
    return (
      <div class="box denied" role="alert">
        <strong>You may not see or do this.</strong> {sentence(problem.detail)} An admin of the user pool can add your account to it.
      </div>
    );
  }
  return (
    <div class="box bad" role="alert">
      <div>
        <strong>{problem.title}.</strong> {problem.detail !== problem.title && sentence(problem.detail)}
        {problem.errors.length > 0 && (
          <ul>
            {problem.errors.map((error) => (
              <li key={error.pointer}>
                <code>{error.pointer}</code> {error.detail}
              </li>
            ))}
          </ul>
        )}
        {problem.retryAfter !== undefined && <> Try again in {problem.retryAfter} s.</>}
        {isStale && <> What is shown below is older.</>}
      </div>
      {retry && (
        <button type="button" class="small" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** The API's details begin small and end without a full stop. */
function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return begun && !/[.!?]$/.test(begun) ? `${begun}.` : begun;
}
