import { z } from "zod";

/** Far beyond any size that a model or a run has; what is larger is a slip, and would never end. */
const mostCounted = 1e9;
/** Of what is made one by one: the largest language models have a few hundred layers and heads. */
const [mostLayers, mostHeads] = [2000, 2000];

/** A configuration field that counts layers. */
export function layerCount(title: string, description: string) {
  return count(title, description, undefined, mostLayers);
}

/** A configuration field that counts heads of attention. */
export function headCount(title: string, description: string) {
  return count(title, description, undefined, mostHeads);
}

/** A configuration field that counts something: an integer above zero, with its title, description and unit. */
export function count(title: string, description: string, unit?: string, most = mostCounted) {
  return z
    .int()
    .positive()
    .max(most)
    .meta({ title, description, ...(unit ? { unit } : {}) });
}
