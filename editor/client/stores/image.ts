import { ask } from "./token.ts";

/** Shows an image file of the server's in an element, which cannot ask for it itself: it has no token to show. */
export async function loadImage(image: HTMLImageElement, path: string): Promise<void> {
  const answer = await ask(path);
  if (!answer.ok) throw new Error(`${path} was answered with ${answer.status}`);
  const url = URL.createObjectURL(await answer.blob());
  const free = () => URL.revokeObjectURL(url);
  image.addEventListener("load", free, { once: true });
  image.addEventListener("error", free, { once: true });
  image.src = url;
}
