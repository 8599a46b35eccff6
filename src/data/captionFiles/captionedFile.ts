/** A file with all captions that are given to it. */
export interface CaptionedFile {
  file: string;
  captions: string[];
}
