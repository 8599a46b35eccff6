import createPurifier from "dompurify";
import { loadImage } from "../../stores/image.ts";
import { hashOf } from "../../stores/route.ts";
import { jupyterBase } from "../stores/files.ts";
import { decodePart, fileAt } from "./address.ts";

/** Where the text lies, for links that are relative to it. */
export interface Place {
  /** The notebook's path. */
  notebook: string;
}

/** Names the file beside the notebook that an image shows. */
const fileAttribute = "data-notebook-file";

const purifier = createPurifier(window);
let place: Place = { notebook: "" };

purifier.addHook("afterSanitizeAttributes", (element) => {
  if (element.tagName === "A") settleLink(element);
  if (element.tagName === "IMG") settleImage(element);
  if (element.tagName === "image") settleDrawnImage(element);
});

/**
 * Markup of a stranger's as nodes that can do nothing: no script, no form, no frame, nothing loaded from elsewhere.
 * Links open beside the studio; one to another notebook opens it.
 * @param from where the markup was found
 * @param options.styles keep style sheets: only in a shadow root, out of which they do not reach
 */
export function sanitize(html: string, from: Place, options: { styles?: boolean } = {}): DocumentFragment {
  place = from;
  return purifier.sanitize(html, {
    RETURN_DOM_FRAGMENT: true,
    ADD_TAGS: ["semantics", "annotation"], // of MathML, for those who cannot see a formula
    FORBID_TAGS: [
      ...(options.styles ? [] : ["style"]),
      "form",
      "input",
      "button",
      "textarea",
      "select",
      "option",
      "dialog",
      "audio",
      "video",
    ],
    FORCE_BODY: true, // a style sheet at the beginning stays
  });
}

function settleLink(link: Element): void {
  const target = link.getAttribute("href");
  if (target === null || target.startsWith("#")) return;
  const notebook = notebookAt(target);
  if (notebook !== undefined) {
    link.setAttribute("href", hashOf({ page: "notebook", path: notebook }));
    return;
  }
  link.setAttribute("target", "_blank");
  link.setAttribute("rel", "noopener noreferrer");
}

/** An image file beside the notebook is shown. The page loads nothing from elsewhere: an image there is replaced by its text. */
function settleImage(image: Element): void {
  image.removeAttribute(fileAttribute);
  const source = image.getAttribute("src") ?? "";
  if (/^(data:image\/|blob:)/.test(source)) return;
  const file = fileAt(source, place.notebook);
  if (file === undefined) image.replaceWith(image.getAttribute("alt") || "[image]");
  else {
    image.removeAttribute("src"); // the page asks for it, with its token
    image.setAttribute(fileAttribute, file);
  }
}

/** Loads the files that images within show, once they stand in the page. */
export function loadImages(within: ParentNode): void {
  for (const image of within.querySelectorAll<HTMLImageElement>(`img[${fileAttribute}]`))
    void loadImage(image, `${jupyterBase}files/${image.getAttribute(fileAttribute)}`).catch(() => {});
}

/** An image within a drawing is shown where the drawing itself holds it. */
function settleDrawnImage(image: Element): void {
  for (const name of ["href", "xlink:href"])
    if (!/^data:image\//.test(image.getAttribute(name) ?? "")) image.removeAttribute(name);
}

/** The path of the notebook that a relative link leads to. */
function notebookAt(target: string): string | undefined {
  const file = fileAt(target, place.notebook);
  return file?.endsWith(".ipynb") ? decodePart(file) : undefined;
}
