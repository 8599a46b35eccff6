import { type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from "react";
import { useSettings } from "../stores/settings.ts";
import { beginTour, endTour, goToStep, useTour } from "../stores/tour.ts";
import { Icon } from "./Icon.tsx";

interface Step {
  title: string;
  text: string;
  /** What it is about, on the page. */
  at: string;
}

const steps: readonly Step[] = [
  {
    title: "A pipeline",
    text: "Data flows from left to right: images and texts, a model, a loss, its training. Blue parts are pretrained and frozen, purple ones are new and learn.",
    at: ".canvas",
  },
  {
    title: "Blocks",
    text: "Drag a block onto the canvas, or onto a wire. Draw a wire from port to port: those that fit glow, and the others say why not.",
    at: ".palette",
  },
  {
    title: "Every block opens",
    text: "Double-click a block, or press Ctrl+Enter, to see its inside and to change it. A single click shows its fields.",
    at: ".react-flow__node:has(.card-open)",
  },
  {
    title: "Run",
    text: "Run trains the model on this machine. The arrow beside it sets steps and seeds; Runs, at the top, compares what came of them.",
    at: ".run-controls",
  },
  {
    title: "Watch it learn",
    text: "Loss, gates, attention and captions move here while it trains. Open a panel by its name.",
    at: ".dock-bar",
  },
  {
    title: "All commands",
    text: "The menu has all of them, Ctrl+K finds them by typing, and ? lists the keys. N writes a note on the canvas.",
    at: ".topbar .anchor",
  },
];

/** Offers the tour beside the pipeline's name, until it was taken or declined. */
export function TourOffer() {
  const isOffered = useSettings(({ toured }) => !toured);
  const isOn = useTour(({ step }) => step !== undefined);
  if (!isOffered || isOn) return null;
  return (
    <div className="tour-offer">
      <button type="button" className="link" onClick={beginTour}>
        New here? A tour of one minute
      </button>
      <button type="button" className="icon-button small" onClick={endTour} aria-label="No tour">
        <Icon name="close" size={12} />
      </button>
    </div>
  );
}

const size = { width: 330, gap: 14 } as const;

/** One step of the tour: a card beside what it is about. Its buttons, the arrow keys and Escape lead on, back and out. */
export function Tour() {
  const at = useTour(({ step }) => step);
  return at === undefined ? null : <Stop key={at} at={at} />;
}

function Stop({ at }: { at: number }) {
  const { title, text, at: selector } = steps[at]!;
  const card = useRef<HTMLDivElement>(null);
  const place = usePlace(selector, card);
  useFocus(card);
  const isLast = at === steps.length - 1;
  const next = () => (isLast ? endTour() : goToStep(at + 1));
  const back = () => goToStep(Math.max(0, at - 1));
  const onKeyDown = (event: KeyboardEvent) => {
    const act = { Escape: endTour, ArrowRight: next, ArrowLeft: back }[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation(); // Escape would drop the selection, too
    act();
  };
  return (
    <>
      <div className="tour-light" style={place.light} aria-hidden="true" />
      <div
        ref={card}
        className="tour-card"
        role="dialog"
        aria-label={`Tour, ${at + 1} of ${steps.length}: ${title}`}
        aria-describedby="tour-text"
        tabIndex={-1}
        style={place.card}
        onKeyDown={onKeyDown}
      >
        <h2 className="tour-title">{title}</h2>
        <p id="tour-text">{text}</p>
        <footer>
          <span className="muted">
            {at + 1} of {steps.length}
          </span>
          <button type="button" className="button quiet" onClick={endTour}>
            End the tour
          </button>
          {at > 0 && (
            <button type="button" className="button" onClick={back}>
              Back
            </button>
          )}
          <button type="button" className="button strong" data-next onClick={next}>
            {isLast ? "Done" : "Next"}
          </button>
        </footer>
      </div>
    </>
  );
}

/** The focus is on the button that leads on; after the tour it is where it was. */
function useFocus(card: React.RefObject<HTMLDivElement | null>): void {
  useEffect(() => {
    const before = document.activeElement;
    card.current?.querySelector<HTMLElement>("[data-next]")?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, [card]);
}

interface Place {
  light: { left: number; top: number; width: number; height: number };
  card: { left: number; top: number };
}

/** Where the card stands: below what it is about, above it, beside it, or within it, wherever there is room first. */
function usePlace(selector: string, card: React.RefObject<HTMLDivElement | null>): Place {
  const [place, setPlace] = useState<Place>(() => placeAt(selector, 200));
  useLayoutEffect(() => {
    const measure = () => setPlace(placeAt(selector, card.current?.offsetHeight ?? 200));
    measure();
    window.addEventListener("resize", measure);
    return () => window.removeEventListener("resize", measure);
  }, [selector, card]);
  return place;
}

function placeAt(selector: string, height: number): Place {
  const target = document.querySelector(selector)?.getBoundingClientRect();
  const box = target ?? new DOMRect(window.innerWidth / 2, window.innerHeight / 2, 0, 0);
  const { left, top, width } = box;
  const { gap } = size;
  const within = (value: number, room: number) => Math.max(gap, Math.min(value, room - gap));
  const middle = within(left + width / 2 - size.width / 2, window.innerWidth - size.width);
  const places: [left: number, top: number, fits: boolean][] = [
    [middle, box.bottom + gap, box.bottom + gap + height < window.innerHeight],
    [middle, top - gap - height, top - gap - height > 0],
    [box.right + gap, within(top, window.innerHeight - height), box.right + gap + size.width < window.innerWidth],
    [middle, within(top + box.height / 2 - height / 2, window.innerHeight - height), true],
  ];
  const [x, y] = places.find(([, , fits]) => fits)!;
  return {
    light: { left: left - 4, top: top - 4, width: width + 8, height: box.height + 8 },
    card: { left: x, top: y },
  };
}
