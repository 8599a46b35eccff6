import {
  autocompletion,
  type Completion,
  type CompletionContext,
  type CompletionResult,
  completionStatus,
  startCompletion,
} from "@codemirror/autocomplete";
import { type EditorState, type Extension, Prec, StateEffect, StateField } from "@codemirror/state";
import { type EditorView, hoverTooltip, keymap, showTooltip, type Tooltip } from "@codemirror/view";
import { stripAnsi } from "../show/ansi.ts";
import { renderMarkdown } from "../show/markdown.ts";
import { askInspection, askSuggestions } from "../stores/assistance.ts";
import { useNotebook } from "../stores/notebook.ts";

/** What the kernel knows while one writes: names that fit, with their types and documentation, and help on a name. */
export function kernelAssistance(): Extension {
  return [
    autocompletion({ override: [complete], icons: false, maxRenderedOptions: 200 }),
    help,
    hoverTooltip(hover, { hoverTime: 400 }),
    Prec.high(
      keymap.of([
        { key: "Shift-Tab", run: showHelp },
        { key: "Escape", run: closeHelp },
        { key: "Ctrl-Space", run: startCompletion },
        {
          key: "Tab",
          run: (view) => afterName(view) && completionStatus(view.state) === null && startCompletion(view),
        },
      ]),
    ),
  ];
}

/** Whether names or help are on the page now: Escape closes them. */
export function showsAssistance(state: EditorState): boolean {
  return completionStatus(state) === "active" || state.field(help, false) != null;
}

/** In Jupyter, Tab after a name or a dot asks for what fits; elsewhere it indents. */
function afterName({ state }: EditorView): boolean {
  const { main } = state.selection;
  return main.empty && /[\w$.]$/.test(state.sliceDoc(Math.max(0, main.head - 1), main.head));
}

async function complete(context: CompletionContext): Promise<CompletionResult | null> {
  const begun = context.matchBefore(/[\w$]+$/);
  const afterDot = context.matchBefore(/\.$/);
  if (!context.explicit && !begun && !afterDot) return null;
  const code = context.state.doc.toString();
  const found = await askSuggestions(code, context.pos).catch(() => undefined);
  if (!found || context.aborted || found.items.length === 0) return null;
  return {
    from: found.from,
    to: found.to,
    options: found.items.map(
      ({ text, kind, type, documentation }): Completion => ({
        label: text,
        ...(kind ? { type: kind } : {}),
        ...(type ? { detail: short(type) } : {}),
        ...(type || documentation ? { info: () => describe(type, documentation) } : {}),
      }),
    ),
    validFor: /^[\w$]*$/,
  };
}

/** A type as it fits beside a name. */
function short(type: string): string {
  const line = type.replaceAll(/\s+/g, " ");
  return line.length <= 42 ? line : `${line.slice(0, 41)}…`;
}

function describe(type: string | undefined, documentation: string | undefined): HTMLElement {
  const box = document.createElement("div");
  box.className = "help-text";
  if (type) box.append(code(type));
  if (documentation) box.append(renderMarkdown(documentation, { notebook: useNotebook.getState().path ?? "" }));
  return box;
}

function code(text: string): HTMLElement {
  const block = document.createElement("pre");
  block.textContent = text;
  return block;
}

/** Help on the name at a place, as the kernel gives it: Markdown before plain text. */
async function helpAt(view: EditorView, at: number): Promise<HTMLElement | undefined> {
  const data = await askInspection(view.state.doc.toString(), at).catch(() => undefined);
  const markdown = data?.["text/markdown"];
  const plain = data?.["text/plain"];
  if (typeof markdown === "string") return describe(undefined, markdown);
  if (typeof plain !== "string") return undefined;
  const box = document.createElement("div");
  box.className = "help-text";
  box.append(code(stripAnsi(plain)));
  return box;
}

async function hover(view: EditorView, at: number): Promise<Tooltip | null> {
  const word = view.state.wordAt(at);
  if (!word) return null;
  const text = await helpAt(view, word.to);
  return text ? { pos: word.from, end: word.to, ...besideCode(view, word.from, text) } : null;
}

/** Room that a card with help needs, in pixels. */
const cardHeight = 200;

/** A card below the cell's code, or above it where there is more room: it covers none of the code that one reads. */
function besideCode(view: EditorView, at: number, dom: HTMLElement): Pick<Tooltip, "above" | "strictSide" | "create"> {
  const code = () => view.contentDOM.getBoundingClientRect();
  const { top, bottom } = code();
  const below = window.innerHeight - bottom;
  const above = below < cardHeight && top > below;
  const getCoords = () => {
    const { left, right } = view.coordsAtPos(at) ?? code();
    const edge = above ? code().top : code().bottom;
    return { left, right, top: edge, bottom: edge };
  };
  return { above, strictSide: true, create: () => ({ dom, getCoords }) };
}

const setHelp = StateEffect.define<Tooltip | null>();

/** Help that was asked for by Shift-Tab stays until something is typed, or Escape. */
const help = StateField.define<Tooltip | null>({
  create: () => null,
  update(shown, transaction) {
    for (const effect of transaction.effects) if (effect.is(setHelp)) return effect.value;
    return transaction.docChanged || transaction.selection ? null : shown;
  },
  provide: (field) => showTooltip.from(field),
});

function showHelp(view: EditorView): boolean {
  const { head } = view.state.selection.main;
  const at = view.state.wordAt(head)?.to ?? head;
  void helpAt(view, at).then((text) => {
    const tooltip = text ? { pos: at, ...besideCode(view, at, text) } : null;
    if (view.state.selection.main.head === head) view.dispatch({ effects: setHelp.of(tooltip) });
  });
  return true;
}

function closeHelp(view: EditorView): boolean {
  if (view.state.field(help, false) == null) return false;
  view.dispatch({ effects: setHelp.of(null) });
  return true;
}
