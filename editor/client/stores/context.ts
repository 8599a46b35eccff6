import { moveNodes } from "../../../src/graph/edit/drawnGraph.ts";
import { type Action, actions, canDo, type EditorContext } from "../edit/actions.ts";
import { matches } from "../edit/shortcut.ts";
import { nodeSize, tidyPositions } from "../graph/nodePorts.ts";
import { browserStorage } from "./browserStorage.ts";
import {
  commandRun,
  createPipeline,
  downloadPipeline,
  exportPipeline,
  runActions,
  runPipeline,
  savePipeline,
} from "./document.ts";
import { commit, openDialog, redo, select, undo, useEditor } from "./editor.ts";
import { chooseFile } from "./files.ts";
import { leaveInside, openNode, restoreOriginal } from "./inside.ts";
import { tellError } from "./notices.ts";
import { expandNode, exportBlock, importBlocks, ownBlock } from "./ownBlocks.ts";
import { useOwnRun } from "./ownRun.ts";
import { exportPicture } from "./picture.ts";
import { go } from "./route.ts";
import { isDockOpen, useRun } from "./run.ts";
import { changeSettings, useSettings } from "./settings.ts";
import { useStudio } from "./studio.ts";
import { toggleTheme } from "./theme.ts";
import { beginTour } from "./tour.ts";
import { fitAll, middle } from "./viewport.ts";
import { write } from "./writing.ts";

const clipboardPlace = "flamingo:clipboard";

/** The editor as actions see it, now. */
export function editorContext(): EditorContext {
  const { graph, solvable, pipeline, catalog, selection, history, path, opened } = useEditor.getState();
  const { id, state } = useRun.getState();
  return {
    graph,
    solvable,
    blocks: pipeline.blocks,
    catalog,
    selection,
    depth: path.length,
    canUndo: history.past.length > 0,
    canRedo: history.future.length > 0,
    runStatus: id === undefined ? undefined : state.status,
    hasCheckpoint: state.checkpoints.length > 0,
    isOwnRun: useOwnRun.getState().own,
    connected: useStudio.getState().connection === "online",
    clipboard,
    commit: (label, next, chosen, blocks) =>
      commit(label, next, { ...(chosen ? { select: chosen } : {}), ...(blocks ? { blocks } : {}) }),
    select: (nodes) => select(nodes),
    undo,
    redo,
    tidy,
    fit: () => fitAll(),
    open: openDialog,
    openInside: openNode,
    leaveInside,
    sizeOf,
    isOwn: opened.length === 0 || opened.at(-1)!.own !== undefined,
    middle,
    write,
    expand: (node) => void expandNode(node).catch(tellError),
    ownBlock: ownBlock(),
    exportBlock,
    importBlocks: () => chooseFile(importBlocks),
    restoreOriginal,
    create: createPipeline,
    save: () => void savePipeline().catch(tellError),
    download: downloadPipeline,
    exportAs: (form) =>
      form === "png" || form === "svg" ? void exportPicture(form).catch(tellError) : exportPipeline(form),
    toggle: (side) =>
      changeSettings(side === "dock" ? { dock: !isDockOpen() } : { palette: !useSettings.getState().palette }),
    toggleTheme,
    showRuns: () => go({ page: "runs" }),
    search,
    tour: beginTour,
    inspect,
    run: (command) => void (command === "start" ? runPipeline() : commandRun(command)).catch(tellError),
    runOnly: (targets) => void runActions(targets).catch(tellError),
  };
}

/** Does an action if it can be done now. */
export function perform(action: Action): boolean {
  const context = editorContext();
  if (!canDo(action, context)) return false;
  action.perform(context);
  return true;
}

/** Listens for shortcuts. Where a person types text, the keys are theirs. */
export function listenForShortcuts(): () => void {
  const onKeyDown = (event: KeyboardEvent) => {
    // Keys with a modifier come first to us: the canvas takes Enter on a node for a click, with Control for one that deselects it.
    const withModifier = event.ctrlKey || event.metaKey;
    if (withModifier !== (event.eventPhase === Event.CAPTURING_PHASE)) return;
    if (event.defaultPrevented || useEditor.getState().dialog !== undefined || belongsToField(event)) return;
    const action = actions.find(({ shortcut, alternative }) =>
      [shortcut, alternative].some((keys) => keys !== undefined && matches(keys, event)),
    );
    if (!action || !perform(action)) return;
    event.preventDefault();
    if (withModifier) event.stopPropagation();
  };
  document.addEventListener("keydown", onKeyDown);
  document.addEventListener("keydown", onKeyDown, { capture: true });
  return () => {
    document.removeEventListener("keydown", onKeyDown);
    document.removeEventListener("keydown", onKeyDown, { capture: true });
  };
}

/** In a field, only saving, opening and running are taken from what the field does with the keys. */
function belongsToField(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement;
  const isField = target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
  if (isField && matches("Escape", event)) target.blur();
  if (!isField) return window.getSelection()?.isCollapsed === false && matches("Mod+C", event);
  return !["Mod+S", "Mod+Shift+S", "Mod+O", "Mod+K", "Mod+Shift+Enter"].some((keys) => matches(keys, event));
}

const clipboard = {
  read: () => browserStorage.getItem(clipboardPlace),
  write: (text: string) => {
    try {
      browserStorage.setItem(clipboardPlace, text);
    } catch (error) {
      tellError(error);
    }
  },
};

function tidy(): void {
  const { graph, catalog } = useEditor.getState();
  commit("Tidy up", moveNodes(graph, tidyPositions(graph, catalog)));
  requestAnimationFrame(() => fitAll());
}

function sizeOf(id: string): { width: number; height: number } {
  const { graph, catalog } = useEditor.getState();
  return nodeSize(graph, catalog, id);
}

function inspect(): void {
  requestAnimationFrame(() => {
    const body = document.querySelector(".inspector-body");
    const first =
      body?.querySelector<HTMLElement>("input, select, button") ?? document.querySelector(".inspector button");
    if (first instanceof HTMLElement) first.focus();
  });
}

function search(): void {
  changeSettings({ palette: true });
  requestAnimationFrame(() => document.querySelector<HTMLInputElement>(".palette input")?.focus());
}
