import { randomUUID } from "node:crypto";
import type { Cell } from "../cell/cell.ts";
import type { Comm } from "../cell/comm.ts";
import { showsWidgets } from "../cell/widgets.ts";

const controls = "@jupyter-widgets/controls";
const base = "@jupyter-widgets/base";

/** The state that every widget has (ipywidgets, model state, version 8; controls 2.0, base 2.0). */
function widgetState(module: string, name: string, view: string | null): Record<string, unknown> {
  return {
    ...{ _model_module: module, _model_module_version: "2.0.0", _model_name: name },
    ...{ _view_module: module, _view_module_version: "2.0.0", _view_name: view },
  };
}

/**
 * A button below a cell that stops what the cell does: an ipywidgets Button, where a front end draws such. Where none does,
 * there is nothing to see, and interrupting the cell does the same.
 */
export class StopButton {
  readonly #cell: Cell;
  readonly #display = randomUUID();
  readonly #comms: Comm[] = [];

  /** @param onPress called once, at the first click */
  constructor(cell: Cell, onPress: () => void) {
    this.#cell = cell;
    if (!showsWidgets()) return;
    const layout = this.#open({ ...widgetState(base, "LayoutModel", "LayoutView"), width: "90px" });
    const style = this.#open({ ...widgetState(controls, "ButtonStyleModel", "StyleView"), _view_module: base });
    const button = this.#open({
      ...widgetState(controls, "ButtonModel", "ButtonView"),
      ...{ description: "Stop", icon: "stop", tooltip: "Stops after this step, with a checkpoint", button_style: "" },
      ...{ disabled: false, layout: `IPY_MODEL_${layout.id}`, style: `IPY_MODEL_${style.id}` },
    });
    let pressed = false;
    button.onMessage(({ data }) => {
      const content = data.content as { event?: string } | undefined;
      if (pressed || data.method !== "custom" || content?.event !== "click") return;
      pressed = true;
      button.send({ data: { method: "update", state: { description: "Stopping", disabled: true }, buffer_paths: [] } });
      onPress();
    });
    const view = { version_major: 2, version_minor: 0, model_id: button.id };
    cell.display(
      { data: { "application/vnd.jupyter.widget-view+json": view, "text/plain": "Stop: interrupt the cell" } },
      this.#display,
    );
  }

  /** Takes it away, also from what is saved. */
  remove(): void {
    if (this.#comms.length === 0) return;
    this.#cell.updateDisplay({ data: { "text/html": "", "text/plain": "" } }, this.#display);
    for (const comm of this.#comms.splice(0)) comm.close();
  }

  #open(state: Record<string, unknown>): Comm {
    const data = { state, buffer_paths: [] };
    const comm = this.#cell.openComm({ target: "jupyter.widget", data, metadata: { version: "2.1.0" } });
    comm.onMessage(({ data }) => {
      if (data.method === "request_state") comm.send({ data: { method: "update", state, buffer_paths: [] } });
    });
    this.#comms.push(comm);
    return comm;
  }
}
