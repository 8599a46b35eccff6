import { closeBrackets, closeBracketsKeymap, closeCompletion } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentLess, indentMore } from "@codemirror/commands";
import { javascript } from "@codemirror/lang-javascript";
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { EditorState, Prec } from "@codemirror/state";
import { drawSelection, EditorView, keymap, placeholder } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { meaningOf } from "../document/commands.ts";
import { codeColors } from "../show/codeColors.ts";
import { perform } from "../stores/control.ts";
import { selectCell, useNotebook, writeSource } from "../stores/notebook.ts";
import { kernelAssistance, showsAssistance } from "./kernelAssistance.ts";

/** The text of a cell, to be written in. Its own history undoes text; the notebook's undoes cells. */
export function SourceEditor(props: { cell: string; source: string; code: boolean; label: string }) {
  const { cell, source, code, label } = props;
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | undefined>(undefined);
  const first = useRef(source);
  const edited = useNotebook(({ selected, mode }) => selected === cell && mode === "edit");
  first.current = source;
  useEffect(() => {
    const editor = new EditorView({
      parent: box.current!,
      state: EditorState.create({ doc: first.current, extensions: extensions(cell, code, label) }),
    });
    view.current = editor;
    return () => {
      editor.destroy();
      view.current = undefined;
    };
  }, [cell, code, label]);
  useEffect(() => {
    // Another text than the one that was typed: the notebook was loaded again.
    const editor = view.current;
    if (editor && editor.state.doc.toString() !== source)
      editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: source } });
  }, [source]);
  useEffect(() => {
    const editor = view.current;
    if (edited && editor && !editor.hasFocus) editor.focus();
    else if (!edited && editor?.hasFocus) editor.contentDOM.blur();
  }, [edited]);
  return <div ref={box} className="source" data-code={code} />;
}

function extensions(cell: string, code: boolean, label: string) {
  return [
    // The notebook's own keys come before the text editor's.
    Prec.highest(
      EditorView.domEventHandlers({
        keydown(event, view) {
          const meaning = meaningOf(event, "edit");
          if (!meaning || !("command" in meaning)) return false;
          if (meaning.command.name === "leave" && showsAssistance(view.state)) return false; // it closes that first
          event.preventDefault();
          closeCompletion(view); // also one that is on its way
          perform(meaning.command);
          return true;
        },
        focus() {
          selectCell(cell, "edit");
        },
      }),
    ),
    code ? [javascript({ typescript: true }), kernelAssistance()] : placeholder("Text in Markdown, formulas in $…$"),
    history(),
    drawSelection(),
    indentUnit.of("  "),
    indentOnInput(),
    bracketMatching(),
    code ? closeBrackets() : [],
    syntaxHighlighting(codeColors),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ "aria-label": label, spellcheck: code ? "false" : "true" }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) writeSource(cell, update.state.doc.toString());
    }),
    keymap.of([
      { key: "ArrowUp", run: (view) => atEdge(view, "up") && goOn(-1) },
      { key: "ArrowDown", run: (view) => atEdge(view, "down") && goOn(1) },
      { key: "Tab", run: indentMore, shift: indentLess },
      ...closeBracketsKeymap,
      ...historyKeymap,
      ...defaultKeymap,
    ]),
  ];
}

function atEdge({ state }: EditorView, side: "up" | "down"): boolean {
  const { main } = state.selection;
  return main.empty && main.head === (side === "up" ? 0 : state.doc.length);
}

/** From the text's edge the arrow goes on in the neighbouring cell. */
function goOn(step: -1 | 1): boolean {
  const { cells, selected, opened } = useNotebook.getState();
  const next = cells[cells.findIndex(({ id }) => id === selected) + step];
  if (!next) return false;
  selectCell(next.id, next.cell_type === "markdown" && !opened.has(next.id) ? "command" : "edit");
  return true;
}
