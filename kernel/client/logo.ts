import { readFile } from "node:fs/promises";

const drawing = new URL("../../editor/client/public/flamingo.svg", import.meta.url);

/** The logos of our kernel that front ends show, by the names under which they lie beside `kernel.json`. */
export const logoNames = ["logo-svg.svg", "logo-32x32.png", "logo-64x64.png"] as const;
export type LogoName = (typeof logoNames)[number];

/** Draws the logo of our kernel: the studio's own mark. */
export async function drawLogo(name: LogoName): Promise<Buffer> {
  const svg = await readFile(drawing);
  if (name === "logo-svg.svg") return svg;
  const size = name === "logo-32x32.png" ? 32 : 64;
  const { default: sharp } = await import("sharp"); // only here: kernels start without it
  return sharp(svg, { density: (72 * size) / 24 })
    .resize(size, size)
    .png()
    .toBuffer();
}
