/** An image or a video, as models take it. An image is a video of one frame. */
export interface Media {
  /** [frames, size, size, 3], −1 (black) to 1 (white). */
  readonly pixels: Float32Array;
  readonly frames: number;
  /** Side of the square frames, in pixels. */
  readonly size: number;
}
