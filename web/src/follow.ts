// How a page learns of changes. Today it asks again after some seconds while it is visible, and says so. A socket would plug in here:
// whatever calls `onChange` when something about the topic changed.

/** Seconds between two questions, by what is followed. */
export const EVERY = { order: 5, board: 10, slow: 30 } as const;

export type Topic = { order: string } | "board" | "slow";

/** Calls `onChange` whenever the topic may have changed, until the returned function is called. */
export function follow(topic: Topic, onChange: () => void): () => void {
  const seconds = everySeconds(topic);
  const look = () => {
    if (document.visibilityState === "visible") onChange();
  };
  const timer = setInterval(look, seconds * 1000);
  // A page that was in the background is out of date when it is seen again.
  document.addEventListener("visibilitychange", look);
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", look);
  };
}

export function everySeconds(topic: Topic): number {
  return typeof topic === "string" ? EVERY[topic] : EVERY.order;
}
