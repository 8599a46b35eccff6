import { type Catalog, type Listed, makeCatalog } from "../core/catalog.ts";
import type { SourceDefinition } from "../data/source.ts";
import * as sourcesByName from "../data/sources/index.ts";
import { models } from "../models/index.ts";
import type { ActionDefinition } from "./action.ts";
import * as actionsByName from "./actions/index.ts";

const sources = Object.values(sourcesByName) as unknown as readonly SourceDefinition[];
const actions = Object.values(actionsByName) as unknown as readonly ActionDefinition[];

export { findBlock } from "../core/registry.ts";

/** Everything that a pipeline may name, as plain data. */
export const catalog: Catalog = makeCatalog([...sources, ...models, ...actions] as readonly Listed[]);

export function findSource(type: string): SourceDefinition | undefined {
  return sources.find(({ name }) => name === type);
}

export function findAction(type: string): ActionDefinition | undefined {
  return actions.find(({ name }) => name === type);
}
