// The frame of a page: its heading, which gets the focus when the page opens, and how fresh it is.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { type Topic, useFreshness } from "../follow";

export function Page({
  title,
  extra,
  topic,
  actions,
  children,
}: {
  title: string;
  extra?: ComponentChildren;
  topic?: Topic | { order: string };
  actions?: ComponentChildren;
  children: ComponentChildren;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    heading.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, []);
  return (
    <main id="main">
      <div class="heading">
        <h1 tabIndex={-1} ref={heading}>
          {title}
        </h1>
        {extra}
        {topic && <Fresh topic={topic} />}
        {actions && <div class="buttons">{actions}</div>}
      </div>
      {children}
    </main>
  );
}

function Fresh({ topic }: { topic: Topic | { order: string } }) {
  return <span class="fresh">{useFreshness(topic)}</span>;
}

export function Section({ title, count, children }: { title: string; count?: number | undefined; children: ComponentChildren }) {
  const id = `section-${title.toLowerCase().replace(/\W+/g, "-")}`;
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>
        {title} {count !== undefined && <span class="count">{count}</span>}
      </h2>
      {children}
    </section>
  );
}
