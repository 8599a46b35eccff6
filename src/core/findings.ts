/** What is found, before a run, of what a node names outside of its pipeline: a folder of images, weights to start from. */
export interface Findings {
  facts: string[];
  warnings: string[];
}
