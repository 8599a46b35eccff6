import { existsSync } from "node:fs";
import { FlamingoError } from "../core/errors.ts";
import type { Media } from "./media.ts";
import { decodeImage, encodePng, toUnit } from "./pixels.ts";

/** A square image as models take it. */
export class Image implements Media {
  /** [size, size, 3] in −1 (black) to 1 (white). */
  readonly pixels: Float32Array;
  readonly frames = 1;
  readonly size: number;
  /** What it shows, where that is known. */
  readonly label: string | undefined;

  constructor(pixels: Float32Array, size: number, label?: string) {
    if (pixels.length !== size * size * 3) {
      throw new FlamingoError("SHAPE_MISMATCH", `an image of side ${size} has ${pixels.length} numbers`, {
        expected: size * size * 3,
        actual: pixels.length,
        fix: "give [size, size, 3] numbers in −1 to 1",
      });
    }
    this.pixels = pixels;
    this.size = size;
    this.label = label;
  }

  /**
   * Reads a PNG, JPEG, WebP, GIF, AVIF or SVG, from its file or its bytes, into a square.
   * @throws FlamingoError NOT_FOUND or CORRUPT_IMAGE, naming the file
   */
  static async read(source: string | Uint8Array, size = 32, label?: string): Promise<Image> {
    try {
      return new Image(toUnit(await decodeImage(source, size)), size, label);
    } catch (error) {
      if (typeof source === "string" && !existsSync(source))
        throw new FlamingoError("NOT_FOUND", `there is no file ${source}`, { source, fix: "check the path" });
      const name = typeof source === "string" ? source : "the image";
      throw new FlamingoError("CORRUPT_IMAGE", `${name} cannot be read as an image: ${(error as Error).message}`, {
        source: name,
        fix: "give a .png, .jpg, .webp or .svg file",
      });
    }
  }

  /** The same image under another label. */
  labelled(label: string): Image {
    return new Image(this.pixels, this.size, label);
  }

  /** As a PNG file. */
  png(): Promise<Uint8Array> {
    return encodePng(this.pixels, this.size);
  }
}
