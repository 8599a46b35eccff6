/** What every cell has in scope as `flamingo`, and under which name cells may import it. */
export const preload = {
  module: "flamingo-studio",
  /** Loads it: the library, with TensorFlow.js, takes a second. */
  load: (): Promise<object> => import("./index.ts"),
};
