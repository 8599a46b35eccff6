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
  if (element.tagName === "IMG") settlePicture(element);
  if (element.tagName === "image") settleDrawnPicture(element);
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

/** A picture beside the notebook is shown. The page loads nothing from elsewhere: there, the words for it are. */
function settlePicture(picture: Element): void {
  picture.removeAttribute(fileAttribute);
  const source = picture.getAttribute("src") ?? "";
  if (/^(data:image\/|blob:)/.test(source)) return;
  const file = fileAt(source, place.notebook);
  if (file === undefined) picture.replaceWith(picture.getAttribute("alt") || "[picture]");
  else {
    picture.removeAttribute("src"); // the page asks for it, with its token
    picture.setAttribute(fileAttribute, file);
  }
}

/** Loads the files that images within show, once they stand in the page. */
export function loadPictures(within: ParentNode): void {
  for (const picture of within.querySelectorAll<HTMLImageElement>(`img[${fileAttribute}]`))
    void loadImage(picture, `${jupyterBase}files/${picture.getAttribute(fileAttribute)}`).catch(() => {});
}

/** A picture within a drawing is shown where the drawing itself holds it. */
function settleDrawnPicture(picture: Element): void {
  for (const name of ["href", "xlink:href"])
    if (!/^data:image\//.test(picture.getAttribute(name) ?? "")) picture.removeAttribute(name);
}

/** The path of the notebook that a relative link leads to. */
function notebookAt(target: string): string | undefined {
  const file = fileAt(target, place.notebook);
  return file?.endsWith(".ipynb") ? decodePart(file) : undefined;
}
