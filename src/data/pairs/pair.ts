/** An image or a video with the captions that people gave it. */
export interface Pair {
  /** What it is called in messages: `000012 of train.tar`. */
  name: string;
  /** Bytes of an image file, or the path of one or of a folder of frames. */
  image: string | Uint8Array;
  captions: readonly string[];
}
