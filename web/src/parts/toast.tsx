// What just happened, said to eyes and screen readers, for some seconds.

import { useEffect, useState } from "preact/hooks";

const SHOWN_FOR = 8000;
let show: ((text: string) => void) | undefined;

export function say(text: string): void {
  show?.(text);
}

export function Toast() {
  const [text, setText] = useState("");
  useEffect(() => {
    show = setText;
    return () => {
      show = undefined;
    };
  }, []);
  useEffect(() => {
    if (!text) return;
    const timer = setTimeout(() => setText(""), SHOWN_FOR);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <div class="toast" role="status">
      {text && <span>{text}</span>}
    </div>
  );
}
