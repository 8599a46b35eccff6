import type { Formatter } from "../formatter.ts";
import { attentionFormatter } from "./attention.ts";
import { blockFormatter } from "./block.ts";
import { callableFormatter } from "./callable.ts";
import { errorFormatter } from "./error.ts";
import { imageFormatter, imagesFormatter } from "./image.ts";
import { jsonFormatter } from "./json.ts";
import { tableFormatter } from "./table.ts";
import { tensorFormatter } from "./tensor.ts";
import { modelFormatter, weightsFormatter } from "./weights.ts";

/** Every formatter; the first that accepts a value shows it. A new one is one file and one line here. */
export const formatters: readonly Formatter[] = [
  tensorFormatter,
  errorFormatter,
  imageFormatter,
  imagesFormatter,
  weightsFormatter,
  modelFormatter,
  blockFormatter,
  attentionFormatter,
  callableFormatter,
  tableFormatter,
  jsonFormatter,
];
