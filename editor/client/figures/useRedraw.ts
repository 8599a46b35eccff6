import { useEffect } from "react";
import { useRun } from "../stores/run.ts";

/**
 * Between two drawings, in milliseconds: at least this, longer where drawing is slow, and never longer than that. It is the one
 * throttle of the page: state is taken over as it comes.
 */
const interval = { least: 250, most: 1500 } as const;
/** Drawing takes about this share of the page's time. */
const part = 0.1;

/**
 * Calls `draw` when the run's state changes, or what else `subscribe` follows: at most four times a second, less often where
 * drawing is slow, and only while `element` is on the screen. It is called outside of React's rendering; at once when it is
 * another function than before (`useCallback`).
 */
export function useRedraw(
  element: React.RefObject<Element | null>,
  draw: () => void | Promise<void>,
  subscribe: (changed: () => void) => () => void = useRun.subscribe,
): void {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let next = 0;
    let stale = false;
    let seen = true;
    let drawing = false;
    let ended = false;
    let changed = false;
    const paint = async () => {
      timer = undefined;
      stale = !seen || document.hidden;
      if (stale) return;
      drawing = true;
      changed = false;
      const began = performance.now();
      try {
        await draw();
      } finally {
        const now = performance.now();
        next = now + Math.min(interval.most, Math.max(interval.least, (now - began) / part));
        drawing = false;
      }
      if (changed && !ended) request(); // the last change is drawn too, although nothing may come after it
    };
    const request = () => {
      changed = true;
      if (!drawing) timer ??= setTimeout(() => void paint(), Math.max(0, next - performance.now()));
    };
    const appear = () => {
      if (stale) request();
    };
    const observer = new IntersectionObserver((entries) => {
      seen = entries.at(-1)?.isIntersecting ?? true; // a busy page gets several at once, the latest last
      appear();
    });
    if (element.current) observer.observe(element.current);
    document.addEventListener("visibilitychange", appear);
    const unsubscribe = subscribe(request);
    void paint();
    return () => {
      ended = true;
      unsubscribe();
      observer.disconnect();
      document.removeEventListener("visibilitychange", appear);
      clearTimeout(timer);
    };
  }, [element, draw, subscribe]);
}
