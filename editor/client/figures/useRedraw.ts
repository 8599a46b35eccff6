import { useEffect } from "react";
import { useRun } from "../stores/run.ts";

/** Between two drawings, in milliseconds: at least this, longer where drawing is slow, and never longer than that. */
const interval = { least: 250, most: 1500 } as const;
/** Drawing takes about this part of the page's time. */
const part = 0.1;

/**
 * Calls `draw` when the run's state changes, or what else `subscribe` follows: at most four times a second, more seldom where drawing is slow, and only
 * while `element` is on the screen. It is called outside of React's rendering; at once when it is another function than
 * before (`useCallback`).
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
    const paint = async () => {
      stale = !seen || document.hidden;
      const began = performance.now();
      if (!stale) await draw();
      const ended = performance.now();
      next = ended + Math.min(interval.most, Math.max(interval.least, (ended - began) / part));
      timer = undefined;
    };
    const request = () => {
      timer ??= setTimeout(() => void paint(), Math.max(0, next - performance.now()));
    };
    const appear = () => {
      if (stale) request();
    };
    const observer = new IntersectionObserver(([entry]) => {
      seen = entry?.isIntersecting ?? true;
      appear();
    });
    if (element.current) observer.observe(element.current);
    document.addEventListener("visibilitychange", appear);
    const unsubscribe = subscribe(request);
    void paint();
    return () => {
      unsubscribe();
      observer.disconnect();
      document.removeEventListener("visibilitychange", appear);
      clearTimeout(timer);
    };
  }, [element, draw, subscribe]);
}
