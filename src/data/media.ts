/** An image or a video, as models take it. An image is a video of one frame. */
export interface Media {
  /** [frames, size, size, 3], −1 (black) to 1 (white). */
  readonly pixels: Float32Array;
  readonly frames: number;
  /** Side of the square frames, in pixels. */
  readonly size: number;
}

/** The video that has these frames, in order. */
export function videoOf(frames: readonly Media[]): Media {
  const { size, pixels } = frames[0]!;
  if (frames.length === 1) return frames[0]!;
  const all = new Float32Array(frames.length * pixels.length);
  for (const [at, frame] of frames.entries()) all.set(frame.pixels, at * pixels.length);
  return { pixels: all, frames: frames.length, size };
}
