import { useEffect } from "react";
import { useRun } from "../stores/run.ts";

/** Live figures are drawn at most so often. */
const interval = 250;

/**
 * Calls `draw` when the run's state changes, at most four times a second and only while `element` is on the screen.
 * It is called outside of React's rendering; at once when it is another function than before (`useCallback`).
 */
export function useRedraw(element: React.RefObject<Element | null>, draw: () => void): void {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let last = 0;
    let stale = false;
    let seen = true;
    const paint = () => {
      timer = undefined;
      if (!seen || document.hidden) {
        stale = true;
        return;
      }
      stale = false;
      last = performance.now();
      draw();
    };
    const request = () => {
      timer ??= setTimeout(paint, Math.max(0, interval - (performance.now() - last)));
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
    const unsubscribe = useRun.subscribe(request);
    paint();
    return () => {
      unsubscribe();
      observer.disconnect();
      document.removeEventListener("visibilitychange", appear);
      clearTimeout(timer);
    };
  }, [element, draw]);
}
