let heard = false;

/**
 * Whether a front end that draws ipywidgets is there. Those ask for the widgets that are open as soon as they meet a kernel;
 * for others a widget would only leave a line that nobody can use. One that learns of widgets by the first that it is sent
 * cannot be told from those, and goes without: interrupting the cell does the same as the button.
 */
export function showsWidgets(): boolean {
  return heard;
}

/** The names of comms that only a front end with ipywidgets asks for. */
const widgetTargets = ["jupyter.widget", "jupyter.widget.control"];

/** Notes what a front end asked for. */
export function noteCommTarget(target: string | null | undefined): void {
  if (target && widgetTargets.includes(target)) heard = true;
}
