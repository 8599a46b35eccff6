/** What every cell has in scope as `flamingo`, and under which name cells may import it. */
export const preload = {
  module: "flamingo-studio",
  /** Loads the library with TensorFlow.js, which takes about a second. */
  load: (): Promise<object> => import("./index.ts"),
};
