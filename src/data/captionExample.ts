/** A held-out picture with what is true of it. */
export interface CaptionExample {
  /** [imageSize, imageSize, 3] in −1 to 1. */
  pixels: Float32Array;
  /** Ids of the label's words. */
  label: readonly number[];
  /** The subgroup that the label belongs to, where there is one. */
  subgroup?: string;
  /** Labels to choose from, the right one among them. */
  candidates: readonly (readonly number[])[];
  /** Index of the right one. */
  answer: number;
}
